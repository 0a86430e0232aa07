package pictures

import (
	"context"
	_ "embed" // the queries
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
	"github.com/redthread-api/redthread/internal/server/content"
)

// Config says what a [Handler] needs.
type Config struct {
	Executor content.Executor
	Log      *slog.Logger
	// Refuse writes an error response.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)
}

// drawing is a picture, or a file.
type drawing struct {
	path, mediaType string
	parameters      []string
	document        string
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
	if err := p.problems.Err("the parameters are not right"); err != nil {
		h.Refuse(w, r, http.StatusBadRequest, "BAD_USER_INPUT", err.Error())
		return
	}
	resp := h.Executor.Execute(r.Context(), transport.Request{Document: h.document, Variables: variables})
	content.CopyHeader(w, resp)
	if len(resp.Errors) > 0 {
		code, _ := resp.Errors[0].Extensions["code"].(string)
		h.Refuse(w, r, content.StatusOf(resp.Errors[0]), code, resp.Errors[0].Message)
		return
	}
	body, err := h.draw(r.Context(), resp.Data, p)
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

// list returns the values of a parameter that is given several times, or with commas between them; nil without it.
func (p *parameters) list(name string) any {
	var list []any
	for _, v := range p.values[name] {
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
	}
	if list == nil {
		if p.values.Has(name) {
			p.problems.Add(name, "it is empty: give at least one value, or leave it out for all")
		}
		return nil
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
