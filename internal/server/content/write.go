package content

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/projection"
)

// Changes is the change feed, for the Last-Modified of responses.
type Changes interface {
	// LastChange returns the position after all changes that the viewer of ctx can
	// see.
	LastChange(ctx context.Context) (projection.Position, error)
}

// Writer writes responses.
type Writer struct {
	Changes Changes
	// Started is when the process began. Settings and the program version change
	// responses, so no Last-Modified is before that.
	Started time.Time
	// Refuse writes an error response in the common form of the server.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	Log    *slog.Logger
}

// Response is a document, or a redirect to it.
type Response struct {
	Media    string // without a charset, which is UTF-8
	Body     []byte
	Location string // of a permanent redirect
	Policy   string // the content security policy of a page that is one
	Link     []string
	Queries  *Runner
}

// Serve writes the response that make returns, or its error.
func (h *Writer) Serve(w http.ResponseWriter, r *http.Request, make func(r *http.Request) (*Response, error)) {
	// Before the content is read: with a change in between, Last-Modified is too
	// old, and not too new.
	last, unknown := h.Changes.LastChange(r.Context())
	a, err := make(r)
	if err != nil {
		h.writeError(w, r, err)
		return
	}
	if unknown != nil {
		h.Log.WarnContext(r.Context(), "the time of the last change cannot be read", "path", r.URL.Path, "error", unknown)
	}
	modified := last.At()
	if modified.Before(h.Started) {
		modified = h.Started
	}
	header := w.Header()
	header.Set(graph.MarkingHeader, markingPrefix+a.Queries.marking.Label())
	if a.Location != "" {
		header.Set("Location", a.Location)
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	header.Set("Content-Type", a.Media+"; charset=utf-8")
	if a.Policy != "" {
		header.Set("Content-Security-Policy", a.Policy)
	}
	for _, link := range a.Link {
		header.Add("Link", link)
	}
	header.Set("Content-Length", strconv.Itoa(len(a.Body)))
	if !modified.IsZero() {
		header.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	_, _ = w.Write(a.Body) // the client may have disconnected
}

func (h *Writer) writeError(w http.ResponseWriter, r *http.Request, err error) {
	refused, ok := errors.AsType[*Refusal](err)
	if !ok {
		h.Log.ErrorContext(r.Context(), "a document cannot be written", "path", r.URL.Path, "error", err)
		refused = &Refusal{Status: http.StatusInternalServerError, Code: "INTERNAL", Message: "internal error"}
	}
	header := refused.header.Clone()
	header.Del(graph.MarkingHeader) // an error contains no content
	maps.Copy(w.Header(), header)
	h.Refuse(w, r, refused.Status, refused.Code, refused.Message)
}
