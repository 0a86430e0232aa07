package transport

import (
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/99designs/gqlgen/graphql"
)

// Operation names the operation of a request, valid or not, for the log.
type Operation struct {
	// Name is its name, cut where it is very long; empty where it has none.
	Name string
	// Document is the beginning of the SHA-256 of its document, in hexadecimal digits;
	// empty where there is no document.
	Document string
}

const (
	maxOperationName = 100 // bytes
	documentDigits   = 16
)

// recordOperation passes the operation of a request to [Config.OnOperation]. x is nil if
// it is not valid.
func (h *Handler) recordOperation(ctx context.Context, params *graphql.RawParams, x *execution) {
	if h.config.OnOperation == nil {
		return
	}
	o := Operation{}
	if x != nil {
		o.Name = x.operation.Operation.Name
	} else if namePattern.MatchString(params.OperationName) {
		o.Name = params.OperationName // no other text of a client is logged
	}
	if len(o.Name) > maxOperationName {
		o.Name = o.Name[:maxOperationName]
	}
	if params.Query != "" {
		o.Document = documentHash(params.Query)
	}
	CacheDecisionFrom(ctx).setOperation(o)
	h.config.OnOperation(ctx, o)
}

// documentHash returns the beginning of the SHA-256 of a document.
func documentHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:documentDigits/2])
}
