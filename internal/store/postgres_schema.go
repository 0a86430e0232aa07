package store

import (
	"context"
	"fmt"

	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
)

// byteOrder is PostgreSQL's collation that compares texts as bytes, as SQLite
// does.
const byteOrder = "C"

// SchemaOptions are the options under which the tables of an engine are
// compared with the ent schema. They give every text column of PostgreSQL the
// collation "C", so that lists are in the same order in a database of any
// locale, and indexes serve both order and ranges: an index in the database's
// own collation serves neither.
func SchemaOptions(engine string) []schema.MigrateOption {
	if engine != dialect.Postgres {
		return nil
	}
	return []schema.MigrateOption{schema.WithDiffHook(collateTexts)}
}

// collateTexts wants the collation for each text column, and adds what has to
// change for it: atlas does not compare collations by itself.
func collateTexts(next schema.Differ) schema.Differ {
	return schema.DiffFunc(func(current, desired *atlas.Schema) ([]atlas.Change, error) {
		for _, table := range desired.Tables {
			for _, column := range table.Columns {
				if isText(column) {
					column.SetCollation(byteOrder)
				}
			}
		}
		changes, err := next.Diff(current, desired)
		if err != nil {
			return nil, err
		}
		for _, table := range desired.Tables {
			before, ok := current.Table(table.Name)
			if !ok {
				continue // it is created as it is wanted
			}
			if columns := recollated(before, table); len(columns) > 0 {
				changes = modify(changes, table, columns)
			}
		}
		return changes, nil
	})
}

func isText(c *atlas.Column) bool {
	if c.Type == nil {
		return false
	}
	_, ok := c.Type.Type.(*atlas.StringType)
	return ok
}

// recollated are the changes of the columns that are there with another
// collation.
func recollated(before, after *atlas.Table) []*atlas.ModifyColumn {
	var changes []*atlas.ModifyColumn
	for _, to := range after.Columns {
		from, ok := before.Column(to.Name)
		if ok && isText(to) && collationOf(from) != byteOrder {
			changes = append(changes, &atlas.ModifyColumn{From: from, To: to, Change: atlas.ChangeType})
		}
	}
	return changes
}

func collationOf(c *atlas.Column) string {
	for _, a := range c.Attrs {
		if collation, ok := a.(*atlas.Collation); ok {
			return collation.V
		}
	}
	return ""
}

// modify adds changes of columns to those of their table.
func modify(changes []atlas.Change, table *atlas.Table, columns []*atlas.ModifyColumn) []atlas.Change {
	var of *atlas.ModifyTable
	for _, c := range changes {
		if m, ok := c.(*atlas.ModifyTable); ok && m.T.Name == table.Name {
			of = m
		}
	}
	if of == nil {
		of = &atlas.ModifyTable{T: table}
		changes = append(changes, of)
	}
	for _, column := range columns {
		if there := changeOf(of, column.To.Name); there != nil {
			there.Change |= column.Change
		} else {
			of.Changes = append(of.Changes, column)
		}
	}
	return changes
}

func changeOf(m *atlas.ModifyTable, column string) *atlas.ModifyColumn {
	for _, c := range m.Changes {
		if modified, ok := c.(*atlas.ModifyColumn); ok && modified.To.Name == column {
			return modified
		}
	}
	return nil
}

// checkSchema refuses to make tables in another schema than the store's.
func checkSchema(ctx context.Context, tx *Tx, want string) error {
	var path string
	var got *string // there may be none
	if err := tx.tx.QueryRowContext(ctx, "SELECT current_schema(), current_setting('search_path')").Scan(&got, &path); err != nil {
		return fmt.Errorf("look at the schema: %w", err)
	}
	if got == nil || *got != want {
		return &unusable{fmt.Sprintf("tables would not be made in the schema %s: search_path is %q", want, path)}
	}
	return nil
}

// collateMigrations gives the table of what was applied the collation of all
// others, where an older binary has made it.
func collateMigrations(ctx context.Context, tx *Tx) error {
	var other bool
	if err := tx.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"+
		" WHERE a.attrelid = 'schema_migrations'::regclass AND a.attnum > 0 AND c.collname <> $1)", byteOrder).Scan(&other); err != nil || !other {
		return err
	}
	_, err := tx.Exec(ctx, `ALTER TABLE schema_migrations ALTER COLUMN version TYPE text COLLATE "C", ALTER COLUMN checksum TYPE text COLLATE "C"`)
	return err
}
