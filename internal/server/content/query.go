package content

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// Executor executes GraphQL queries for the viewer of the context, within the viewer's
// limits.
type Executor interface {
	Execute(ctx context.Context, q transport.Request) transport.Response
}

// Refusal is an error response.
type Refusal struct {
	Status  int
	Code    string
	Message string
	header  http.Header
}

func (r *Refusal) Error() string { return r.Message }

// ErrNotFound is the error for what does not exist, and for what the viewer may not see.
var ErrNotFound = &Refusal{Status: http.StatusNotFound, Code: "NOT_FOUND", Message: "there is nothing at this address"}

// BadRequest returns the error for a parameter that is wrong.
func BadRequest(format string, args ...any) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Code: "BAD_USER_INPUT", Message: fmt.Sprintf(format, args...)}
}

// statuses are the HTTP statuses of the error codes that a query can return. Any other
// code is a bug.
var statuses = map[string]int{
	"INTERNAL":   http.StatusInternalServerError, // already logged by the executor
	"COST_LIMIT": http.StatusBadRequest, "RATE_LIMITED": http.StatusTooManyRequests,
	"UNAVAILABLE": http.StatusServiceUnavailable, "UNAUTHENTICATED": http.StatusUnauthorized, "FORBIDDEN": http.StatusForbidden,
}

// StatusOf returns the HTTP status for an error of a query, as pages give it. A code that is not known is of a request that is not
// valid; an error without a code is a fault of the program.
func StatusOf(err *gqlerror.Error) int {
	code, ok := err.Extensions["code"].(string)
	if !ok {
		return http.StatusInternalServerError
	}
	return cmp.Or(statuses[code], http.StatusBadRequest)
}

// CopyHeader adds the header of the response to a query to that of a page; without the marking where there are errors, which
// contain no content.
func CopyHeader(w http.ResponseWriter, resp transport.Response) {
	maps.Copy(w.Header(), resp.Header)
	if len(resp.Errors) > 0 {
		w.Header().Del(graph.MarkingHeader)
	}
}

// Runner executes the queries of one request, and tracks the highest marking of their
// results.
type Runner struct {
	executor Executor
	document string
	marking  domain.Marking
}

// NewRunner returns a runner of the operations of a document.
func NewRunner(executor Executor, document string) *Runner {
	return &Runner{executor: executor, document: document}
}

// Execute executes an operation of the document and decodes its data into out. A variable
// after is the cursor of a list.
func (t *Runner) Execute(ctx context.Context, operation string, variables map[string]any, out any) error {
	resp := t.executor.Execute(ctx, transport.Request{Document: t.document, Operation: operation, Variables: variables})
	if len(resp.Errors) > 0 {
		first := resp.Errors[0]
		code, _ := first.Extensions["code"].(string)
		if code == "BAD_USER_INPUT" {
			if _, paged := variables["after"]; paged {
				return BadRequest("after: this is not the cursor of a page of this list")
			}
			return ErrNotFound // no document has such a slug
		}
		status, known := statuses[code]
		if !known {
			return fmt.Errorf("execute %s: %s (%s)", operation, first.Message, code)
		}
		return &Refusal{Status: status, Code: code, Message: first.Message, header: resp.Header}
	}
	t.marking = max(t.marking, markingOf(resp.Header))
	if err := json.Unmarshal(resp.Data, out); err != nil {
		return fmt.Errorf("decode the result of %s: %w", operation, err)
	}
	return nil
}

const markingPrefix = "TLP:"

// markingOf reads the marking of a result from its header. Without a valid one it
// returns the highest.
func markingOf(header http.Header) domain.Marking {
	label := strings.TrimPrefix(header.Get(graph.MarkingHeader), markingPrefix)
	m, ok := domain.ParseMarking(strings.ReplaceAll(label, "+", "_"))
	if !ok {
		return domain.Red
	}
	return m
}
