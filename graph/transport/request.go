package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/99designs/gqlgen/graphql"
)

// The parameters of a request.
const (
	paramQuery      = "query"
	paramDocument   = "documentId"
	paramOperation  = "operationName"
	paramVariables  = "variables"
	paramExtensions = "extensions"
)

var paramNames = []string{paramQuery, paramDocument, paramOperation, paramVariables, paramExtensions}

// read reads the parameters from the request. When it succeeds, the body has
// been read to its end.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) (*graphql.RawParams, *refusal) {
	start := graphql.Now()
	var params *graphql.RawParams
	var err error
	if r.Method == http.MethodPost || r.Method == MethodQuery {
		if refused := checkContentType(w, r); refused != nil {
			return nil, refused
		}
		body, refused := readBody(w, r)
		if refused != nil {
			return nil, refused
		}
		if len(body) < largeBody {
			params, err = decodeBody(body)
		} else if params, refused, err = h.decodeLarge(w, r, body); refused != nil {
			return nil, refused
		}
	} else {
		params, err = decodeURL(r)
	}
	if err != nil {
		return nil, &refusal{http.StatusBadRequest, codeInvalid, err.Error()}
	}
	params.Headers = r.Header
	params.ReadTime = graphql.TraceTiming{Start: start, End: graphql.Now()}
	return params, nil
}

// largeBody is the size from which on bodies are decoded a few at a time: the
// largest take ten milliseconds and more. Frontends send a tenth of it.
const largeBody = 16 << 10

// decodeLarge is decodeBody for a large body: it waits until fewer others are decoded.
func (h *Handler) decodeLarge(w http.ResponseWriter, r *http.Request, body []byte) (*graphql.RawParams, *refusal, error) {
	ctx, cancel := context.WithTimeout(r.Context(), h.config.InitTimeout)
	defer cancel()
	select {
	case h.decoding <- struct{}{}:
		defer func() { <-h.decoding }()
		params, err := decodeBody(body)
		return params, nil, err
	case <-ctx.Done():
		w.Header().Set("Retry-After", retryAfter)
		return nil, &refusal{http.StatusServiceUnavailable, codeUnavailable, "too many large requests are being read; try again later"}, nil
	}
}

// checkContentType refuses bodies of any type but JSON in UTF-8: with 415, except that
// a QUERY without a type is malformed and not of a wrong type (RFC 10008, 2).
//
// The other types that a browser's form can send, and a missing one, are those
// that it sends to a foreign origin without asking that first. They are never
// read here, whatever else the request has in its header: so no page can make
// a browser post an operation where CORS doesn't let it, and there is no need
// for a header such as GraphQL-Require-Preflight besides.
func checkContentType(w http.ResponseWriter, r *http.Request) *refusal {
	for _, encoding := range r.Header.Values("Content-Encoding") {
		if encoding = strings.TrimSpace(encoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
			w.Header().Set("Accept-Encoding", "identity")
			return &refusal{http.StatusUnsupportedMediaType, codeMediaType, "a compressed body is not accepted"}
		}
	}
	name, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil && name == typeJSON && isUTF8(parameters["charset"]) && len(r.Header.Values("Content-Type")) == 1 {
		return nil
	}
	if r.Method == MethodQuery && len(r.Header.Values("Content-Type")) == 0 {
		// A client that has followed a redirect sends it without its body.
		return &refusal{http.StatusBadRequest, codeInvalid,
			"a request by QUERY has a body, and the header \"Content-Type: " + typeJSON + "\""}
	}
	if r.Method == http.MethodPost {
		w.Header().Set("Accept-Post", typeJSON)
	}
	return &refusal{http.StatusUnsupportedMediaType, codeMediaType,
		"send the request as JSON in UTF-8, with the header \"Content-Type: " + typeJSON + "\"; forms and plain text are not accepted"}
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	body, err := io.ReadAll(r.Body)
	if err == nil {
		return body, nil
	}
	// The unread rest of the body would be parsed as the next request.
	w.Header().Set("Connection", "close")
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &refusal{http.StatusRequestEntityTooLarge, codeInvalid, fmt.Sprintf("the request is larger than %d bytes", tooLarge.Limit)}
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, &refusal{http.StatusRequestTimeout, codeInvalid, "the body took too long to arrive"}
	}
	return nil, &refusal{http.StatusBadRequest, codeInvalid, "the body cannot be read"}
}

// decodeBody reads the parameters from the JSON of a body, or of a subscribe
// message. The errors are for the client. Members that are no parameters are ignored
// (GraphQL over HTTP, September 2026, Request Parameters).
func decodeBody(body []byte) (*graphql.RawParams, error) {
	all, unknown, err := decodeObject(body, paramNames...)
	if err != nil {
		return nil, fmt.Errorf("the request %w", err)
	}
	params := &graphql.RawParams{}
	var documentID string
	for name, to := range map[string]any{
		paramQuery: &params.Query, paramDocument: &documentID, paramOperation: &params.OperationName,
		paramVariables: &params.Variables, paramExtensions: &params.Extensions,
	} {
		if err := decodeParam(name, all[name], to); err != nil {
			return nil, err
		}
	}
	return complete(params, documentID, unknown)
}

// decodeURL reads the parameters from the URL; others are ignored. An empty value is the
// same as a missing one: for operationName the specification says so, and HTML forms send
// empty values for the others. operationName=null names the operation "null".
func decodeURL(r *http.Request) (*graphql.RawParams, error) {
	if r.ContentLength != 0 {
		return nil, errors.New("a request by GET is in the URL, and not in a body")
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, errors.New("the URL's parameters are not encoded correctly")
	}
	for _, name := range paramNames {
		if len(values[name]) > 1 {
			return nil, fmt.Errorf("%s is given more than once", name)
		}
		if !utf8.ValidString(values.Get(name)) {
			return nil, fmt.Errorf("%s is not UTF-8", name)
		}
	}
	params := &graphql.RawParams{Query: values.Get(paramQuery), OperationName: values.Get(paramOperation)}
	for name, to := range map[string]any{paramVariables: &params.Variables, paramExtensions: &params.Extensions} {
		if err := decodeParam(name, []byte(values.Get(name)), to); err != nil {
			return nil, err
		}
	}
	unknown := slices.DeleteFunc(slices.Collect(maps.Keys(values)), func(name string) bool { return slices.Contains(paramNames, name) })
	return complete(params, values.Get(paramDocument), unknown)
}

// complete adds the id of a persisted document to the extensions, where the
// executor's extensions find it, and refuses a request for nothing. unknown are the
// names of what was ignored, one of which may be a misspelt query.
func complete(params *graphql.RawParams, documentID string, unknown []string) (*graphql.RawParams, error) {
	if params.Query == "" && documentID == "" && params.Extensions["persistedQuery"] == nil {
		if len(unknown) == 0 {
			return nil, errors.New("query is missing")
		}
		return nil, fmt.Errorf("query is missing; a parameter %s is ignored, since there are only %s",
			quotableName(slices.Min(unknown)), strings.Join(paramNames, ", "))
	}
	if documentID != "" {
		if params.Extensions == nil {
			params.Extensions = map[string]any{}
		}
		params.Extensions[paramDocument] = documentID
	}
	return params, nil
}

var namePattern = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]{0,39}$`)

// quotableName is a name in the form in which an error repeats it: only where it is a valid
// GraphQL name, and not too long.
func quotableName(name string) string {
	if namePattern.MatchString(name) {
		return name
	}
	return "of the name that is given"
}

// decodeParam decodes a parameter into the variable that to points to. Null and an
// empty value leave that as it is.
func decodeParam(name string, raw json.RawMessage, to any) error {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	switch to := to.(type) {
	case *string:
		if raw[0] != '"' {
			return fmt.Errorf("%s must be a string, and is %s", name, kind(raw))
		}
		if json.Unmarshal(raw, to) != nil {
			return fmt.Errorf("%s is not a string in JSON", name)
		}
	case *map[string]any:
		if raw[0] != '{' {
			return fmt.Errorf("%s must be an object, and is %s", name, kind(raw))
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.UseNumber() // a float64 has no room for our longs
		if err := dec.Decode(to); err != nil {
			return fmt.Errorf("%s is not JSON", name)
		}
		if _, err := dec.Token(); !errors.Is(err, io.EOF) {
			return fmt.Errorf("%s goes on after its end", name)
		}
	}
	return nil
}

// kind describes the type of a JSON value.
func kind(raw []byte) string {
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return "a number"
	}
	return "no JSON"
}

// decodeObject reads the known members of a JSON object, or all members where no names
// are given. None that it returns may be repeated: of two, one program reads the first and
// another the last. unknown are the names of the others, whose values must be JSON. The
// errors are texts that follow "the request".
func decodeObject(body []byte, known ...string) (members map[string]json.RawMessage, unknown []string, err error) {
	if !utf8.Valid(body) {
		return nil, nil, errors.New("is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	notJSON := func() error { return fmt.Errorf("is not JSON: see byte %d", dec.InputOffset()) }
	switch open, err := dec.Token(); {
	case errors.Is(err, io.EOF):
		return nil, nil, errors.New("is empty")
	case err != nil:
		return nil, nil, notJSON()
	case open == json.Delim('['):
		return nil, nil, errors.New("is a list: batches are not supported")
	case open != json.Delim('{'):
		return nil, nil, errors.New("must be a JSON object")
	}
	members = map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, notJSON()
		}
		name, _ := key.(string) // the decoder takes nothing else
		if _, twice := members[name]; twice {
			return nil, nil, fmt.Errorf("has the member %s twice", quotableName(name))
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, nil, notJSON()
		}
		if len(known) > 0 && !slices.Contains(known, name) {
			unknown = append(unknown, name)
			continue
		}
		members[name] = value
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, notJSON()
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("goes on after its end")
	}
	return members, unknown, nil
}
