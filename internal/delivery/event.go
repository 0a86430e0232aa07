package delivery

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// Event is a kind of change that a webhook can subscribe to. Its values are those
// of the API's enum WebhookEvent.
type Event string

// The events.
const (
	Published       Event = "PUBLISHED"
	Updated         Event = "UPDATED"
	Unpublished     Event = "UNPUBLISHED"
	NoLongerVisible Event = "NO_LONGER_VISIBLE"

	// CachePurge is that of a release: what a CDN has to purge. Unlike the others a webhook
	// gets it only if it names it.
	CachePurge Event = "CACHE_PURGE"
)

// Events lists all events, in a fixed order.
var Events = []Event{Published, Updated, Unpublished, NoLongerVisible, CachePurge}

var eventOf = map[projection.ChangeKind]Event{
	projection.Published: Published, projection.Updated: Updated, projection.Unpublished: Unpublished, projection.NoLongerVisible: NoLongerVisible,
}

// eventType returns the type of the message of a change: "report.published".
func eventType(c projection.Change) string {
	return c.Document.Type().String() + "." + strings.ToLower(string(eventOf[c.Kind]))
}

// isTombstone reports whether an event type means that the document is not visible
// any more. Its message has only the document's id.
func isTombstone(eventType string) bool {
	return strings.HasSuffix(eventType, ".unpublished") || strings.HasSuffix(eventType, ".no_longer_visible")
}

// message is the JSON body of a request.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is the part of a message about a document. Its fields are those of the
// change feed. A tombstone has only the id and the type of the document.
type data struct {
	Kind       string     `json:"kind,omitempty"`
	DocumentID *domain.ID `json:"documentId,omitempty"`
	Type       string     `json:"type,omitempty"`
	At         *time.Time `json:"at,omitempty"`
	Cursor     string     `json:"cursor,omitempty"`
	Slug       string     `json:"slug,omitempty"`
	Title      string     `json:"title,omitempty"`
	Version    int        `json:"version,omitempty"`
	WebhookID  *domain.ID `json:"webhookId,omitempty"` // of a test message only

	// Of a purge only.
	Everything bool     `json:"everything,omitempty"`
	Tags       []string `json:"tags,omitempty"`
}

// newBody returns the message of a change. meta is nil for a tombstone.
func newBody(c projection.Change, meta *docMeta) (string, error) {
	d := data{
		Kind: c.Kind.String(), DocumentID: &c.Document, Type: strings.ToUpper(c.Document.Type().String()),
		At: &c.At, Cursor: c.Position.String(),
	}
	if meta != nil {
		d.Slug, d.Title, d.Version = meta.Slug, meta.Title, meta.Version
	}
	text, err := json.Marshal(message{Type: eventType(c), Timestamp: c.At, Data: d})
	return string(text), err
}

// wants reports whether a webhook subscribes to the event and the document type of
// a change; it does not look at tags. An unknown name in the webhook's lists
// matches nothing.
func wants(hook *db.Webhook, c projection.Change) bool {
	return (hook.Events == nil || slices.Contains(hook.Events, string(eventOf[c.Kind]))) &&
		(hook.Types == nil || slices.Contains(hook.Types, strings.ToUpper(c.Document.Type().String())))
}
