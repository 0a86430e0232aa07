package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"entgo.io/ent/dialect"
	"entgo.io/ent/schema/field"
	"github.com/jackc/pgx/v5"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
)

// derivedTables have what is made anew from the other tables: the search index.
var derivedTables = []string{"search_blocks", "search_pending", "search_segments", "search_state", "search_unit_blocks", "search_units"}

// RowTables returns the tables of a store that [Stores.ReadRows] reads and
// [Stores.WriteRows] writes: those of the ent schema, without the search index, each after all
// those that its foreign keys refer to. The first column of each is its primary key.
//
// Tables of jobs are not among them: jobs are enqueued anew from what they are about.
func (s *Stores) RowTables(ctx context.Context, stage domain.Stage) ([]db.Table, error) {
	present := map[string]db.Table{}
	var names []string
	for _, t := range db.Tables() {
		exists, err := s.hasTable(ctx, s.readPool(s.targetOf(stage)), t.Name)
		if err != nil {
			return nil, err
		}
		if exists && !slices.Contains(derivedTables, t.Name) {
			present[t.Name] = t
			names = append(names, t.Name)
		}
	}
	var ordered []db.Table
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		t, ok := present[name]
		if !ok || seen[name] {
			return
		}
		seen[name] = true
		for _, key := range t.ForeignKeys {
			visit(key.RefTable)
		}
		ordered = append(ordered, t)
	}
	for _, name := range names {
		visit(name)
	}
	return ordered, nil
}

func (s *Stores) targetOf(stage domain.Stage) target {
	if stage == domain.Live {
		return target{"live", s.liveWrite}
	}
	return target{"desk", s.deskWrite}
}

// ReadRows calls fn for each row of the tables of a store, in one snapshot: the tables in the order of
// [Stores.RowTables], the rows of each in the order of their primary keys. The values are those of the
// table's columns, the same from both engines: nil, int64, float64, bool, string, []byte, [json.RawMessage]
// in the form that encoding/json gives to what it decodes, or a [time.Time] in UTC. fn must not keep them.
func (s *Stores) ReadRows(ctx context.Context, stage domain.Stage, fn func(t *db.Table, values []any) error) error {
	tables, err := s.RowTables(ctx, stage)
	if err != nil {
		return err
	}
	p := s.readPool(s.targetOf(stage))
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer conn.Close() // returns it to the pool
	var options *sql.TxOptions
	if s.postgres() {
		options = &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	}
	tx, err := conn.BeginTx(ctx, options)
	if err != nil {
		return translate(err)
	}
	defer tx.Rollback() // it reads only
	for i := range tables {
		if err := readTable(ctx, tx, &tables[i], fn); err != nil {
			return fmt.Errorf("read table %s: %w", tables[i].Name, err)
		}
	}
	return nil
}

func readTable(ctx context.Context, tx *sql.Tx, t *db.Table, fn func(*db.Table, []any) error) error {
	names := columnNames(t)
	for i, name := range names {
		names[i] = `"` + name + `"`
	}
	rows, err := tx.QueryContext(ctx, fmt.Sprintf(`SELECT %s FROM %q ORDER BY %s`, strings.Join(names, ", "), t.Name, names[0]))
	if err != nil {
		return translate(err)
	}
	defer rows.Close()
	scanned, values := make([]any, len(names)), make([]any, len(names))
	targets := make([]any, len(names))
	for i := range targets {
		targets[i] = &scanned[i]
	}
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return translate(err)
		}
		for i, v := range scanned {
			if values[i], err = plainValue(t.Columns[i].Type, v); err != nil {
				return fmt.Errorf("column %s of row %v: %w", t.Columns[i].Name, scanned[0], err)
			}
		}
		if err := fn(t, values); err != nil {
			return err
		}
	}
	return translate(rows.Err())
}

func columnNames(t *db.Table) []string {
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = c.Name
	}
	return names
}

// plainValue returns what a driver has read from a column in the form of ReadRows.
func plainValue(of field.Type, v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	switch of {
	case field.TypeJSON:
		var text []byte
		switch v := v.(type) {
		case string:
			text = []byte(v)
		case []byte:
			text = v
		default:
			return nil, fmt.Errorf("JSON is of type %T", v)
		}
		// Decoded and encoded again, because PostgreSQL orders members in a way of its own.
		var decoded any
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&decoded); err != nil {
			return nil, err
		}
		encoded, err := json.Marshal(decoded)
		return json.RawMessage(encoded), err
	case field.TypeBool:
		if n, ok := v.(int64); ok {
			return n != 0, nil
		}
	case field.TypeFloat64:
		if n, ok := v.(int64); ok {
			return float64(n), nil
		}
	case field.TypeTime:
		if t, ok := v.(time.Time); ok {
			return t.UTC(), nil
		}
	case field.TypeString:
		if b, ok := v.([]byte); ok {
			return string(b), nil
		}
	case field.TypeBytes:
		if text, ok := v.(string); ok {
			return []byte(text), nil
		}
	}
	return v, nil
}

// WriteRows replaces all rows of a store by what next returns, in one transaction: rows in the order of
// ReadRows, values in its form. next returns a nil table at the end. WriteRows calls finish, if it is not nil, in the transaction,
// after the last row.
//
// The store must be of this binary's schema, and nothing else may use it. Sequences go on behind the highest key.
func (s *Stores) WriteRows(ctx context.Context, stage domain.Stage, next func() (*db.Table, []any, error), finish func(context.Context, *Tx) error) error {
	tables, err := s.RowTables(ctx, stage)
	if err != nil {
		return err
	}
	lock := lockDesk
	if stage == domain.Live {
		lock = lockLive
	}
	// Not with inTx: next cannot be called again for another attempt.
	return tryTx(ctx, s.targetOf(stage).pool, lock, func(ctx context.Context, tx *Tx) error {
		names := slices.Clone(derivedTables)
		for _, t := range slices.Backward(tables) {
			names = append(names, t.Name)
		}
		for _, name := range names {
			if err := emptyTable(ctx, tx, name); err != nil {
				return fmt.Errorf("empty table %s: %w", name, err)
			}
		}
		w := &rowWriter{tx: tx, next: next}
		if err := w.write(ctx, tables); err != nil {
			return err
		}
		if finish == nil {
			return nil
		}
		return finish(ctx, tx)
	})
}

// emptyTable deletes the rows of a table, if it has any: the audit log refuses the statement as such.
func emptyTable(ctx context.Context, tx *Tx, name string) error {
	ids, err := QueryIDs(ctx, tx, fmt.Sprintf("SELECT 1 FROM %q LIMIT 1", name))
	if err != nil || len(ids) == 0 {
		return err
	}
	_, err = tx.Exec(ctx, fmt.Sprintf("DELETE FROM %q", name))
	return err
}

// rowWriter writes rows that come one after the other, all of a table in a row.
type rowWriter struct {
	tx   *Tx
	next func() (*db.Table, []any, error)

	table  *db.Table // of the row that was read ahead; nil at the end
	values []any
}

func (w *rowWriter) advance() (err error) {
	w.table, w.values, err = w.next()
	return err
}

func (w *rowWriter) write(ctx context.Context, tables []db.Table) error {
	if err := w.advance(); err != nil {
		return err
	}
	for i := range tables {
		t := &tables[i]
		if w.table == nil || w.table.Name != t.Name {
			continue
		}
		writeTable := w.insert
		if w.tx.Dialect() == dialect.Postgres {
			writeTable = w.copy
		}
		if err := writeTable(ctx, t); err != nil {
			return fmt.Errorf("write table %s: %w", t.Name, err)
		}
	}
	if w.table != nil {
		return domain.Invalid("the rows of table %s are not in the order of a dump", w.table.Name)
	}
	return nil
}

// maxParameters bounds the parameters of a statement of SQLite.
const maxParameters = 900

// insert writes the rows of a table of SQLite, several in a statement.
func (w *rowWriter) insert(ctx context.Context, t *db.Table) error {
	// A row may refer to a later one of the same table, such as a tag to its parent.
	if _, err := w.tx.Exec(ctx, "PRAGMA defer_foreign_keys = 1"); err != nil {
		return err
	}
	width := len(t.Columns)
	most := max(1, maxParameters/width)
	one := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
	head := fmt.Sprintf(`INSERT INTO %q ("%s") VALUES `, t.Name, strings.Join(columnNames(t), `", "`))
	full := head + strings.TrimSuffix(strings.Repeat(one+",", most), ",")
	var args []any
	flush := func() error {
		if len(args) == 0 {
			return nil
		}
		statement := full
		if n := len(args) / width; n < most {
			statement = head + strings.TrimSuffix(strings.Repeat(one+",", n), ",")
		}
		_, err := w.tx.Exec(ctx, statement, args...)
		args = args[:0]
		return err
	}
	for w.table != nil && w.table.Name == t.Name {
		for _, v := range w.values {
			if raw, ok := v.(json.RawMessage); ok {
				v = string(raw)
			}
			args = append(args, v)
		}
		if len(args) == most*width {
			if err := flush(); err != nil {
				return err
			}
		}
		if err := w.advance(); err != nil {
			return err
		}
	}
	return flush()
}

// copy writes the rows of a table of PostgreSQL with one COPY, at whose end foreign keys are checked.
func (w *rowWriter) copy(ctx context.Context, t *db.Table) error {
	err := w.tx.withPgx(ctx, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{t.Name}, columnNames(t), &copySource{w: w, table: t})
		return translate(err)
	})
	if err != nil {
		return err
	}
	key := t.Columns[0].Name
	_, err = w.tx.Exec(ctx, fmt.Sprintf(`SELECT setval(seq, greatest((SELECT coalesce(max(%[2]q), 0) FROM %[1]q), 1))
		FROM (SELECT pg_get_serial_sequence('%[1]s', '%[2]s') AS seq) AS s WHERE seq IS NOT NULL`, t.Name, key))
	return err
}

// copySource is the rows of one table as the source of a COPY.
type copySource struct {
	w     *rowWriter
	table *db.Table
	begun bool
	err   error
}

func (c *copySource) Next() bool {
	if c.begun {
		if c.err = c.w.advance(); c.err != nil {
			return false
		}
	}
	c.begun = true
	return c.w.table != nil && c.w.table.Name == c.table.Name
}

func (c *copySource) Values() ([]any, error) { return c.w.values, nil }
func (c *copySource) Err() error             { return c.err }
