package pictures

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
	"github.com/redthread-api/redthread/internal/server/content"
)

// Config says what a [Handler] needs.
type Config struct {
	Executor content.Executor
	Log      *slog.Logger
	// Refuse writes an error response. The paths of fields are parameters.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string, fields ...domain.FieldError)
}

// drawing is a picture, or a file.
type drawing struct {
	path, mediaType string
	parameters      []string
	arguments       map[string]string // the parameters whose values go to arguments and fields of other names
	document        string
	query           func(p *parameters) string // the document for a request; nil for document itself
	variables       func(p *parameters) map[string]any
	draw            func(ctx context.Context, data []byte, p *parameters) ([]byte, error)
}

// drawings returns all that is served.
func drawings() []drawing {
	return append(append(networks(), ownershipChart()), overTime()...)
}

// Paths returns the paths that are served.
func Paths() []string {
	var paths []string
	for _, d := range drawings() {
		paths = append(paths, d.path)
	}
	return paths
}

// Handler serves the pictures for GET and HEAD; the caller refuses other methods.
func Handler(c Config) http.Handler {
	mux := http.NewServeMux()
	for _, d := range drawings() {
		mux.Handle(d.path, &handler{c, d})
	}
	return mux
}

type handler struct {
	Config
	drawing
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p := readParameters(r.URL.Query(), h.parameters)
	variables := h.variables(p)
	if p.problems.Len() > 0 {
		h.checkOthers(r.Context(), p)
		h.refuse(w, r, p)
		return
	}
	resp := h.execute(r.Context(), p, variables)
	content.CopyHeader(w, resp)
	if len(resp.Errors) > 0 {
		h.addErrors(p, resp.Errors)
		if !h.refuse(w, r, p) {
			code, _ := resp.Errors[0].Extensions["code"].(string)
			h.Refuse(w, r, content.StatusOf(resp.Errors[0]), code, resp.Errors[0].Message)
		}
		return
	}
	body, err := h.draw(r.Context(), resp.Data, p)
	if h.refuse(w, r, p) {
		return
	}
	switch {
	case err == errNothing:
		h.Refuse(w, r, http.StatusNotFound, "NOT_FOUND", "there is no such entity")
		return
	case err != nil && r.Context().Err() != nil:
		h.Refuse(w, r, http.StatusServiceUnavailable, "UNAVAILABLE", "drawing it took too long")
		return
	case err != nil:
		h.Log.ErrorContext(r.Context(), "draw a picture", "path", h.path, "error", err)
		h.Refuse(w, r, http.StatusInternalServerError, "INTERNAL", "internal error")
		return
	}
	header := w.Header()
	header.Set("Content-Type", h.mediaType)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	// A picture that is opened by itself runs nothing and loads nothing.
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-top-navigation-by-user-activation allow-popups")
	header.Set("Cross-Origin-Resource-Policy", "cross-origin")
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have disconnected
	}
}

// execute runs the query for a request.
func (h *handler) execute(ctx context.Context, p *parameters, variables map[string]any) transport.Response {
	document := h.document
	if h.query != nil {
		document = h.query(p)
	}
	return h.Executor.Execute(ctx, transport.Request{Document: document, Variables: variables})
}

// checkOthers adds what is wrong with the parameters that can be read where others cannot be: only the query knows whether there
// are such entities, and its limits. The query runs without those that cannot be read.
func (h *handler) checkOthers(ctx context.Context, p *parameters) {
	values, wrong := maps.Clone(p.values), map[string]bool{}
	for _, f := range p.problems.List() {
		wrong[f.Path] = true
		delete(values, f.Path)
	}
	others := readParameters(values, h.parameters)
	variables := h.variables(others)
	if others.problems.Len() == 0 {
		resp := h.execute(ctx, others, variables)
		h.addErrors(others, resp.Errors)
		if len(resp.Errors) == 0 {
			// What the query finds nothing for is wrong as well.
			if _, err := h.draw(ctx, resp.Data, others); err == errNothing {
				others.problems.Add("of", "there is no such entity")
			}
		}
	}
	for _, f := range others.problems.List() {
		if !wrong[f.Path] {
			p.problems.Add(f.Path, "%s", f.Message)
		}
	}
}

// refuse writes an error response with all problems of the parameters, and reports whether there are any.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, p *parameters) bool {
	fields := p.problems.List()
	if len(fields) == 0 {
		return false
	}
	sort.SliceStable(fields, func(i, j int) bool {
		return slices.Index(h.parameters, fields[i].Path) < slices.Index(h.parameters, fields[j].Path)
	})
	h.Refuse(w, r, http.StatusBadRequest, "BAD_USER_INPUT", domain.Summary("the parameters are not right", fields), fields...)
	return true
}

// addErrors adds what the errors of a query say of its arguments to the problems of the parameters that these came from.
func (h *handler) addErrors(p *parameters, errs gqlerror.List) {
	for _, err := range errs {
		fields, _ := err.Extensions["fields"].([]domain.FieldError)
		for _, f := range fields {
			name, message := "", f.Message
			for _, part := range elements.Split(strings.TrimPrefix(f.Path, "$"), -1) {
				if i, err := strconv.Atoi(part); err == nil && slices.Contains(lists, name) && i < len(p.given(name)) {
					message = fmt.Sprintf("%q: %s", p.given(name)[i], message)
				}
				if at := cmp.Or(h.arguments[part], part); name == "" && slices.Contains(h.parameters, at) {
					name = at
				}
			}
			if name != "" {
				p.problems.Add(name, "%s", message)
			}
		}
	}
}

// elements separates the parts of a path in an error.
var elements = regexp.MustCompile(`[.\[\]]+`)

// parameters are those of a request.
type parameters struct {
	values   url.Values
	theme    picture.Theme
	problems domain.Problems
}

// lists are the parameters that may be given several times.
var lists = []string{"around", "kinds", "entities", "narratives", "tags", "platforms", "languages"}

// readParameters checks that all parameters are known, and reads those of all pictures.
func readParameters(q url.Values, known []string) *parameters {
	p := &parameters{values: q}
	for name, values := range q {
		if !slices.Contains(known, name) {
			p.problems.Add(name, "there is no such parameter; there are: %s", strings.Join(known, ", "))
		} else if len(values) > 1 && !slices.Contains(lists, name) {
			p.problems.Add(name, "it is given %d times", len(values))
		}
	}
	var err error
	if p.theme, err = picture.ParseTheme(q.Get("theme")); err != nil {
		p.problems.Add("theme", "%s", err)
	}
	return p
}

// text returns a parameter, or nil.
func (p *parameters) text(name string) any {
	if v := p.values.Get(name); v != "" {
		return v
	}
	return nil
}

// number returns a parameter, or another number without it.
func (p *parameters) number(name string, without int) int {
	v := p.values.Get(name)
	if v == "" {
		return without
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		p.problems.Add(name, "%q is not a number", v)
	}
	return n
}

// date returns a parameter, or nil.
func (p *parameters) date(name string) any {
	v := p.values.Get(name)
	if v == "" {
		return nil
	}
	if _, err := domain.ParseDate(v); err != nil {
		p.problems.Add(name, "%s", err)
	}
	return v
}

// span returns the parameters from and to; both are nil without them.
func (p *parameters) span() (from, to any) {
	from, to = p.date("from"), p.date("to")
	if since, until := domain.Date(p.values.Get("from")), domain.Date(p.values.Get("to")); len(p.problems.List()) == 0 && since.After(until) {
		p.problems.Add("to", "%s is before from (%s)", until, since)
	}
	return from, to
}

// choice returns a parameter that has one of some values, or another one without it.
func (p *parameters) choice(name string, without any, choices ...string) any {
	v := p.values.Get(name)
	if v == "" {
		return without
	}
	p.check(name, choices, v)
	return v
}

// choices is list of a parameter whose values are some of others.
func (p *parameters) choices(name string, choices ...string) any {
	p.check(name, choices, p.given(name)...)
	return p.list(name)
}

// check adds a problem for each value that is none of some.
func (p *parameters) check(name string, choices []string, values ...string) {
	for _, v := range values {
		if !slices.Contains(choices, v) {
			p.problems.Add(name, "%q; want one of %s", v, strings.Join(choices, ", "))
		}
	}
}

// given returns the values of a parameter that is given several times, or with commas between them.
func (p *parameters) given(name string) []string {
	var list []string
	for _, v := range p.values[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	return list
}

// list returns the values of a parameter as those of a variable; nil without it.
func (p *parameters) list(name string) any {
	given := p.given(name)
	if given == nil {
		if p.values.Has(name) {
			p.problems.Add(name, "it is empty: give at least one value, or leave it out for all")
		}
		return nil
	}
	list := make([]any, len(given))
	for i, v := range given {
		list[i] = v
	}
	return list
}

// dates are when something held.
type dates struct{ Since, Until domain.Date }

// on reports whether it holds at a day; without one, whether it has no end, since nothing in a picture comes from the
// clock.
func (d dates) on(day domain.Date) bool {
	if day == "" {
		return d.Until == ""
	}
	return domain.MayHold(d.Since, d.Until, day)
}

// entity is an entity in a response.
type entity struct {
	ID, Slug, Name, Language, Kind, URL string
	Listings                            []dates
}

// node returns an entity as it is on a day.
func (e *entity) node(day domain.Date) picture.Node {
	return picture.Node{ID: e.ID, Label: e.Name, Lang: e.Language, Kind: e.Kind, Link: e.URL,
		Listed: slices.ContainsFunc(e.Listings, func(d dates) bool { return d.on(day) })}
}

// share reads a share in percent.
func share(n json.Number) domain.Share {
	s, err := domain.ParseShare(n.String())
	if err != nil {
		return 0 // it came from a share
	}
	return s
}
