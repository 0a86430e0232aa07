package server

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// ChangeFeed is the change feed.
type ChangeFeed interface {
	Poll(ctx context.Context, params projection.ChangesParams) (projection.ChangeBatch, error)
	LastChange(ctx context.Context) (projection.Position, error)
}

// Streams opens responses of server-sent events.
type Streams interface {
	OpenStream(w http.ResponseWriter, r *http.Request) *transport.Stream
}

// Quotas charges viewers for streams.
type Quotas interface {
	// Charge takes a cost from the quota of the viewer of ctx, and sets the fields
	// about it in the header. It returns false where too little is left.
	Charge(ctx context.Context, cost int, header http.Header) bool
}

const (
	// streamCost is what it costs to open a stream. Each change costs one more.
	streamCost = 20
	// changesBatch is the most changes that are read, and written, at once.
	changesBatch = 500
	// reconnectDelay is after how long a client should reconnect, in milliseconds.
	reconnectDelay = 2000
)

// changes serves the change feed as server-sent events: each change once, in order,
// with its cursor as the event's id. A client that reconnects with the last id, as
// browsers do by themselves, misses nothing.
//
// The events are the same for all viewers of one clearance and contain no documents, so
// that an event is cheap.
type changes struct {
	feed    ChangeFeed
	streams Streams
	quotas  Quotas
	log     *slog.Logger
}

var errQuotaExceeded = refusal{status: http.StatusTooManyRequests, code: "RATE_LIMITED", message: "the rate limit is exceeded; continue later from the last cursor"}

func (h changes) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !h.quotas.Charge(r.Context(), streamCost, w.Header()) {
		w.Header().Set("Retry-After", "60")
		refuse(w, r, errQuotaExceeded)
		return
	}
	params, now, err := changesParams(r)
	if err == nil && now {
		params.After, err = h.feed.LastChange(r.Context())
	}
	var batch projection.ChangeBatch
	if err == nil {
		batch, err = h.feed.Poll(r.Context(), params)
	}
	if err != nil {
		refuse(w, r, h.refusalOf(r, err))
		return
	}
	if viewer, err := domain.ViewerFrom(r.Context()); err == nil {
		w.Header().Set(graph.MarkingHeader, "TLP:"+min(viewer.Clearance, domain.Red).Label())
	}
	stream := h.streams.OpenStream(w, r)
	if stream == nil {
		return
	}
	defer stream.Close()
	if r.Method == http.MethodHead {
		return
	}
	h.run(r, stream, params, batch)
}

// run sends changes, beginning with a batch, until the stream or the request ends.
func (h changes) run(r *http.Request, stream *transport.Stream, params projection.ChangesParams, batch projection.ChangeBatch) {
	// The cursor to continue from before the first event.
	opening := fmt.Sprintf("retry: %d\nid: %s\n\n", reconnectDelay, params.After)
	if !stream.Send([]byte(opening)) {
		return
	}
	var rechecker access.Rechecker
	var buf []byte
	for {
		if err := rechecker.Check(r.Context()); err != nil {
			stream.Send(endEvent(h.refusalOf(r, err)))
			return
		}
		if len(batch.Changes) > 0 {
			if !h.quotas.Charge(r.Context(), len(batch.Changes), http.Header{}) {
				stream.Send(endEvent(errQuotaExceeded))
				return
			}
			buf = buf[:0]
			for _, c := range batch.Changes {
				buf = appendEvent(buf, c)
			}
			if !stream.Send(buf) {
				return
			}
		} else {
			select {
			case <-batch.Changed:
			case <-stream.KeepAlive:
				if !stream.SendKeepAlive() {
					return
				}
			case <-stream.Shutdown:
				return
			case <-r.Context().Done():
				return
			}
		}
		params.After = batch.After
		var err error
		if batch, err = h.feed.Poll(r.Context(), params); err != nil {
			stream.Send(endEvent(h.refusalOf(r, err)))
			return
		}
	}
}

// changesParams reads the parameters types and after, and the header Last-Event-ID, which
// is newer than after and so takes precedence. fromNow is true where there is neither:
// the stream then begins with the next change.
func changesParams(r *http.Request) (params projection.ChangesParams, fromNow bool, err error) {
	params = projection.ChangesParams{First: changesBatch}
	var types []string
	for _, t := range domain.Types() {
		types = append(types, strings.ToUpper(t.String()))
	}
	var p domain.Problems
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		p.Add("", "the URL's parameters are not encoded correctly")
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		given := values[name]
		switch {
		case name != "after" && name != "types":
			p.Add(clip(name, 40), "is no parameter; there are after, types")
		case name == "after" && len(given) > 1:
			p.Add("after", "is given %d times; want it once", len(given))
		case name == "after" && given[0] == "":
			p.Add("after", "has no value; leave it out instead")
		case name == "types":
			params.Types = []domain.Type{}
			for _, text := range strings.Split(strings.Join(given, ","), ",") {
				t, ok := domain.ParseType(text)
				if text == "" {
					p.Add("types", "has no value; leave it out instead")
				} else if !ok {
					p.Add("types", "%q is none of %s", clip(text, 40), strings.Join(types, ", "))
				}
				params.Types = append(params.Types, t)
			}
		}
	}
	name, cursor := "Last-Event-ID", r.Header.Get("Last-Event-ID")
	if cursor == "" {
		name, cursor = "after", values.Get("after")
	}
	if params.After, err = projection.ParsePosition(cursor); err != nil {
		p.Add(name, "want a cursor of the change feed, or %q for its beginning; without it, this begins now", projection.Start)
	}
	return params, cursor == "", p.Err("the parameters are not valid")
}

// appendEvent writes a change as an event. None of its parts needs escaping.
func appendEvent(b []byte, c projection.Change) []byte {
	cursor := c.Position.String()
	b = append(b, "id: "...)
	b = append(b, cursor...)
	b = append(b, "\nevent: change\ndata: {\"kind\":\""...)
	b = append(b, c.Kind.String()...)
	b = append(b, "\",\"documentId\":\""...)
	b = append(b, c.Document.String()...)
	b = append(b, "\",\"type\":\""...)
	b = append(b, strings.ToUpper(c.Document.Type().String())...)
	b = append(b, "\",\"at\":\""...)
	b = c.At.AppendFormat(b, time.RFC3339Nano)
	b = append(b, "\",\"cursor\":\""...)
	b = append(b, cursor...)
	return append(b, "\"}\n\n"...)
}

// endEvent is the last event of a stream, with the error that ends it.
func endEvent(why refusal) []byte {
	return []byte("event: end\ndata: {\"code\":" + strconv.Quote(why.code) + ",\"message\":" + strconv.Quote(why.message) + "}\n\n")
}

func (h changes) refusalOf(r *http.Request, err error) refusal {
	return refusalLogged(r.Context(), h.log, "the change feed cannot be read", err)
}
