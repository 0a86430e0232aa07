package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// The codes of the errors of this package.
const (
	codeInvalid       = "BAD_USER_INPUT"
	codeMethod        = "METHOD_NOT_ALLOWED"
	codeNotAcceptable = "NOT_ACCEPTABLE"
	codeMediaType     = "UNSUPPORTED_MEDIA_TYPE"
	codeForbidden     = "FORBIDDEN"
	codeConflict      = "CONFLICT"
	codeRateLimited   = "RATE_LIMITED"
	codeUnavailable   = "UNAVAILABLE"
	codeInternal      = "INTERNAL"
)

// statuses are the HTTP statuses of responses without data, by extensions.code.
// They are about the client or the server, and proxies act on them; so they are the
// same for both media types. All other codes are about the document: see status.
var statuses = map[string]int{
	"UNAUTHENTICATED": http.StatusUnauthorized,
	codeForbidden:     http.StatusForbidden,
	codeRateLimited:   http.StatusTooManyRequests,
	codeInternal:      http.StatusInternalServerError,
	codeUnavailable:   http.StatusServiceUnavailable,
}

// StatusPartialSuccess is the HTTP status of a response with data, if only null, and with
// errors (GraphQL over HTTP, September 2026, application/graphql-response+json, Status Codes).
const StatusPartialSuccess = 294

// statusOf is the HTTP status of a response over HTTP: that of status, except that
// data with errors is [Config.PartialStatus] as application/graphql-response+json.
// application/json keeps 200, because its clients may know no other.
func (h *Handler) statusOf(media string, resp *graphql.Response) int {
	if media == typeResponse && len(resp.Data) > 0 && len(resp.Errors) > 0 {
		return h.config.PartialStatus
	}
	return status(media, resp)
}

// status is the HTTP status of a response, without a distinction between data with and
// without errors: 200 where there is data, if only null, since the operation has run.
//
// Where there is none, application/json has 200 all the same, because its
// clients take another status for an error of a proxy. Among these errors is
// PERSISTED_QUERY_NOT_FOUND, on which clients send the query along; they
// understand it with either status.
func status(media string, resp *graphql.Response) int {
	if len(resp.Data) > 0 {
		return http.StatusOK
	}
	for _, err := range resp.Errors {
		code, _ := err.Extensions["code"].(string)
		if known, ok := statuses[code]; ok {
			return known
		}
	}
	if media == typeJSON {
		return http.StatusOK
	}
	return http.StatusBadRequest
}

// encode returns the JSON of a response. The member "data" is missing where there
// is no data, as opposed to null. Where the data is not JSON, because a scalar
// wrote something else, it encodes and returns an error response instead.
func (h *Handler) encode(ctx context.Context, resp *graphql.Response) ([]byte, *graphql.Response) {
	if a := partsOf(ctx); a != nil && a.isBodyOf(resp) {
		if body, err := finish(a.body, resp); err == nil {
			return body, resp
		}
	}
	body, err := encode(resp)
	if err != nil {
		resp = h.recovered(ctx, err)
		body, err = encode(resp)
	}
	if err != nil {
		resp = failure(ctx, codeInternal, "internal error")
		body, _ = encode(resp) // it has strings only
	}
	return body, resp
}

var errNotJSON = errors.New("the data is not JSON")

// encode returns the JSON of a response. It copies the data as it is, because that is
// most of a response and encoding it again takes time.
func encode(resp *graphql.Response) ([]byte, error) {
	data := []byte(resp.Data)
	if len(data) > 0 && !json.Valid(data) {
		return nil, errNotJSON
	}
	if bytes.IndexByte(data, '\n') >= 0 {
		// An event of a stream has one line.
		var line bytes.Buffer
		if err := json.Compact(&line, data); err != nil {
			return nil, err
		}
		data = line.Bytes()
	}
	body := make([]byte, 0, len(data)+256)
	if len(resp.Errors) > 0 {
		list, err := json.Marshal(resp.Errors)
		if err != nil {
			return nil, err
		}
		body = appendMember(body, "errors", list)
	}
	if len(data) > 0 {
		body = appendMember(body, "data", data)
	}
	return finish(body, resp)
}

// finish completes the JSON of a response, which has all members but the extensions.
func finish(body []byte, resp *graphql.Response) ([]byte, error) {
	if len(resp.Extensions) > 0 {
		extensions, err := json.Marshal(resp.Extensions)
		if err != nil {
			return nil, err
		}
		body = appendMember(body, "extensions", extensions)
	}
	if len(body) == 0 {
		return []byte("{}"), nil
	}
	return append(body, '}'), nil
}

// appendMember appends a member to an object; the first one begins it.
func appendMember(body []byte, name string, value []byte) []byte {
	separator := byte(',')
	if len(body) == 0 {
		separator = '{'
	}
	body = append(append(append(body, separator, '"'), name...), `":`...)
	return append(body, value...)
}

// dataPrefix begins the JSON of a response without errors.
const dataPrefix = `{"data":`

// NewBody returns the beginning of the body of a response, to which its data is appended:
// JSON without line breaks. The capacity is about size.
func NewBody(size int) []byte {
	return append(make([]byte, 0, len(dataPrefix)+size+256), dataPrefix...)
}

// Data returns the data of a body that [NewBody] began. The response of the request of
// ctx takes the body as it is, if it has the data and no errors; the body must not be
// used any more.
func Data(ctx context.Context, body []byte) json.RawMessage {
	if a := partsOf(ctx); a != nil {
		a.body = body
	}
	return body[len(dataPrefix):]
}

// isBodyOf reports whether the body has the data of a response.
func (a *parts) isBodyOf(resp *graphql.Response) bool {
	return len(a.body) > len(dataPrefix) && len(resp.Errors) == 0 && len(resp.Data) == len(a.body)-len(dataPrefix) &&
		&resp.Data[0] == &a.body[len(dataPrefix)]
}

// writeResponse writes a single response. ctx is that of the operation's [Header].
func (h *Handler) writeResponse(ctx context.Context, w http.ResponseWriter, r *http.Request, accepts accepted, header http.Header, resp *graphql.Response) {
	body, resp := h.encode(ctx, resp)
	h.writeEncoded(w, r, accepts, header, resp, body)
}

// writeEncoded writes a single response, which is encoded as body.
func (h *Handler) writeEncoded(w http.ResponseWriter, r *http.Request, accepts accepted, header http.Header, resp *graphql.Response, body []byte) {
	resp, body, release := h.reserveUnsent(r.Context(), resp, body)
	defer release()
	CacheDecisionFrom(r.Context()).operationDone(len(resp.Errors) == 0 && len(resp.Data) > 0)
	putHeader(w, header)
	code := h.statusOf(accepts.single, resp)
	if code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	if len(body) >= largeResponse {
		// The server's own limit leaves time for the operation as well. Where
		// none can be set, as in tests, there is none.
		s := eventWriter{w: w, control: http.NewResponseController(w)}
		_ = s.control.SetWriteDeadline(time.Now().Add(h.config.WriteTimeout + h.config.WriteTimeout/10*time.Duration(len(body)>>20)))
		defer s.resetDeadline(r)
	}
	write(w, r, accepts.single, code, body)
}

func write(w http.ResponseWriter, r *http.Request, media string, status int, body []byte) {
	header := w.Header()
	header.Set("Content-Type", media+"; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if status == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
		header.Set("WWW-Authenticate", "Bearer")
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have disconnected
	}
}

// refusal is an error response to a request that doesn't reach the executor.
type refusal struct {
	status  int
	code    string
	message string
}

func refuse(w http.ResponseWriter, r *http.Request, accepts accepted, refused *refusal) {
	media := accepts.single
	if media == "" {
		media = typeJSON // a body that the client may understand
	}
	body, _ := encode(failure(r.Context(), refused.code, refused.message)) // it has strings only
	write(w, r, media, refused.status, body)
}

// failure is a response that is one error of this package.
func failure(ctx context.Context, code, message string) *graphql.Response {
	extensions := map[string]any{"code": code}
	if id := domain.RequestID(ctx); id != "" {
		extensions["requestId"] = id
	}
	return &graphql.Response{Errors: gqlerror.List{{Message: message, Extensions: extensions}}}
}
