#!/usr/bin/env bash
# Atlas plans a new table for an indexed column on SQLite, and in a transaction
# that empties the tables that refer to it.
#
# Versions: ariga.io/atlas v0.36.2-0.20250730182955-2c6300d0a3e1, which
#   entgo.io/ent v0.14.6 plans its migrations with, on modernc.org/sqlite v1.61.1.
#
# Expected: a nullable column and an index over it are ALTER TABLE … ADD COLUMN and
#   CREATE INDEX. Where a table is made anew, rows of other tables stay.
#
# What happens: a column is added in place as long as no index over it is added
#   with it. With an index, the plan makes a new table, copies the rows, drops the
#   old table and renames the new one, between PRAGMA foreign_keys = off and on.
#   SQLite takes no notice of that pragma inside a transaction, and DROP TABLE first
#   deletes all rows of the table: foreign keys with ON DELETE CASCADE then delete
#   the rows of the other tables. No statement fails.
#
# Why it matters: a program that applies each migration in a transaction of its
#   own, as one would to have it whole or not at all, loses data without an error
#   when somebody adds a column and an index in one step. In two steps, the column
#   first, nothing is made anew. What guards: a test that no migration for SQLite
#   has DROP TABLE, or rows counted before and after.
#
# Source: sql/sqlite/migrate.go of atlas, alterable() and copyRows();
#   https://www.sqlite.org/pragma.html#pragma_foreign_keys and
#   https://www.sqlite.org/lang_droptable.html.
#
# Needs Go 1.26 and, the first time, a network. Takes about half a minute.
# Exits with 0 while it is so, else with 1, or with 2 where it could not be found
# out.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod

cat >main.go <<'GO'
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	_ "modernc.org/sqlite"
)

const tables = `
CREATE TABLE documents (id integer PRIMARY KEY, title text NOT NULL);
CREATE TABLE notes (id integer PRIMARY KEY, document_id integer NOT NULL REFERENCES documents (id) ON DELETE CASCADE);
INSERT INTO documents VALUES (1, 'One'), (2, 'Two');
INSERT INTO notes VALUES (10, 1), (11, 1), (12, 2);`

// plan is what Atlas would do to add the column, with an index over it or without.
func plan(ctx context.Context, db *sql.DB, indexed bool) (*migrate.Plan, error) {
	driver, err := sqlite.Open(db)
	if err != nil {
		return nil, err
	}
	now, err := driver.InspectSchema(ctx, "main", nil)
	if err != nil {
		return nil, err
	}
	next, err := driver.InspectSchema(ctx, "main", nil)
	if err != nil {
		return nil, err
	}
	documents, _ := next.Table("documents")
	column := schema.NewNullColumn("sort_key").SetType(&schema.BinaryType{T: "blob"})
	documents.AddColumns(column)
	if indexed {
		documents.AddIndexes(schema.NewIndex("documents_sort_key").AddColumns(column))
	}
	changes, err := driver.SchemaDiff(now, next)
	if err != nil {
		return nil, err
	}
	return driver.PlanChanges(ctx, "sort_key", changes)
}

// apply carries out a plan on a new database, in one transaction, and returns how
// many notes there are then.
func apply(ctx context.Context, file string, indexed bool) (statements []string, notes int, err error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=foreign_keys(1)")
	if err != nil {
		return nil, 0, err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, tables); err != nil {
		return nil, 0, err
	}
	todo, err := plan(ctx, db, indexed)
	if err != nil {
		return nil, 0, err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return nil, 0, err
	}
	for _, change := range todo.Changes {
		statements = append(statements, change.Cmd)
		if _, err := tx.ExecContext(ctx, change.Cmd); err != nil {
			return statements, 0, fmt.Errorf("%s: %w", change.Cmd, err)
		}
	}
	if err := tx.Commit(); err != nil {
		return statements, 0, err
	}
	err = db.QueryRowContext(ctx, "SELECT count(*) FROM notes").Scan(&notes)
	return statements, notes, err
}

func main() {
	ctx := context.Background()
	left := map[bool]int{}
	for _, indexed := range []bool{false, true} {
		statements, notes, err := apply(ctx, filepath.Join(os.Args[1], fmt.Sprint(indexed)+".db"), indexed)
		fmt.Printf("\na column, indexed: %t\n  %s\nof 3 rows that refer to the table, %d are left\n", indexed, strings.Join(statements, "\n  "), notes)
		if err != nil {
			fmt.Println("\nNOT FOUND OUT:", err)
			os.Exit(2)
		}
		left[indexed] = notes
	}
	if left[false] != 3 {
		fmt.Println("\nNOT FOUND OUT: also a column without an index took rows away")
		os.Exit(2)
	}
	if left[true] != 0 {
		fmt.Println("\nCHANGED: the rows of the other table stay")
		os.Exit(1)
	}
	fmt.Println("\nAS STATED: with an index the table was made anew, and the rows that refer to it were deleted")
}
GO

go mod init finding.example/atlas-sqlite-indexed-column >log 2>&1 &&
	go get ariga.io/atlas@v0.36.2-0.20250730182955-2c6300d0a3e1 modernc.org/sqlite@v1.61.1 >>log 2>&1 &&
	go build -o finding . >>log 2>&1 || {
	cat log
	echo "NOT FOUND OUT: the program could not be built"
	exit 2
}
./finding "$dir"
