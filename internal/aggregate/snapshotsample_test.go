package aggregate_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect/sql/schema"

	"github.com/redthread-api/redthread/ent/db/migrate"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The samples are testdata/snapshots/TYPE-SCHEMA.json: snapshots as they are
// stored, one for each document type and each number that "schema" has had since there
// is the type.
// They all show the same document of a type, with every field and every owned
// table of its schema filled. A sample is never changed. A change that
// raises the number adds samples of the new number; they are also what the
// samples of earlier numbers become when they are read and written again.

func sampleFile(t domain.Type, number int) string {
	return fmt.Sprintf("testdata/snapshots/%v-%d.json", t, number)
}

// firstSchemas are the numbers that were there when types were added; 1 where a type is
// not listed.
var firstSchemas = map[domain.Type]int{domain.Series: 2}

func readSample(t *testing.T, of domain.Type, number int) []byte {
	t.Helper()
	raw, err := os.ReadFile(sampleFile(of, number))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("document type %v has no sample of schema %d: store a snapshot of one, with all fields, as %s", of, number, sampleFile(of, number))
	}
	if err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(raw)
}

// presentSchema is the number that snapshots are written with.
func presentSchema(t *testing.T) int {
	t.Helper()
	snap, err := aggregate.DecodeSnapshot(readSample(t, domain.Tag, 1))
	if err != nil {
		t.Fatal(err)
	}
	var envelope struct{ Schema int }
	if err := json.Unmarshal(snap.Encode(), &envelope); err != nil {
		t.Fatal(err)
	}
	return envelope.Schema
}

func TestSnapshotSamples(t *testing.T) {
	t.Parallel()
	present := presentSchema(t)
	for _, doc := range domain.Types() {
		for number := max(1, firstSchemas[doc]); number <= present; number++ {
			t.Run(fmt.Sprintf("%v-%d", doc, number), func(t *testing.T) {
				t.Parallel()
				raw, want := readSample(t, doc, number), readSample(t, doc, present)
				// Written with spaces it is read by the decoder of earlier
				// schemas, which must agree with the quick one.
				var spaced bytes.Buffer
				if err := json.Indent(&spaced, raw, "", " "); err != nil {
					t.Fatal(err)
				}
				for name, text := range map[string][]byte{"as stored": raw, "with spaces": spaced.Bytes()} {
					snap, err := aggregate.DecodeSnapshot(text)
					if err != nil {
						t.Fatalf("%s: %v", name, err)
					}
					if snap.Type != doc || snap.ID.Type() != doc || snap.Root == nil {
						t.Errorf("%s: got a snapshot of type %v with the id %v, want %v", name, snap.Type, snap.ID, doc)
					}
					if got := snap.Encode(); !bytes.Equal(got, want) {
						t.Errorf("%s: decoded and encoded again it is\n%s\nwant\n%s", name, got, want)
					}
				}
			})
		}
	}
}

// later are samples, by their tables, with columns that the samples of earlier numbers cannot have: a column that may
// be empty does not raise the number.
var later = map[string]string{
	"editions":      "testdata/snapshots/edition-3-compiled.json",
	"narratives":    "testdata/snapshots/narrative-3-platform.json",
	"relationships": "testdata/snapshots/relationship-3-range.json",
}

func TestSnapshotSamplesWithLaterColumns(t *testing.T) {
	t.Parallel()
	for _, file := range later {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		snap, err := aggregate.DecodeSnapshot(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := string(snap.Encode()), strings.TrimSpace(string(raw)); got != want {
			t.Errorf("%s: decoded and encoded again it is\n%s\nwant\n%s", file, got, want)
		}
	}
}

// A column that no sample fills would be lost in an upgrade unseen.
func TestSnapshotSamplesFillEveryColumn(t *testing.T) {
	t.Parallel()
	present := presentSchema(t)
	filled := map[string]map[string]bool{} // by table and column
	for _, doc := range domain.Types() {
		var sample struct{ Root sampleRow }
		if err := json.Unmarshal(readSample(t, doc, present), &sample); err != nil {
			t.Fatal(err)
		}
		sample.Root.fill(aggregate.SpecOf(doc).Table, filled)
	}
	for table, file := range later {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var sample struct{ Root sampleRow }
		if err := json.Unmarshal(raw, &sample); err != nil {
			t.Fatal(err)
		}
		sample.Root.fill(table, filled)
	}
	for _, table := range migrate.Tables {
		columns := snapshotColumns(table)
		if columns == nil {
			continue
		}
		for _, column := range columns {
			if !filled[table.Name][column] {
				t.Errorf("no sample of schema %d fills %s.%s", present, table.Name, column)
			}
		}
		if len(filled[table.Name]) != len(columns) {
			t.Errorf("the samples fill %v of %s, want %v", slices.Sorted(maps.Keys(filled[table.Name])), table.Name, columns)
		}
	}
}

type sampleRow struct {
	Fields map[string]any
	Owned  map[string][]sampleRow
}

func (r sampleRow) fill(table string, filled map[string]map[string]bool) {
	if filled[table] == nil {
		filled[table] = map[string]bool{}
	}
	for column := range r.Fields {
		filled[table][column] = true
	}
	for name, rows := range r.Owned {
		for _, row := range rows {
			row.fill(name, filled)
		}
	}
}

// snapshotColumns are the columns of a document's table, or of one that
// documents own, which snapshots hold; nil for other tables.
func snapshotColumns(table *schema.Table) []string {
	not := map[string]bool{"id": true, "position": true, "owner_published": true, "owner_marking": true}
	document := slices.ContainsFunc(table.Columns, func(c *schema.Column) bool { return c.Name == "effective_marking" })
	owned := false
	for _, key := range table.ForeignKeys {
		if key.OnDelete == schema.Cascade {
			not[key.Columns[0].Name] = true
			owned = owned || key.RefTable.Name != "webhooks" && key.RefTable.Name != "api_keys"
		}
	}
	if !document && !owned {
		return nil
	}
	for _, key := range store.SortKeys() {
		if key.Table == table.Name {
			not[key.Column] = true
		}
	}
	if document {
		for _, name := range []string{"version", "effective_marking", "created_at", "created_by", "updated_at", "updated_by",
			"published_at", "published_by", "live_version", "deleted_at", "deleted_by"} {
			not[name] = true
		}
	}
	columns := []string{}
	for _, c := range table.Columns {
		if !not[c.Name] {
			columns = append(columns, c.Name)
		}
	}
	return columns
}
