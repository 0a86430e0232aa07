package rest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/domain"
)

// Problem is an RFC 9457 problem response.
type Problem struct {
	Type     string           `json:"type"`     // where it is described
	Title    string           `json:"title"`    // the same for all of the type
	Status   int              `json:"status"`   // of HTTP
	Detail   string           `json:"detail"`   // of this one
	Instance string           `json:"instance"` // "urn:request:" and the id of the request
	Code     string           `json:"code"`     // as in GraphQL's extensions.code
	Errors   []ParameterError `json:"errors,omitempty"`
}

// ParameterError is an error in one parameter.
type ParameterError struct {
	Parameter string `json:"parameter"`
	Detail    string `json:"detail"`
}

// The codes of the problems of this package.
const (
	codeInvalid  = "BAD_USER_INPUT"
	codeNotFound = "NOT_FOUND"
	codeMethod   = "METHOD_NOT_ALLOWED"
	codeInternal = "INTERNAL"
)

type kind struct {
	status       int
	title, about string
}

// kinds are the kinds of problem by code. Any other code is INTERNAL.
var kinds = map[string]kind{
	codeInvalid: {http.StatusBadRequest, "The request is not valid",
		"A parameter is not known, or its value is not one. `errors` names each."},
	"COST_LIMIT": {http.StatusBadRequest, "The request is too expensive",
		"It would cost more than one request may, or the response would be too large. Request smaller pages, or narrow the list."},
	"UNAUTHENTICATED": {http.StatusUnauthorized, "The credential is not valid",
		"The key or token is wrong, expired, revoked, or used from where it may not be. Without one you read what is public."},
	"FORBIDDEN": {http.StatusForbidden, "The credential is not enough",
		"The key or token is known and may not do this, because its scopes leave it out."},
	codeNotFound: {http.StatusNotFound, "There is nothing here",
		"There is no such document or path, or none that you may see."},
	codeMethod: {http.StatusMethodNotAllowed, "The method is not allowed",
		"Everything here is read, with GET or HEAD."},
	"CURSOR_EXPIRED": {http.StatusGone, "The cursor is of an earlier feed",
		"The feed was started again and has no such position. Read it from the beginning, without a cursor, and drop documents that are not in it."},
	"RATE_LIMITED": {http.StatusTooManyRequests, "The rate limit is exceeded",
		"`Retry-After` says after how many seconds the request can be sent again; `RateLimit` in every response says what is left."},
	"UNAVAILABLE": {http.StatusServiceUnavailable, "The service is unavailable",
		"The database does not respond, there are too many requests, or the request took too long. Send the request again after `Retry-After` seconds."},
	codeInternal: {http.StatusInternalServerError, "Internal error",
		"An error of the server. The id in `instance` identifies it in the server's log."},
}

// codes are the codes of problems, by status and name.
func codes() []string {
	return slices.SortedFunc(maps.Keys(kinds), func(a, b string) int {
		if kinds[a].status != kinds[b].status {
			return kinds[a].status - kinds[b].status
		}
		return strings.Compare(a, b)
	})
}

// anchor is the fragment of the HTML page that describes a problem.
func anchor(code string) string {
	return "problem-" + strings.ReplaceAll(strings.ToLower(code), "_", "-")
}

// retryAfter is the default of Retry-After, in seconds.
const retryAfter = "10"

// Refuse writes a problem with a code of GraphQL's errors. status 0 stands for the
// code's own.
func Refuse(w http.ResponseWriter, r *http.Request, status int, code, detail string, wrong ...ParameterError) {
	of, ok := kinds[code]
	if !ok {
		code, detail = codeInternal, "internal error"
		of = kinds[code]
		status = 0
	}
	if status == 0 {
		status = of.status
	}
	body, err := json.Marshal(Problem{
		Type: "/docs#" + anchor(code), Title: of.title, Status: status, Detail: detail,
		Instance: "urn:request:" + domain.RequestID(r.Context()), Code: code, Errors: wrong,
	})
	if err != nil {
		panic(err) // it has strings only
	}
	header := w.Header()
	switch status {
	case http.StatusUnauthorized:
		if header.Get("WWW-Authenticate") == "" {
			header.Set("WWW-Authenticate", `Bearer realm="redthread"`)
		}
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		if header.Get("Retry-After") == "" {
			header.Set("Retry-After", retryAfter)
		}
	case http.StatusMethodNotAllowed:
		if header.Get("Allow") == "" {
			header.Set("Allow", "GET, HEAD")
		}
	}
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Type", "application/problem+json")
	send(w, r, status, append(body, '\n'))
}

// refuseErrors writes GraphQL errors as a problem. values are those of the parameters.
func (a *API) refuseErrors(w http.ResponseWriter, req *http.Request, r *route, values map[string]any, errs gqlerror.List) {
	first := errs[0]
	code, _ := first.Extensions["code"].(string)
	if strings.HasPrefix(code, "GRAPHQL_") {
		code = codeInvalid // the document is valid, so a parameter is not
	}
	if _, known := kinds[code]; !known {
		a.log.ErrorContext(req.Context(), "a query failed with an unknown error code", "query", r.operation, "code", code, "error", first.Message)
	}
	if code != codeInvalid {
		Refuse(w, req, 0, code, first.Message)
		return
	}
	var wrong []ParameterError
	add := func(place, detail string) {
		name := r.parameterAt(place)
		if name == "" {
			return
		}
		// The parameter has no places of its own: a value of several is named itself.
		if list, ok := values[name].([]any); ok && len(list) > 1 {
			if i, err := strconv.Atoi(strings.Trim(lastElement.FindString(place), ".[]")); err == nil && i < len(list) {
				detail = fmt.Sprintf("%q: %s", list[i], detail)
			}
		}
		wrong = append(wrong, ParameterError{name, detail})
	}
	for _, err := range errs {
		fields, _ := err.Extensions["fields"].([]domain.FieldError)
		for _, f := range fields {
			add(strings.TrimPrefix(f.Path, "$"), f.Message) // a variable has the name of its parameter
		}
	}
	detail := first.Message
	if len(wrong) > 0 {
		fields := make([]domain.FieldError, len(wrong))
		for i, p := range wrong {
			fields[i] = domain.FieldError{Path: p.Parameter, Message: p.Detail}
		}
		detail = domain.Summary("the parameters are not valid", fields)
	}
	Refuse(w, req, 0, codeInvalid, detail, wrong...)
}

// send writes a response whose Content-Type is set.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have disconnected
	}
}
