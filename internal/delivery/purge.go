package delivery

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// purgeType is the type of the message that lists what to purge.
const purgeType = "cache.purge"

// maxPurgeTags is the greatest number of tags in a message. Where a release changes more,
// everything is to be purged.
const maxPurgeTags = 1000

func wantsPurge(events []string) bool { return slices.Contains(events, string(CachePurge)) }

// checkPurge refuses a webhook for purges that has a ceiling. Only responses that are CLEAR
// have cache tags, and changes among them have to be changes for the receiver: a document
// that is marked GREEN is gone from them, and nothing changes for who may see GREEN.
func checkPurge(events []string, ceiling domain.Marking, p *domain.Problems) {
	if wantsPurge(events) && ceiling != domain.Clear {
		p.Add("ceiling", "want %s with the event %s, because only responses that are %[1]s have cache tags", domain.Clear, CachePurge)
	}
}

// purgesOf returns an event for each release that the changes begin; the first may be the
// rest of one that began before.
func (w *Webhooks) purgesOf(ctx context.Context, hook *db.Webhook, after projection.Position, changes []projection.Change) ([]event, error) {
	if !wantsPurge(hook.Events) {
		return nil, nil
	}
	var out []event
	last := after.At()
	for _, c := range changes {
		if c.At.Equal(last) {
			continue
		}
		last = c.At
		keys, ok, err := w.live.KeysChangedAt(ctx, c.At)
		if err != nil {
			return nil, err
		}
		body, err := purgeBody(c.At, keys, ok)
		if err != nil {
			return nil, err
		}
		// Deliveries of one document are sent one after another; those of purges have the
		// webhook in its place.
		out = append(out, event{Change: projection.Change{Kind: projection.Updated, Document: hook.ID, At: c.At}, name: purgeType, body: body})
	}
	return out, nil
}

// purgeBody is the message about a release. Tags are those of all responses that it
// changes: also of those that depend on what cannot be described.
func purgeBody(at time.Time, keys []dependency.Key, known bool) (string, error) {
	d := data{At: &at, Everything: !known || len(keys) >= maxPurgeTags}
	if !d.Everything {
		d.Tags = append(d.Tags, dependency.Everything.String())
		for _, key := range keys {
			d.Tags = append(d.Tags, key.String())
		}
	}
	text, err := json.Marshal(message{Type: purgeType, Timestamp: at, Data: d})
	return string(text), err
}
