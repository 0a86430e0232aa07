package transport

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/redthread-api/redthread/internal/idempotency"
)

const (
	// idempotencyHeader is the header field with the idempotency key of a mutation, of an
	// Internet-Draft of the IETF's HTTPAPI working group.
	idempotencyHeader = "Idempotency-Key"
	// replayedHeader marks a response that was stored for an earlier request.
	replayedHeader = "Idempotency-Replayed"
	// markingHeader is stored with a response, which shows as much as it did.
	markingHeader = "Tlp"
)

// fingerprint returns the SHA-256 of the parameters of a request with an idempotency key,
// whatever the order of their members. It returns the zero value for other requests.
func (h *Handler) fingerprint(r *http.Request, params *graphql.RawParams) [sha256.Size]byte {
	if h.config.Idempotency == nil || len(r.Header[idempotencyHeader]) == 0 {
		return [sha256.Size]byte{}
	}
	all, err := json.Marshal([]any{params.Query, params.OperationName, params.Variables, params.Extensions})
	if err != nil {
		panic(err) // it was decoded from JSON
	}
	return sha256.Sum256(all)
}

// executeOnce serves a valid mutation with an idempotency key: by the stored response to
// the same request, or by running it and storing its response.
func (h *Handler) executeOnce(w http.ResponseWriter, r *http.Request, accepts accepted, header http.Header, x *execution, request [sha256.Size]byte) {
	CacheDecisionFrom(r.Context()).Deny() // requests with the same body don't wait for this one
	if accepts.preferStream || accepts.single == "" {
		refuse(w, r, accepted{}, &refusal{http.StatusNotAcceptable, codeNotAcceptable,
			"the response to a mutation with the header " + idempotencyHeader + " is no stream: accept " + typeResponse + " or " + typeJSON})
		return
	}
	keys := r.Header[idempotencyHeader]
	if err := idempotency.Check(keys[0]); err != nil || len(keys) > 1 {
		if err == nil {
			err = errors.New("want one, not several")
		}
		refuse(w, r, accepts, &refusal{http.StatusBadRequest, codeInvalid, "the header " + idempotencyHeader + ": " + err.Error()})
		return
	}
	ctx, claim, stored, err := h.config.Idempotency.Begin(x.ctx, keys[0], request)
	switch refused, ok := errors.AsType[*idempotency.Error](err); {
	case ok:
		putHeader(w, header)
		refuseKey(w, r, accepts, refused)
	case err != nil:
		h.writeResponse(ctx, w, r, accepts, header, h.presented(x.ctx, err))
	case stored != nil:
		putHeader(w, header)
		w.Header().Set(replayedHeader, "true")
		if stored.Marking != "" {
			w.Header().Set(markingHeader, stored.Marking)
		}
		write(w, r, stored.MediaType, stored.Status, stored.Body)
	default:
		x.ctx = ctx
		body, resp := h.encode(r.Context(), x.next())
		if claim != nil {
			claim.Finish(idempotency.Response{Status: h.statusOf(accepts.single, resp), MediaType: accepts.single, Marking: header.Get(markingHeader), Body: body})
		}
		h.writeEncoded(w, r, accepts, header, resp, body)
	}
}

// refuseKey refuses a request whose idempotency key cannot be used for it.
func refuseKey(w http.ResponseWriter, r *http.Request, accepts accepted, refused *idempotency.Error) {
	if refused.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(refused.RetryAfter/time.Second)))
	}
	if refused.TooMany {
		refuse(w, r, accepts, &refusal{http.StatusTooManyRequests, codeRateLimited, refused.Message})
		return
	}
	refuse(w, r, accepts, &refusal{http.StatusConflict, codeConflict, refused.Message})
}
