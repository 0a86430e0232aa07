package store

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"entgo.io/ent/dialect"
)

// Index is an index that the applied migrations of a store make.
type Index struct {
	Name    string
	Table   string
	Columns []string // in order

	unique bool
	text   string // what follows the table in the statement that makes it
}

// create returns the statement that makes the index.
func (i Index) create() string {
	unique := ""
	if i.unique {
		unique = "UNIQUE "
	}
	return fmt.Sprintf(`CREATE %sINDEX IF NOT EXISTS "%s" ON "%s"%s`, unique, i.Name, i.Table, i.text)
}

// DropLiveIndexes drops those of the indexes of live for which of returns true, until [CreateIndexes] makes them anew: a table
// is filled more quickly without. On PostgreSQL it does nothing, since an index cannot be dropped there without waiting for readers.
func DropLiveIndexes(ctx context.Context, tx *Tx, of func(Index) bool) error {
	if tx.Dialect() == dialect.Postgres {
		return nil
	}
	present, err := indexesOf(ctx, tx)
	if err != nil {
		return err
	}
	all, err := appliedIndexes(ctx, tx, "live")
	if err != nil {
		return err
	}
	for _, i := range all {
		if _, there := present[i.Name]; !there || !of(i) {
			continue
		}
		if _, err := tx.Exec(ctx, `DROP INDEX "`+i.Name+`"`); err != nil {
			return fmt.Errorf("drop the index %s: %w", i.Name, err)
		}
	}
	return nil
}

// MissingLiveIndexes returns the indexes of live that the applied migrations make and that are not there, in order of name.
func MissingLiveIndexes(ctx context.Context, db Rows) ([]Index, error) {
	present, err := indexesOf(ctx, db)
	if err != nil {
		return nil, err
	}
	all, err := appliedIndexes(ctx, db, "live")
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(i Index) bool { _, there := present[i.Name]; return there }), nil
}

// CreateIndexes makes indexes of the store, where they are not there. made, if not nil, is called after each.
func CreateIndexes(ctx context.Context, tx *Tx, indexes []Index, made func()) error {
	for _, i := range indexes {
		if _, err := tx.Exec(ctx, i.create()); err != nil {
			return fmt.Errorf("make the index %s: %w", i.Name, err)
		}
		if made != nil {
			made()
		}
	}
	return nil
}

// CreateMissingLiveIndexes makes the indexes of live that are missing, and returns how many.
func CreateMissingLiveIndexes(ctx context.Context, tx *Tx) (int, error) {
	missing, err := MissingLiveIndexes(ctx, tx)
	if err != nil {
		return 0, err
	}
	return len(missing), CreateIndexes(ctx, tx, missing, nil)
}

// CheckIndexes compares the indexes of both stores with those that the applied migrations make, and returns what
// is wrong with each: one that is missing or, on PostgreSQL, was left invalid.
func (s *Stores) CheckIndexes(ctx context.Context) ([]string, error) {
	var wrong []string
	for _, t := range s.targets() {
		db := poolRows{s.readPool(t)}
		wanted, err := appliedIndexes(ctx, db, t.name)
		if err != nil {
			return nil, err
		}
		present, err := indexesOf(ctx, db)
		if err != nil {
			return nil, err
		}
		for _, i := range wanted {
			switch valid, there := present[i.Name]; {
			case !there:
				wrong = append(wrong, fmt.Sprintf("the index %s of the %s is missing", i.Name, storeName(t.name)))
			case !valid:
				wrong = append(wrong, fmt.Sprintf("the index %s of the %s is invalid", i.Name, storeName(t.name)))
			}
		}
	}
	return wrong, nil
}

func storeName(of string) string {
	if of == "desk" {
		return "desk"
	}
	return "live store"
}

// indexesOf returns the indexes of a store, and whether each is valid.
func indexesOf(ctx context.Context, db Rows) (map[string]bool, error) {
	query := "SELECT name, 1 FROM sqlite_master WHERE type = 'index'"
	if db.Dialect() == dialect.Postgres {
		query = "SELECT c.relname, i.indisvalid AND i.indisready FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid" +
			" WHERE c.relnamespace = current_schema()::regnamespace"
	}
	rows, err := db.Query(ctx, query)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	found := map[string]bool{}
	for rows.Next() {
		var name string
		var valid bool
		if err := rows.Scan(&name, &valid); err != nil {
			return nil, translate(err)
		}
		found[name] = valid
	}
	return found, translate(rows.Err())
}

// appliedIndexes returns the indexes that the applied migrations of a store make, in order of name.
func appliedIndexes(ctx context.Context, db Rows, store string) ([]Index, error) {
	files, err := migrationFiles(db.Dialect(), store)
	if err != nil {
		return nil, err
	}
	applied := map[string]bool{}
	if err := QueryRows(ctx, db, "SELECT version FROM schema_migrations", nil, func(rows *sql.Rows) error {
		var version string
		err := rows.Scan(&version)
		applied[version] = true
		return err
	}); err != nil {
		return nil, translate(err)
	}
	indexes := map[string]Index{}
	for _, f := range files {
		if !applied[f.Version()] {
			continue
		}
		statements, err := f.Stmts()
		if err != nil {
			return nil, err
		}
		for _, statement := range statements {
			replayIndex(indexes, strings.TrimSpace(statement))
		}
	}
	all := make([]Index, 0, len(indexes))
	for _, name := range slices.Sorted(maps.Keys(indexes)) {
		all = append(all, indexes[name])
	}
	return all, nil
}

// The statements of migrations that make or drop indexes. The code generator writes them, so their form is known.
var (
	indexStatement = regexp.MustCompile("(?s)^(CREATE INDEX|CREATE UNIQUE INDEX|DROP INDEX|DROP TABLE|ALTER TABLE) [`\"]([^`\"]+)[`\"](?: (ON|RENAME TO) [`\"]([^`\"]+)[`\"](.*))?")
	droppedColumn  = regexp.MustCompile("DROP COLUMN [`\"]([^`\"]+)[`\"]")
	quotedColumn   = regexp.MustCompile("[`\"]([^`\"]+)[`\"]")
)

// indexColumns returns the columns of an index, from what follows the table in its statement.
func indexColumns(text string) []string {
	list, _, _ := strings.Cut(text, ")")
	var columns []string
	for _, m := range quotedColumn.FindAllStringSubmatch(list, -1) {
		columns = append(columns, m[1])
	}
	return columns
}

// replayIndex does to a list of indexes what a statement does to those of the database.
func replayIndex(indexes map[string]Index, statement string) {
	m := indexStatement.FindStringSubmatch(statement)
	if m == nil {
		return
	}
	verb, name, clause, other, rest := m[1], m[2], m[3], m[4], m[5]
	switch {
	case verb == "DROP INDEX":
		delete(indexes, name)
	case verb == "DROP TABLE":
		maps.DeleteFunc(indexes, func(_ string, i Index) bool { return i.Table == name })
	case clause == "ON":
		indexes[name] = Index{Name: name, Table: other, Columns: indexColumns(rest),
			unique: verb == "CREATE UNIQUE INDEX", text: strings.TrimSuffix(rest, ";")}
	case clause == "RENAME TO":
		for key, i := range indexes {
			if i.Table == name {
				i.Table = other
				indexes[key] = i
			}
		}
	default: // the indexes of a column go with it
		for _, m := range droppedColumn.FindAllStringSubmatch(statement, -1) {
			maps.DeleteFunc(indexes, func(_ string, i Index) bool {
				return i.Table == name && slices.Contains(i.Columns, m[1])
			})
		}
	}
}
