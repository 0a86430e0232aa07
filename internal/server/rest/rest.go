package rest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
)

// Executor executes a query for the viewer of ctx. The errors of its responses have an
// extensions.code.
type Executor interface {
	Execute(ctx context.Context, q transport.Request) transport.Response
}

// API serves the routes at /v1. The requests' contexts must carry a viewer and
// the request's id.
type API struct {
	executor    Executor
	log         *slog.Logger
	schema      *ast.Schema
	routes      []*route
	description func() []byte
}

// New returns the API over an executor. It logs errors of the program that the executor
// has not logged.
func New(executor Executor, log *slog.Logger) *API {
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	routes, err := load(schema)
	if err != nil {
		panic(err) // the documents are constants, and tested
	}
	a := &API{executor: executor, log: log, schema: schema, routes: routes}
	a.description = sync.OnceValue(a.describe)
	return a
}

// Serves reports whether a path is one of the API, whose errors are problems.
func Serves(path string) bool { return path == "/v1" || strings.HasPrefix(path, "/v1/") }

const notFoundDetail = "there is nothing at this path, or nothing that you may see; /docs lists what there is"

// ServeHTTP serves one request.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/v1" || r.URL.Path == "/v1/" {
		a.index(w, r)
		return
	}
	route, slug := a.find(r.URL.EscapedPath())
	if route == nil {
		Refuse(w, r, 0, codeNotFound, notFoundDetail)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		Refuse(w, r, 0, codeMethod, "this path accepts GET and HEAD")
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		Refuse(w, r, 0, codeInvalid, "the query string is not well-formed")
		return
	}
	if route.table != nil {
		w.Header().Add("Vary", "Accept")
	}
	values, wrong := route.parseParameters(query)
	if len(wrong) > 0 {
		Refuse(w, r, 0, codeInvalid, "the parameters are not valid", wrong...)
		return
	}
	variables := route.variablesOf(values)
	if route.isSingle() {
		if !domain.LooksLikeID(slug) {
			variables["slug"] = slug
		} else if id, err := domain.ParseID(slug); err == nil && id.Type().Name() == route.root.Definition.Type.Name() {
			variables["id"] = slug
		} else { // an id of another type, or none
			Refuse(w, r, 0, codeNotFound, notFoundDetail)
			return
		}
	}
	resp := a.executor.Execute(r.Context(), transport.Request{Document: route.document, Operation: route.operation, Variables: variables})
	maps.Copy(w.Header(), resp.Header)
	if len(resp.Errors) > 0 {
		// Also where there is data: the missing part would be taken for absent
		// content.
		a.refuseErrors(w, r, route, values, resp.Errors)
		return
	}
	respond := route.respond
	if route.table != nil {
		respond = route.respondInFormat(formatOf(values, r))
	}
	if err := respond(w, r, slug, query, resp.Data); err != nil {
		panic(fmt.Errorf("rest: the result of %s: %w", route.operation, err))
	}
}

// find returns the route of a path, and the value of {slug} in it.
func (a *API) find(path string) (*route, string) {
	parts := strings.Split(path, "/")
	for _, route := range a.routes {
		pattern := strings.Split(route.path, "/")
		if len(pattern) != len(parts) {
			continue
		}
		slug, matches := "", true
		for i, part := range parts {
			if pattern[i] == "{slug}" {
				var err error
				slug, err = url.PathUnescape(part)
				matches = matches && err == nil && slug != ""
			} else {
				matches = matches && pattern[i] == part
			}
		}
		if matches {
			return route, slug
		}
	}
	return nil, ""
}

// respond writes the response from the data of a GraphQL result.
func (r *route) respond(w http.ResponseWriter, req *http.Request, slug string, query url.Values, data []byte) error {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(data, &top); err != nil {
		return err
	}
	value := top[r.root.Alias]
	if bytes.Equal(value, []byte("null")) {
		Refuse(w, req, 0, codeNotFound, notFoundDetail)
		return nil
	}
	if r.isSingle() {
		var found map[string]json.RawMessage
		if err := json.Unmarshal(value, &found); err != nil {
			return err
		}
		var present string
		if err := json.Unmarshal(found["slug"], &present); err != nil {
			return err
		}
		if present != slug && !domain.LooksLikeID(slug) {
			r.redirect(w, req, present)
			return nil
		}
		if r.resultField != r.root {
			value = found[r.resultField.Alias]
		}
	}
	var body bytes.Buffer
	body.Grow(len(value) + 16)
	if r.isPlainList() {
		body.WriteString(`{"data":`)
	}
	at, err := r.shape.write(&body, value)
	if err != nil {
		return err
	}
	if r.isPlainList() {
		body.WriteByte('}')
	}
	body.WriteByte('\n')
	if r.isList() {
		w.Header()["Link"] = r.links(query, at)
	}
	w.Header().Set("Content-Type", "application/json")
	send(w, req, http.StatusOK, body.Bytes())
	return nil
}

// redirect redirects from a former slug to the present one. The URL is relative to the
// request's, so that it holds behind a proxy with another path.
func (r *route) redirect(w http.ResponseWriter, req *http.Request, slug string) {
	to := url.PathEscape(slug)
	if _, below, ok := strings.Cut(r.path, "{slug}/"); ok {
		to = "../" + to + "/" + below
	}
	if req.URL.RawQuery != "" {
		to += "?" + req.URL.RawQuery
	}
	w.Header().Set("Location", to)
	send(w, req, http.StatusPermanentRedirect, nil)
}

// links are the Link headers of the pages around a page (RFC 8288). Their
// URLs are relative, as in redirect, and keep all other parameters.
func (r *route) links(query url.Values, at cursors) []string {
	size := cmp.Or(query.Get("first"), query.Get("last"), strconv.Itoa(read.DefaultPage))
	to := func(relation, sized, from, cursor string) string {
		q := maps.Clone(query)
		for _, name := range []string{"first", "after", "last", "before"} {
			q.Del(name)
		}
		q.Set(sized, size)
		if cursor != "" {
			q.Set(from, cursor)
		}
		return "<?" + q.Encode() + `>; rel="` + relation + `"`
	}
	links := []string{to("first", "first", "", "")}
	if at.previous != nil {
		links = append(links, to("prev", "last", "before", *at.previous))
	}
	if at.next != nil {
		links = append(links, to("next", "first", "after", *at.next))
	}
	return links
}
