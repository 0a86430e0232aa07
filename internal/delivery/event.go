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

// Event is what can become of a document for a receiver. Its name is that of
// the API's enum WebhookEvent.
type Event string

// The events.
const (
	Published       Event = "PUBLISHED"
	Updated         Event = "UPDATED"
	Unpublished     Event = "UNPUBLISHED"
	NoLongerVisible Event = "NO_LONGER_VISIBLE"
)

// Events lists all events, in a fixed order.
var Events = []Event{Published, Updated, Unpublished, NoLongerVisible}

var events = map[projection.ChangeKind]Event{
	projection.Published: Published, projection.Updated: Updated, projection.Unpublished: Unpublished, projection.NoLongerVisible: NoLongerVisible,
}

// eventType is the type of what a change is told as: "report.published".
func eventType(c projection.Change) string {
	return c.Document.Type().String() + "." + strings.ToLower(string(events[c.Kind]))
}

// isTombstone reports whether an event of a type says that the document is not
// there any more, and so tells nothing of it but its id.
func isTombstone(eventType string) bool {
	return strings.HasSuffix(eventType, ".unpublished") || strings.HasSuffix(eventType, ".no_longer_visible")
}

// message is the body of a request.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

// data is what a message says of a document, in the words of the change feed.
// Of one that is gone it says no more than which it was.
type data struct {
	Kind       string     `json:"kind,omitempty"`
	DocumentID *domain.ID `json:"documentId,omitempty"`
	Type       string     `json:"type,omitempty"`
	At         *time.Time `json:"at,omitempty"`
	Cursor     string     `json:"cursor,omitempty"`
	Slug       string     `json:"slug,omitempty"`
	Title      string     `json:"title,omitempty"`
	Version    int        `json:"version,omitempty"`
	WebhookID  *domain.ID `json:"webhookId,omitempty"` // of a test alone
}

// bodyOf is the message of a change. h is nil for a document that is gone.
func bodyOf(c projection.Change, h *head) (string, error) {
	d := data{
		Kind: c.Kind.String(), DocumentID: &c.Document, Type: strings.ToUpper(c.Document.Type().String()),
		At: &c.At, Cursor: c.Position.String(),
	}
	if h != nil {
		d.Slug, d.Title, d.Version = h.Slug, h.Title, h.Version
	}
	text, err := json.Marshal(message{Type: eventType(c), Timestamp: c.At, Data: d})
	return string(text), err
}

// wants reports whether a webhook is to be told of such a change, whatever tags
// the document carries. A name in its lists that is not understood denies.
func wants(hook *db.Webhook, c projection.Change) bool {
	return (hook.Events == nil || slices.Contains(hook.Events, string(events[c.Kind]))) &&
		(hook.Types == nil || slices.Contains(hook.Types, strings.ToUpper(c.Document.Type().String())))
}
