package server

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/page"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
)

// refusal is an answer of the server itself: an error before the API is
// reached, or instead of it.
type refusal struct {
	status  int
	code    string
	message string
	fields  []domain.FieldError
}

// refusals maps the kinds of domain error to HTTP.
var refusals = map[domain.Kind]refusal{
	domain.KindInvalid:         {status: http.StatusBadRequest, code: "BAD_USER_INPUT"},
	domain.KindUnauthenticated: {status: http.StatusUnauthorized, code: "UNAUTHENTICATED"},
	domain.KindForbidden:       {status: http.StatusForbidden, code: "FORBIDDEN"},
	domain.KindNotFound:        {status: http.StatusNotFound, code: "NOT_FOUND"},
	domain.KindConflict:        {status: http.StatusConflict, code: "CONFLICT"},
	domain.KindUnavailable:     {status: http.StatusServiceUnavailable, code: "UNAVAILABLE"},
	domain.KindGone:            {status: http.StatusGone, code: "CURSOR_EXPIRED"},
}

var internalError = refusal{status: http.StatusInternalServerError, code: "INTERNAL", message: "internal error"}

// refusalOf is what a client is told of an error. mapped is false where that
// is only "internal error", and the error itself belongs in the log.
func refusalOf(err error) (answer refusal, mapped bool) {
	if errors.Is(err, context.DeadlineExceeded) {
		return refusal{status: http.StatusServiceUnavailable, code: "UNAVAILABLE", message: "this took too long; try again"}, true
	}
	e, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return internalError, false
	}
	answer, ok = refusals[e.Kind]
	if !ok {
		return internalError, false
	}
	answer.message, answer.fields = e.Message, e.Fields
	return answer, true
}

// refusalLogged is refusalOf, and leaves the cause of what is no fault of the
// client's in the log, unless the client has gone.
func refusalLogged(ctx context.Context, log *slog.Logger, what string, err error) refusal {
	answer, _ := refusalOf(err)
	if answer.status >= http.StatusInternalServerError && ctx.Err() == nil {
		log.Log(ctx, store.Level(err), what, "error", domain.Detail(err))
	}
	return answer
}

// retryAfter is when to come again where nothing else says so, in seconds.
const retryAfter = "10"

// forPeople reports whether a request is a browser's, for a page: it accepts
// text/html by name, as no client of an API does.
func forPeople(r *http.Request) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for accepted := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		media, parameters, err := mime.ParseMediaType(strings.TrimSpace(accepted))
		if q, weighed := parameters["q"]; err == nil && media == "text/html" && (!weighed || strings.Trim(q, "0.") != "") {
			return true
		}
	}
	return false
}

// refuse answers in GraphQL's shape; at the paths of JSON, with a problem; to a
// browser that looks for what is not there, with a page.
func refuse(w http.ResponseWriter, r *http.Request, answer refusal) {
	if answer.status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	if rest.Serves(r.URL.Path) {
		var wrong []rest.ParameterError
		for _, f := range answer.fields {
			wrong = append(wrong, rest.ParameterError{Parameter: f.Path, Detail: f.Message})
		}
		rest.Refuse(w, r, answer.status, answer.code, answer.message, wrong...)
		return
	}
	if answer.status == http.StatusNotFound {
		w.Header().Add("Vary", "Accept")
		if forPeople(r) {
			writeMissing(w, r)
			return
		}
	}
	type extensions struct {
		Code      string              `json:"code"`
		Fields    []domain.FieldError `json:"fields,omitempty"`
		RequestID string              `json:"requestId,omitempty"`
	}
	type graphQLError struct {
		Message    string     `json:"message"`
		Extensions extensions `json:"extensions"`
	}
	writeJSON(w, r, answer.status, map[string][]graphQLError{
		"errors": {{answer.message, extensions{answer.code, answer.fields, domain.RequestID(r.Context())}}},
	})
}

func writeMissing(w http.ResponseWriter, r *http.Request) {
	body, policy := page.Missing(r.URL.EscapedPath())
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", policy)
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(http.StatusNotFound)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have gone
	}
}

// writeJSON answers with a value that can be encoded.
func writeJSON(w http.ResponseWriter, r *http.Request, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // all callers pass plain structs
	}
	body = append(body, '\n')
	header := w.Header()
	header.Set("Content-Type", "application/json; charset=utf-8")
	if r.URL.Path == "/graphql" && strings.Contains(r.Header.Get("Accept"), "application/graphql-response+json") {
		header.Set("Content-Type", "application/graphql-response+json; charset=utf-8")
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have gone
	}
}
