package conformance

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// mostBody is how much of a response is read.
const mostBody = 8 << 20

// target is the server under test and what its schema has.
type target struct {
	client *http.Client
	url    string
	header http.Header
	schema schema
	echo   map[string]Echo
	get    bool // it takes GET
}

// accept is the Accept of cases that are not about HTTP.
const accept = "application/graphql-response+json, application/json;q=0.9"

// acceptStream is the Accept of cases of subscriptions.
const acceptStream = accept + ", text/event-stream;q=0.5"

// newTarget asks a server for its schema.
func newTarget(ctx context.Context, c Config) (*target, error) {
	t := &target{client: c.Client, url: c.URL, header: c.Header, echo: c.Echo}
	r, err := t.post(ctx, `{ __type(name: "__Type") { fields { name } } }`, "", "")
	if err != nil {
		return nil, err
	}
	var meta struct {
		Type struct{ Fields []struct{ Name string } }
	}
	if err := readData(r, map[string]any{"__type": &meta.Type}); err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	oneOf := ""
	if slices.ContainsFunc(meta.Type.Fields, func(f struct{ Name string }) bool { return f.Name == "isOneOf" }) {
		oneOf = "isOneOf"
	}
	r, err = t.post(ctx, strings.ReplaceAll(introspection, "ONEOF", oneOf), "", "")
	if err != nil {
		return nil, err
	}
	if err := readData(r, map[string]any{"__schema": &t.schema}); err != nil {
		return nil, fmt.Errorf("introspection: %w", err)
	}
	if t.schema.QueryType == nil {
		return nil, errors.New("introspection: the schema has no query type")
	}
	r, err = t.send(ctx, Request{Method: http.MethodGet, Query: "query=" + url.QueryEscape("{ __typename }"), Header: []string{"Accept", accept}})
	if err != nil {
		return nil, err
	}
	t.get = r.Status == http.StatusOK
	return t, nil
}

// readData reads entries of the data of a response that must have no errors.
func readData(r *Response, into map[string]any) error {
	if r.Malformed != nil || len(r.Errors) > 0 {
		return r.errorf("want data without errors")
	}
	for name, v := range into {
		raw, ok := at(r.Data, []any{name})
		if !ok {
			return r.errorf("want %s in the data", name)
		}
		if err := json.Unmarshal(raw, v); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// post sends a document in JSON. Variables are JSON.
func (t *target) post(ctx context.Context, document, operation, variables string) (*Response, error) {
	body := map[string]any{"query": document}
	if operation != "" {
		body["operationName"] = operation
	}
	if variables != "" {
		body["variables"] = json.RawMessage(variables)
	}
	var out bytes.Buffer
	accept := accept
	if strings.Contains(document, "subscription") {
		accept = acceptStream
	}
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return nil, err
	}
	return t.send(ctx, Request{Method: http.MethodPost, Body: out.String(),
		Header: []string{"Content-Type", "application/json", "Accept", accept}})
}

// send sends a request and reads the response.
func (t *target) send(ctx context.Context, q Request) (*Response, error) {
	address := t.url
	if q.Query != "" {
		address += "?" + q.Query
	}
	var body io.Reader
	if q.Body != "" {
		body = strings.NewReader(q.Body)
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, address, body)
	if err != nil {
		return nil, err
	}
	for name, values := range t.header {
		r.Header[name] = values
	}
	for i := 0; i+1 < len(q.Header); i += 2 {
		r.Header.Set(q.Header[i], q.Header[i+1])
	}
	res, err := t.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }() // the body is read, or its error returned
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	read := func() ([]byte, error) { return io.ReadAll(io.LimitReader(res.Body, mostBody)) }
	if media == "text/event-stream" {
		read = func() ([]byte, error) { return firstEvent(res.Body) }
	}
	text, err := read()
	if err != nil {
		return nil, err
	}
	out := &Response{Status: res.StatusCode, Media: media, Header: res.Header, Body: text}
	out.read()
	return out, nil
}

// named puts the names of the root types and a field of the subscription
// type into a text.
func (t *target) named(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	head, tail := t.schema.event()
	text = strings.NewReplacer("%event%", head, "%selection%", tail).Replace(text)
	for token, root := range map[string]*named{
		"%Query%": t.schema.QueryType, "%Mutation%": t.schema.MutationType, "%Subscription%": t.schema.SubscriptionType,
	} {
		if root != nil {
			text = strings.ReplaceAll(text, token, root.Name)
		}
	}
	return text
}

// unmet returns the first need that the server does not meet, or "".
func (t *target) unmet(needs []string) string {
	for _, need := range needs {
		met := false
		switch need {
		case NeedsMutation:
			met = t.schema.MutationType != nil
		case NeedsSubscription:
			met = t.schema.SubscriptionType != nil
		case NeedsGET:
			met = t.get
		default:
			met = t.schema.has(need)
		}
		if !met {
			return need
		}
	}
	return ""
}

// opened is how long a stream may take for its first event. A document that is refused
// is answered at once.
const opened = 5 * time.Second

// firstEvent reads the data of the first event of a stream. It is the whole response of a
// request that is refused; the stream of one that is executed need not have any event.
func firstEvent(body io.ReadCloser) ([]byte, error) {
	var late atomic.Bool
	timer := time.AfterFunc(opened, func() {
		late.Store(true)
		_ = body.Close() // which ends the read below
	})
	defer timer.Stop()
	lines := bufio.NewScanner(io.LimitReader(body, mostBody))
	lines.Buffer(nil, mostBody)
	for lines.Scan() {
		if data, ok := strings.CutPrefix(lines.Text(), "data:"); ok && strings.TrimSpace(data) != "" {
			return []byte(strings.TrimSpace(data)), nil
		}
	}
	if late.Load() {
		return nil, errors.New("the server opened a stream of events")
	}
	return nil, lines.Err()
}
