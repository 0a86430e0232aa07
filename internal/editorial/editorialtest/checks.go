package editorialtest

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// TableNames are the tables of the aggregates, and the aliases.
func TableNames() []string {
	return append(slices.Sorted(maps.Keys(aggregate.Tables())), "aliases")
}

// CheckRevision reads a revision. Where it is the last of its document, it compares the
// tables with it.
func CheckRevision(ctx context.Context, s *store.Stores, id domain.ID, number int) error {
	db := s.DeskRows()
	snap, err := aggregate.ReadRevision(ctx, db, id, number)
	if err != nil {
		return err
	}
	heads, err := aggregate.ReadMeta(ctx, db, []domain.ID{id})
	if err != nil || heads[id] == nil || heads[id].Version != number {
		return err
	}
	rows, err := aggregate.Load(ctx, db, id.Type(), []domain.ID{id})
	if err != nil {
		return err
	}
	if got, want := string(aggregate.EncodeRow(rows[id])), string(aggregate.EncodeRow(snap.Root)); got != want {
		return fmt.Errorf("%v: the tables hold\n%s\nand revision %d says\n%s", id, got, number, want)
	}
	return nil
}

// LiveDocument is a document as live has it.
type LiveDocument struct {
	Effective domain.Marking
	Content   string // all that it says by itself
	RefersTo  []domain.ID
}

// LiveDocuments are all documents in live.
func LiveDocuments(ctx context.Context, s *store.Stores) (map[domain.ID]LiveDocument, error) {
	all := map[domain.ID]LiveDocument{}
	for _, t := range domain.Types() {
		var ids []domain.ID
		err := store.QueryRows(ctx, s.LiveRows(), "SELECT id, effective_marking, version, updated_at FROM "+aggregate.TableOf(t).Name, nil, func(rows *sql.Rows) error {
			var id domain.ID
			var d LiveDocument
			var version int
			var updated time.Time
			err := rows.Scan(&id, &d.Effective, &version, &updated)
			d.Content = fmt.Sprint(version, updated.UTC())
			all[id] = d
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
		rows, err := aggregate.Load(ctx, s.LiveRows(), t, ids)
		if err != nil {
			return nil, err
		}
		for id, r := range rows {
			d := all[id]
			d.Content += string(aggregate.EncodeRow(r))
			d.RefersTo = r.Targets(aggregate.TableOf(t))
			all[id] = d
		}
	}
	return all, nil
}

// LiveTextsNamingHigher lists the breaches of the rule that no live text names a
// document with a higher marking. It reads only live itself and the desk's slugs.
func LiveTextsNamingHigher(ctx context.Context, s *store.Stores) string {
	desk, live := s.DeskRows(), s.LiveRows()
	markings := map[domain.ID]domain.Marking{}
	loaded := map[domain.ID]*aggregate.Row{}
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(ctx, live, "SELECT id FROM "+aggregate.TableOf(t).Name)
		if err != nil {
			return err.Error()
		}
		rows, err := aggregate.Load(ctx, live, t, ids)
		if err != nil {
			return err.Error()
		}
		for id, r := range rows {
			markings[id] = domain.Marking(r.Int("marking"))
			loaded[id] = r
		}
	}
	link := regexp.MustCompile(`\[\[([^\]|]+)`)
	var breaches []string
	for id, r := range loaded {
		var named []domain.ID
		r.Walk(aggregate.TableOf(id.Type()), func(t *aggregate.Table, row *aggregate.Row) {
			for _, v := range row.Fields {
				text, _ := v.(string)
				for _, m := range link.FindAllStringSubmatch(text, -1) {
					owners, err := aggregate.Lookup(ctx, desk, domain.Entity, []string{m[1]})
					if err != nil {
						breaches = append(breaches, err.Error())
					}
					named = append(named, owners[m[1]])
				}
			}
			if t.Name == "footnotes" {
				named = append(named, row.Ref("source_id"))
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

// OrderedSet is an owned list of a type of document, with inputs of a document
// that has two elements in it.
type OrderedSet struct {
	Type     domain.Type
	Path     string         // in a diff: "tags", "items[0].tags"
	Derived  bool           // the rows follow from a text and are not given
	Input    map[string]any // with the elements in one order
	Reversed map[string]any // the top list of the path, with the elements the other way round
}

// OrderedSets are all lists that documents own, from the model. References of
// the inputs are to documents whose slugs are "one" and "two".
func OrderedSets() []OrderedSet {
	var all []OrderedSet
	for _, t := range domain.Types() {
		s := aggregate.SpecOf(t)
		for _, set := range s.Lists {
			all = append(all, OrderedSet{Type: t, Path: set.Name + set.DiffName, Derived: set.Name == "",
				Input:    with(sampleRow(s.Fields, "one"), set.Name, samples(set, "one", "two")),
				Reversed: map[string]any{set.Name: samples(set, "two", "one")}})
			for _, inner := range set.Lists {
				one := func(order ...string) []any {
					return []any{with(sampleRow(set.Fields, "one"), inner.Name, samples(inner, order...))}
				}
				all = append(all, OrderedSet{Type: t, Path: set.Name + "[0]." + inner.Name,
					Input:    with(sampleRow(s.Fields, "one"), set.Name, one("one", "two")),
					Reversed: map[string]any{set.Name: one("two", "one")}})
				if len(inner.Lists) > 0 {
					panic("editorialtest: lists three deep: OrderedSets goes two deep")
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

func samples(set aggregate.ListSpec, order ...string) []any {
	var out []any
	for _, name := range order {
		if set.Target != 0 {
			out = append(out, name)
		} else {
			out = append(out, sampleRow(set.Fields, name))
		}
	}
	return out
}

// sampleRow has a value in each required field, and in the first of the others
// where no required one takes a name.
func sampleRow(fields []aggregate.FieldSpec, name string) map[string]any {
	out := map[string]any{}
	for _, f := range fields {
		if !f.Required {
			continue
		}
		switch f.Kind {
		case aggregate.KindEnum:
			out[f.Name] = f.Values[0]
		case aggregate.KindLanguage:
			out[f.Name] = "en"
		case aggregate.KindDate:
			out[f.Name] = "2020"
		case aggregate.KindNumber:
			out[f.Name] = int64(f.Min)
		case aggregate.KindURL:
			out[f.Name] = "https://example.org/" + name
		case aggregate.KindMediaType:
			out[f.Name] = "image/png"
		default:
			out[f.Name] = name
		}
	}
	if out["from"] != nil {
		out["to"] = "two" // a relationship has two ends
	}
	return out
}

// ReindexLive rebuilds the desk's index of live, and returns how it differs from the
// former one. It uses [editorial.Desk.Prepare], which makes the index if the log has
// no identity; the log keeps the identity that it has.
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
	log, err := projection.ReadLog(ctx, s.DeskRows())
	if err != nil {
		return "", err
	}
	exec := func(statement string, args ...any) error {
		return s.Desk(ctx, func(ctx context.Context, tx *store.Tx) error { return store.Exec(ctx, tx, statement, args...) })
	}
	if err := exec("DELETE FROM publication_log"); err != nil {
		return "", err
	}
	live := projection.New(s, slog.New(slog.DiscardHandler), time.Now)
	defer live.Close()
	if err := editorial.New(s, live, slog.New(slog.DiscardHandler), time.Now).Prepare(ctx); err != nil {
		return "", err
	}
	if err := exec("UPDATE publication_log SET identity = ?", log.Identity); err != nil {
		return "", err
	}
	after, err := read()
	if err != nil {
		return "", err
	}
	return cmp.Diff(before, after), nil
}
