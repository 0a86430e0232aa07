package content

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// FoldName is a name as names are compared.
func FoldName(name string) string { return foldName(name) }

// TableNames are the tables of the aggregates, and the aliases.
func TableNames() []string {
	return append(slices.Sorted(maps.Keys(tables())), "aliases")
}

// UnshapedTables are the owned tables that the model says nothing of.
func UnshapedTables() []string {
	var missing []string
	var walk func(t *table, sets []setShape)
	walk = func(t *table, sets []setShape) {
		for _, o := range t.owned {
			i := slices.IndexFunc(sets, func(s setShape) bool { return s.table == o.name })
			if i < 0 || sets[i].name+sets[i].shown == "" {
				missing = append(missing, t.name+"."+o.name)
				continue
			}
			walk(o.table, sets[i].sets)
		}
	}
	for t, s := range shapes {
		walk(tableOf(t), s.sets)
	}
	return missing
}

// CheckRevision compares the tables of a document with its last revision.
func CheckRevision(ctx context.Context, s *store.Stores, id domain.ID, number int, snapshot string) error {
	db := s.DeskRows()
	heads, err := headers(ctx, db, []domain.ID{id})
	if err != nil || heads[id] == nil || heads[id].Version != number {
		return err
	}
	rows, err := load(ctx, db, id.Type(), []domain.ID{id})
	if err != nil {
		return err
	}
	snap, err := DecodeSnapshot([]byte(snapshot))
	if err != nil {
		return err
	}
	if got, want := string(encode(rows[id])), string(encode(snap.Root)); got != want {
		return fmt.Errorf("%v: the tables hold\n%s\nand revision %d says\n%s", id, got, number, want)
	}
	return nil
}

// LiveDocument is a document as live has it.
type LiveDocument struct {
	Effective domain.Marking
	Says      string // all that it says by itself
	RefersTo  []domain.ID
}

// LiveDocuments are all documents in live.
func LiveDocuments(ctx context.Context, s *store.Stores) (map[domain.ID]LiveDocument, error) {
	all := map[domain.ID]LiveDocument{}
	for _, t := range domain.Types() {
		var ids []domain.ID
		err := store.QueryRows(ctx, s.LiveRows(), "SELECT id, effective_marking, version, updated_at FROM "+tableOf(t).name, nil, func(rows *sql.Rows) error {
			var id domain.ID
			var d LiveDocument
			var version int
			var updated time.Time
			err := rows.Scan(&id, &d.Effective, &version, &updated)
			d.Says = fmt.Sprint(version, updated.UTC())
			all[id] = d
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		rows, err := load(ctx, s.LiveRows(), t, ids)
		if err != nil {
			return nil, err
		}
		for id, r := range rows {
			d := all[id]
			d.Says += string(encode(r))
			d.RefersTo = r.targets(tableOf(t))
			all[id] = d
		}
	}
	return all, nil
}

// LiveTextsNamingHigher lists what breaks the rule that no live text names what
// has a higher marking, read from live itself and the desk's slugs alone.
func LiveTextsNamingHigher(ctx context.Context, s *store.Stores) string {
	desk, live := s.DeskRows(), s.LiveRows()
	markings := map[domain.ID]domain.Marking{}
	loaded := map[domain.ID]*Row{}
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(ctx, live, "SELECT id FROM "+tableOf(t).name)
		if err != nil {
			return err.Error()
		}
		rows, err := load(ctx, live, t, ids)
		if err != nil {
			return err.Error()
		}
		for id, r := range rows {
			markings[id] = domain.Marking(r.int("marking"))
			loaded[id] = r
		}
	}
	link := regexp.MustCompile(`\[\[([^\]|]+)`)
	var breaches []string
	for id, r := range loaded {
		var named []domain.ID
		r.walk(tableOf(id.Type()), func(t *table, row *Row) {
			for _, v := range row.Fields {
				text, _ := v.(string)
				for _, m := range link.FindAllStringSubmatch(text, -1) {
					owners, err := slugOwners(ctx, desk, domain.Entity, []string{m[1]})
					if err != nil {
						breaches = append(breaches, err.Error())
					}
					named = append(named, owners...)
				}
			}
			if t.name == "footnotes" {
				named = append(named, row.id("source_id"))
			}
		})
		for _, target := range named {
			if m, ok := markings[target]; ok && m > markings[id] {
				breaches = append(breaches, fmt.Sprintf("%v (%v) naming %v (%v)", id, markings[id], target, m))
			}
		}
	}
	return strings.Join(breaches, ", ")
}

// ReindexLive makes the desk's index of live anew, and says what that changed.
func ReindexLive(ctx context.Context, s *store.Stores) (string, error) {
	read := func() (map[string]string, error) {
		tables := map[string]string{}
		for name, columns := range map[string]string{"live_documents": "id, version, marking",
			"live_references": "document_id, target_id, mention", "mentions": "document_id, target_id, 0"} {
			var lines []string
			err := store.QueryRows(ctx, s.DeskRows(), "SELECT DISTINCT "+columns+" FROM "+name, nil, func(rows *sql.Rows) error {
				var a, b, c any
				err := rows.Scan(&a, &b, &c)
				lines = append(lines, fmt.Sprint(a, b, c))
				return err
			})
			if err != nil {
				return nil, err
			}
			slices.Sort(lines)
			tables[name] = strings.Join(lines, "\n")
		}
		return tables, nil
	}
	before, err := read()
	if err != nil {
		return "", err
	}
	if err := s.Desk(ctx, indexLive); err != nil {
		return "", err
	}
	after, err := read()
	if err != nil {
		return "", err
	}
	return cmp.Diff(before, after), nil
}

// DecodeByValues is [DecodeSnapshot] by way of JSON values.
func DecodeByValues(raw []byte) (*Snapshot, error) { return decodeEarlier(raw) }

// NextPause is nextPause.
func NextPause(last time.Duration, failed bool) time.Duration { return nextPause(last, failed) }

// SetPauses makes Run rest for as long as f says instead. Call it before Run.
func (d *Live) SetPauses(f func(time.Duration) time.Duration) { d.pauses = f }

// OrderedSet is an owned list of a type of document, with inputs of a document
// that has two elements in it.
type OrderedSet struct {
	Type    domain.Type
	Path    string         // in a diff: "tags", "items[0].tags"
	Derived bool           // the rows follow from a text and are not given
	Input   map[string]any // with the elements in one order
	Turned  map[string]any // the top list of the path, with the elements the other way round
}

// OrderedSets are all lists that documents own, from the model. References of
// the inputs are to documents whose slugs are "one" and "two".
func OrderedSets() []OrderedSet {
	var all []OrderedSet
	for _, t := range domain.Types() {
		s := shapes[t]
		for _, set := range s.sets {
			all = append(all, OrderedSet{Type: t, Path: set.name + set.shown, Derived: set.name == "",
				Input:  with(sampleRow(s.fields, "one"), set.name, samples(set, "one", "two")),
				Turned: map[string]any{set.name: samples(set, "two", "one")}})
			for _, inner := range set.sets {
				one := func(order ...string) []any {
					return []any{with(sampleRow(set.fields, "one"), inner.name, samples(inner, order...))}
				}
				all = append(all, OrderedSet{Type: t, Path: set.name + "[0]." + inner.name,
					Input:  with(sampleRow(s.fields, "one"), set.name, one("one", "two")),
					Turned: map[string]any{set.name: one("two", "one")}})
				if len(inner.sets) > 0 {
					panic("content: lists three deep: OrderedSets goes two deep")
				}
			}
		}
	}
	return all
}

func with(row map[string]any, name string, value any) map[string]any {
	row[name] = value
	return row
}

func samples(set setShape, order ...string) []any {
	var out []any
	for _, name := range order {
		if set.target != 0 {
			out = append(out, name)
		} else {
			out = append(out, sampleRow(set.fields, name))
		}
	}
	return out
}

// sampleRow has a value in each required field, and in the first of the others
// where no required one takes a name.
func sampleRow(fields []fieldShape, name string) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if !f.required {
			continue
		}
		switch f.kind {
		case enum:
			out[f.name] = f.values[0]
		case language:
			out[f.name] = "en"
		case calendar:
			out[f.name] = "2020"
		case number:
			out[f.name] = int64(f.min)
		case webAddress:
			out[f.name] = "https://example.org/" + name
		case mediaType:
			out[f.name] = "image/png"
		default:
			out[f.name] = name
		}
	}
	if out["from"] != nil {
		out["to"] = "two" // a relationship has two ends
	}
	return out
}
