package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Snapshot is an aggregate at one moment: what a revision keeps, what the log
// publishes, what restore brings back.
type Snapshot struct {
	Type        domain.Type
	ID          domain.ID
	CreatedAt   time.Time
	Root        *Row
	FormerSlugs []string    // in order of age
	FormerIDs   []domain.ID // of the documents that were merged into this one
}

// snapshotSchema is the number of the form below. A change of the form, or of
// a column that snapshots hold, raises it and adds an upgrade.
const snapshotSchema = 1

// upgrades turn a snapshot of the form n into one of the form n+1.
var upgrades = map[int]func(json.RawMessage) (json.RawMessage, error){}

type snapshotJSON struct {
	Schema      int             `json:"schema"`
	Type        string          `json:"type"`
	ID          domain.ID       `json:"id"`
	CreatedAt   string          `json:"createdAt"`
	FormerSlugs []string        `json:"formerSlugs,omitempty"`
	FormerIDs   []domain.ID     `json:"formerIds,omitempty"`
	Root        json.RawMessage `json:"root"`
}

const snapshotTime = "2006-01-02T15:04:05.000000Z"

// Encode is the canonical JSON of the snapshot: the same bytes for the same
// content on both engines.
func (s *Snapshot) Encode() []byte {
	root := s.Root.clone()
	root.ID = 0 // it is in the envelope
	return canonical(snapshotJSON{
		Schema: snapshotSchema, Type: s.Type.String(), ID: s.ID,
		CreatedAt:   s.CreatedAt.UTC().Format(snapshotTime),
		FormerSlugs: s.FormerSlugs, FormerIDs: s.FormerIDs, Root: encode(root),
	})
}

// DecodeSnapshot reads a snapshot of this form or an earlier one.
func DecodeSnapshot(raw []byte) (*Snapshot, error) {
	for {
		var head struct{ Schema int }
		if err := json.Unmarshal(raw, &head); err != nil {
			return nil, fmt.Errorf("decode snapshot: %w", err)
		}
		if head.Schema == snapshotSchema {
			break
		}
		upgrade := upgrades[head.Schema]
		if upgrade == nil {
			return nil, fmt.Errorf("decode snapshot: unknown form %d", head.Schema)
		}
		next, err := upgrade(raw)
		if err != nil {
			return nil, fmt.Errorf("upgrade snapshot from form %d: %w", head.Schema, err)
		}
		raw = next
	}
	var in snapshotJSON
	if err := json.Unmarshal(raw, &in); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	t, ok := domain.ParseType(in.Type)
	if !ok {
		return nil, fmt.Errorf("decode snapshot: unknown type %q", in.Type)
	}
	at, err := time.Parse(snapshotTime, in.CreatedAt)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	root, err := decode(tableOf(t), in.Root)
	if err != nil {
		return nil, err
	}
	root.ID = in.ID
	return &Snapshot{
		Type: t, ID: in.ID, CreatedAt: at, Root: root,
		FormerSlugs: in.FormerSlugs, FormerIDs: in.FormerIDs,
	}, nil
}

// Slug is the document's slug.
func (s *Snapshot) Slug() string { return s.Root.text("slug") }

// Marking is the document's own marking.
func (s *Snapshot) Marking() domain.Marking { return domain.Marking(s.Root.int("marking")) }

func hashOf(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
