package aggregate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Snapshot is the content of an aggregate at one time. A revision stores it, the log
// publishes it, and a restore brings it back.
type Snapshot struct {
	Type        domain.Type
	ID          domain.ID
	CreatedAt   time.Time
	Root        *Row
	FormerSlugs []string    // in order of age
	FormerIDs   []domain.ID // of the documents that were merged into this one

	SavedAt time.Time // of the revision; known where it was read from the desk
}

// snapshotSchema is the number of the form below. A change of the form, or of
// a column that snapshots hold, raises it and adds an upgrade.
const snapshotSchema = 3

const snapshotTime = "2006-01-02T15:04:05.000000Z"

// Encode is the canonical JSON of the snapshot: the same bytes for the same
// content on both engines.
func (s *Snapshot) Encode() []byte {
	b := make([]byte, 0, 1024)
	b = fmt.Appendf(b, `{"schema":%d,"type":"%s","id":"%s","createdAt":"`, snapshotSchema, s.Type, s.ID)
	b = s.CreatedAt.UTC().AppendFormat(b, snapshotTime)
	b = append(b, '"')
	if len(s.FormerSlugs) > 0 {
		b = appendStrings(append(b, `,"formerSlugs":`...), s.FormerSlugs)
	}
	if len(s.FormerIDs) > 0 {
		b = append(b, `,"formerIds":`...)
		for i, id := range s.FormerIDs {
			b = appendString(append(b, separator(i, '[')), id.String())
		}
		b = append(b, ']')
	}
	b = appendRow(append(b, `,"root":`...), s.Root, 0) // the id is in the envelope
	return append(b, '}')
}

// DecodeSnapshot reads a snapshot of this form or an earlier one.
func DecodeSnapshot(raw []byte) (*Snapshot, error) {
	s := scanner{text: raw}
	if form, t := s.form(); form != snapshotSchema && !unchangedSince(form, t) {
		return decodeEarlier(raw)
	}
	out, err := s.snapshot()
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	return out, nil
}

// decodeEarlier reads a snapshot of any form, by way of its JSON values.
func decodeEarlier(raw []byte) (*Snapshot, error) {
	in, err := decodeForm(raw)
	if err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	name, _ := in["type"].(string)
	t, ok := domain.ParseType(name)
	if !ok {
		return nil, fmt.Errorf("decode snapshot: unknown type %q", name)
	}
	out := &Snapshot{Type: t}
	text, _ := in["id"].(string)
	if out.ID, err = domain.ParseID(text); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	text, _ = in["createdAt"].(string)
	if out.CreatedAt, err = time.Parse(snapshotTime, text); err != nil {
		return nil, fmt.Errorf("decode snapshot: %w", err)
	}
	slugs, _ := in["formerSlugs"].([]any)
	if len(slugs) > 0 {
		if out.FormerSlugs, err = stringList(slugs); err != nil {
			return nil, fmt.Errorf("decode snapshot: %w", err)
		}
	}
	ids, _ := in["formerIds"].([]any)
	for _, v := range ids {
		text, _ := v.(string)
		id, err := domain.ParseID(text)
		if err != nil {
			return nil, fmt.Errorf("decode snapshot: %w", err)
		}
		out.FormerIDs = append(out.FormerIDs, id)
	}
	if out.Root, err = decodeRowJSON(TableOf(t), in["root"]); err != nil {
		return nil, err
	}
	out.Root.ID = out.ID
	return out, nil
}

// decodeForm decodes the JSON of a snapshot, brought to the present form.
func decodeForm(raw []byte) (map[string]any, error) {
	for {
		d := json.NewDecoder(bytes.NewReader(raw))
		d.UseNumber()
		var in map[string]any
		if err := d.Decode(&in); err != nil {
			return nil, err
		}
		n, _ := in["schema"].(json.Number)
		form, err := n.Int64()
		if err != nil || form == snapshotSchema {
			return in, err
		}
		if form < 1 || form > snapshotSchema {
			return nil, fmt.Errorf("unknown form %d", form)
		}
		if raw, err = upgradeForm(in, form); err != nil {
			return nil, fmt.Errorf("upgrade from form %d: %w", form, err)
		}
	}
}

// Slug is the document's slug.
func (s *Snapshot) Slug() string { return s.Root.Text("slug") }

// Marking is the document's own marking.
func (s *Snapshot) Marking() domain.Marking { return domain.Marking(s.Root.Int("marking")) }

// Hash is the SHA-256 of an encoded snapshot, in hexadecimal.
func Hash(encoded []byte) string {
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}
