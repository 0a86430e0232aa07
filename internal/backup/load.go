package backup

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/schema/field"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Checked is a dump that was read from its begin to its end.
type Checked struct {
	from   io.ReadSeeker
	head   header
	totals Totals
}

// Check reads a dump, and compares its checksum and counts. A dump that is damaged, cut off or none at all is
// [domain.ErrInvalid].
func Check(ctx context.Context, from io.ReadSeeker) (*Checked, error) {
	head, totals, err := verify(ctx, from)
	if err != nil {
		return nil, err
	}
	return &Checked{from, head, totals}, nil
}

// LoadParams say how a load is followed.
type LoadParams struct {
	Progress func(count int64) // called with the number of rows so far, for each; may be nil
	// Finish is called in the transaction that writes the desk, after all rows; it may be nil. asOf is when the dump was made.
	Finish func(ctx context.Context, tx *store.Tx, asOf time.Time) error
}

// MustBeEmpty returns [domain.ErrConflict] if the desk of stores holds anything.
func MustBeEmpty(ctx context.Context, stores *store.Stores) error {
	used, err := inUse(ctx, stores)
	if err == nil && used != "" {
		err = domain.Conflict("the desk is not empty (it has %s), and is never replaced: take it away first", used)
	}
	return err
}

// Load puts a dump into new stores, on either engine. Each store is written in one transaction, the desk last: until that has committed,
// the desk is as empty as before, and Load may be called again.
//
// A desk that holds anything is [domain.ErrConflict], and so is a dump of another schema than the
// binary's. The search index is to be built afterwards.
func Load(ctx context.Context, stores *store.Stores, dump *Checked, p LoadParams) (Totals, error) {
	from, head, totals := dump.from, dump.head, dump.totals
	schema, err := schemaOf(ctx, stores)
	if err != nil {
		return totals, err
	}
	if err := MustBeEmpty(ctx, stores); err != nil {
		return totals, err
	}
	if !maps.Equal(head.Schema, schema) {
		return totals, domain.Conflict("the dump was written by %s, whose schema is another one: load it with that version, and start this version on the stores then",
			head.Version)
	}
	if _, err := from.Seek(0, io.SeekStart); err != nil {
		return totals, err
	}
	r := newReader(from)
	if _, _, err := r.line(); err != nil { // the header
		return totals, err
	}
	source := &rowSource{reader: r, progress: p.Progress}
	for _, stage := range []domain.Stage{domain.Live, domain.Desk} {
		tables, err := stores.RowTables(ctx, stage)
		if err != nil {
			return totals, err
		}
		if err := source.begin(stage, tables); err != nil {
			return totals, err
		}
		var finish func(context.Context, *store.Tx) error
		if stage == domain.Desk && p.Finish != nil {
			finish = func(ctx context.Context, tx *store.Tx) error { return p.Finish(ctx, tx, totals.At) }
		}
		if err := stores.WriteRows(ctx, stage, source.next, finish); err != nil {
			return totals, fmt.Errorf("load %s: %w", stageName(stage), err)
		}
	}
	return totals, nil
}

// ignored are tables of the desk in which the start of a server on empty stores writes.
var ignored = map[string]bool{"publication_log": true, "newsletter_keys": true}

var errUsed = errors.New("in use")

// inUse returns the name of a table of the desk that has rows; empty if there is none.
func inUse(ctx context.Context, stores *store.Stores) (table string, err error) {
	err = stores.ReadRows(ctx, domain.Desk, func(t *db.Table, _ []any) error {
		if ignored[t.Name] {
			return nil
		}
		table = strings.ReplaceAll(t.Name, "_", " ")
		return errUsed
	})
	if errors.Is(err, errUsed) {
		err = nil
	}
	return table, err
}

// reader reads the lines of a dump.
type reader struct {
	lines *bufio.Reader
	buf   []byte
	n     int // of the line that was read last
}

func newReader(r io.Reader) *reader { return &reader{lines: bufio.NewReaderSize(r, 1<<16)} }

// line returns the next line, with the line feed as far as there is one. It is valid until the next call.
func (r *reader) line() (line []byte, n int, err error) {
	r.buf = r.buf[:0]
	for {
		part, err := r.lines.ReadSlice('\n')
		r.buf = append(r.buf, part...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err == io.EOF && len(r.buf) > 0:
			r.n++
			return r.buf, r.n, nil
		case err != nil:
			return nil, r.n, err
		}
		r.n++
		return r.buf, r.n, nil
	}
}

// verify reads a dump from its begin to its end, and compares its totals.
func verify(ctx context.Context, from io.Reader) (header, Totals, error) {
	var head header
	r := newReader(from)
	line, _, err := r.line()
	if err != nil && err != io.EOF {
		return head, Totals{}, err
	}
	if err := json.Unmarshal(line, &head); err != nil || head.Dump != "dump" {
		return head, Totals{}, domain.Invalid("this is no dump of Redthread: its first line is no header")
	}
	if head.Format != dumpFormat {
		return head, Totals{}, domain.Invalid("the dump has format %d, and this version reads format %d", head.Format, dumpFormat)
	}
	sum := sha256.New()
	sum.Write(line)
	rows := map[string]int64{}
	for ctx.Err() == nil {
		line, n, err := r.line()
		if err == io.EOF {
			return head, Totals{}, domain.Invalid("the dump ends after line %d without its last line: it was cut off", n)
		}
		if err != nil {
			return head, Totals{}, err
		}
		if bytes.HasPrefix(line, []byte(`{"end"`)) {
			var foot footer
			if err := json.Unmarshal(line, &foot); err != nil || foot.End == nil {
				return head, Totals{}, domain.Invalid("line %d of the dump is not valid", n)
			}
			if foot.End.SHA256 != hexSum(sum) || !maps.Equal(foot.End.Rows, rows) {
				return head, *foot.End, domain.Invalid("the dump is damaged: its checksum or its counts are not those of its last line")
			}
			if _, _, err := r.line(); err != io.EOF {
				return head, *foot.End, domain.Invalid("the dump has lines after its last one, from line %d on", n+1)
			}
			foot.End.At = head.At
			return head, *foot.End, nil
		}
		var key struct{ Store, Type string }
		if err := json.Unmarshal(line, &key); err != nil || key.Type == "" {
			return head, Totals{}, domain.Invalid("line %d of the dump is not valid", n)
		}
		rows[key.Store+"."+key.Type]++
		sum.Write(line)
	}
	return head, Totals{}, ctx.Err()
}

// rowSource returns the rows of one store after the other.
type rowSource struct {
	*reader
	stage    domain.Stage
	tables   map[string]*db.Table
	progress func(int64)
	count    int64

	pending *row // the first row of the next store
	done    bool
	values  []any
}

type row struct {
	Store string                     `json:"store"`
	Type  string                     `json:"type"`
	Row   map[string]json.RawMessage `json:"row"`
}

func (s *rowSource) begin(stage domain.Stage, tables []db.Table) error {
	s.stage, s.tables = stage, map[string]*db.Table{}
	for i := range tables {
		s.tables[tables[i].Name] = &tables[i]
	}
	return nil
}

// next implements the argument of WriteRows.
func (s *rowSource) next() (*db.Table, []any, error) {
	r := s.pending
	if s.pending = nil; r == nil {
		if s.done {
			return nil, nil, nil
		}
		line, n, err := s.line()
		if err != nil {
			return nil, nil, err
		}
		if bytes.HasPrefix(line, []byte(`{"end"`)) {
			s.done = true
			return nil, nil, nil
		}
		r = &row{}
		if err := json.Unmarshal(line, r); err != nil {
			return nil, nil, domain.Invalid("line %d of the dump is not valid", n)
		}
	}
	if r.Store != stageName(s.stage) {
		s.pending = r
		return nil, nil, nil
	}
	t := s.tables[r.Type]
	if t == nil {
		return nil, nil, domain.Invalid("line %d of the dump is of type %q, which %s does not have", s.n, r.Type, r.Store)
	}
	if err := s.decode(t, r); err != nil {
		return nil, nil, err
	}
	if s.count++; s.progress != nil {
		s.progress(s.count)
	}
	return t, s.values, nil
}

func (s *rowSource) decode(t *db.Table, r *row) error {
	s.values = s.values[:0]
	for _, c := range t.Columns {
		text, ok := r.Row[c.Name]
		if !ok {
			return domain.Invalid("line %d of the dump has no %q", s.n, c.Name)
		}
		v, err := decodeValue(c.Type, text)
		if err != nil || v == nil && !c.Nullable {
			return domain.Invalid("line %d of the dump has no valid %q", s.n, c.Name)
		}
		s.values = append(s.values, v)
	}
	if len(r.Row) > len(t.Columns) {
		unknown := slices.Sorted(maps.Keys(r.Row))
		unknown = slices.DeleteFunc(unknown, func(name string) bool {
			return slices.ContainsFunc(t.Columns, func(c db.Column) bool { return c.Name == name })
		})
		return domain.Invalid("line %d of the dump has %q, which %s does not have", s.n, unknown[0], t.Name)
	}
	return nil
}

// decodeValue returns a value in the form of store.ReadRows.
func decodeValue(of field.Type, text json.RawMessage) (any, error) {
	if string(text) == "null" {
		return nil, nil
	}
	switch of {
	case field.TypeJSON:
		return text, nil
	case field.TypeBool:
		return decoded[bool](text)
	case field.TypeFloat64:
		return decoded[float64](text)
	case field.TypeString:
		return decoded[string](text)
	case field.TypeTime:
		return decoded[time.Time](text)
	case field.TypeBytes:
		encoded, err := decoded[string](text)
		if err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(encoded)
	}
	return decoded[int64](text)
}

func decoded[T any](text json.RawMessage) (v T, err error) {
	err = json.Unmarshal(text, &v)
	return v, err
}
