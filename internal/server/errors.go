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

// refusal is an error response of the server itself, sent before the API is reached or
// instead of it.
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

// refusalOf maps an error to a response. mapped is false where that is only "internal
// error"; the error itself must then be logged.
func refusalOf(err error) (ref refusal, mapped bool) {
	if errors.Is(err, context.DeadlineExceeded) {
		return refusal{status: http.StatusServiceUnavailable, code: "UNAVAILABLE", message: "this took too long; try again"}, true
	}
	e, ok := errors.AsType[*domain.Error](err)
	if !ok {
		return internalError, false
	}
	ref, ok = refusals[e.Kind]
	if !ok {
		return internalError, false
	}
	ref.message, ref.fields = e.Message, e.Fields
	return ref, true
}

// refusalLogged is refusalOf and logs the error where the status is 5xx, unless the
// client has disconnected.
func refusalLogged(ctx context.Context, log *slog.Logger, what string, err error) refusal {
	ref, _ := refusalOf(err)
	if ref.status >= http.StatusInternalServerError && ctx.Err() == nil {
		log.Log(ctx, store.Level(err), what, "error", domain.Detail(err))
	}
	return ref
}

// retryAfter is the default of Retry-After, in seconds.
const retryAfter = "10"

// wantsPage reports whether a request is a browser's, for a page: it accepts text/html
// by name, which clients of an API don't.
func wantsPage(r *http.Request) bool {
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

// refuse writes an error response: in the form of GraphQL errors, at the paths of the
// JSON API as a problem, and as a page for a browser that requests a path that does not
// exist.
func refuse(w http.ResponseWriter, r *http.Request, ref refusal) {
	if ref.status == http.StatusServiceUnavailable && w.Header().Get("Retry-After") == "" {
		w.Header().Set("Retry-After", retryAfter)
	}
	if rest.Serves(r.URL.Path) {
		var wrong []rest.ParameterError
		for _, f := range ref.fields {
			wrong = append(wrong, rest.ParameterError{Parameter: f.Path, Detail: f.Message})
		}
		rest.Refuse(w, r, ref.status, ref.code, ref.message, wrong...)
		return
	}
	if ref.status == http.StatusNotFound {
		w.Header().Add("Vary", "Accept")
		if wantsPage(r) {
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
	writeJSON(w, r, ref.status, map[string][]graphQLError{
		"errors": {{ref.message, extensions{ref.code, ref.fields, domain.RequestID(r.Context())}}},
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
		_, _ = w.Write(body) // the client may have disconnected
	}
}

// writeJSON writes a value, which must be encodable, as the response.
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
		_, _ = w.Write(body) // the client may have disconnected
	}
}
