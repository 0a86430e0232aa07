package ddl

import (
	"strings"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"entgo.io/ent/dialect"
	"entgo.io/ent/dialect/sql/schema"
)

// collationC is the collation of PostgreSQL that compares texts as bytes, as
// SQLite does.
const collationC = "C"

// Options returns the options under which the tables of an engine are
// compared with the ent schema. They give every text column of PostgreSQL the
// collation "C", so that lists have the same order in a database of any locale,
// and indexes serve both order and ranges: an index in the database's own
// collation serves neither.
func Options(engine string) []schema.MigrateOption {
	if engine != dialect.Postgres {
		return nil
	}
	return []schema.MigrateOption{schema.WithDiffHook(collateTexts)}
}

// collateTexts sets the collation of each text column, and adds the changes of
// columns with another one: atlas does not compare collations by itself. It also puts
// nulls first in the indexes of orders, where lists and SQLite have them.
func collateTexts(next schema.Differ) schema.Differ {
	return schema.DiffFunc(func(current, desired *atlas.Schema) ([]atlas.Change, error) {
		for _, table := range desired.Tables {
			for _, column := range table.Columns {
				if isText(column) {
					column.SetCollation(collationC)
				}
			}
			for _, index := range table.Indexes {
				nullsFirst(index)
			}
		}
		changes, err := next.Diff(current, desired)
		if err != nil {
			return nil, err
		}
		for _, table := range desired.Tables {
			before, ok := current.Table(table.Name)
			if !ok {
				continue // it is created with the right collation
			}
			if columns := collationChanges(before, table); len(columns) > 0 {
				changes = modifyColumns(changes, table, columns)
			}
		}
		return changes, nil
	})
}

// nullsFirst puts the nulls first in an index of a nullable column and the id.
func nullsFirst(i *atlas.Index) {
	if len(i.Parts) != 2 || i.Parts[0].C == nil || i.Parts[1].C == nil || i.Parts[1].C.Name != "id" {
		return
	}
	first := i.Parts[0]
	if first.Desc || !first.C.Type.Null || isKey(first.C) {
		return
	}
	for _, a := range first.Attrs {
		if property, ok := a.(*postgres.IndexColumnProperty); ok {
			property.NullsFirst, property.NullsLast = true, false
			return
		}
	}
	first.Attrs = append(first.Attrs, &postgres.IndexColumnProperty{NullsFirst: true})
}

// isKey reports whether a column has keys of an order, which are never null when lists are
// read.
func isKey(c *atlas.Column) bool { return strings.HasSuffix(c.Name, "_key") }

func isText(c *atlas.Column) bool {
	if c.Type == nil {
		return false
	}
	_, ok := c.Type.Type.(*atlas.StringType)
	return ok
}

// collationChanges returns the changes of the existing columns that have another
// collation.
func collationChanges(before, after *atlas.Table) []*atlas.ModifyColumn {
	var changes []*atlas.ModifyColumn
	for _, to := range after.Columns {
		from, ok := before.Column(to.Name)
		if ok && isText(to) && collationOf(from) != collationC {
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

// modifyColumns adds column changes to the changes of their table.
func modifyColumns(changes []atlas.Change, table *atlas.Table, columns []*atlas.ModifyColumn) []atlas.Change {
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
		if existing := columnChange(of, column.To.Name); existing != nil {
			existing.Change |= column.Change
		} else {
			of.Changes = append(of.Changes, column)
		}
	}
	return changes
}

func columnChange(m *atlas.ModifyTable, column string) *atlas.ModifyColumn {
	for _, c := range m.Changes {
		if modified, ok := c.(*atlas.ModifyColumn); ok && modified.To.Name == column {
			return modified
		}
	}
	return nil
}
