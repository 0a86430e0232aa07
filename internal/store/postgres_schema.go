package store

import (
	"context"
	"fmt"
)

// collationC is the collation of PostgreSQL that compares texts as bytes, as
// SQLite does.
const collationC = "C"

// checkSchema returns an error if new tables would be created in another schema
// than the store's.
func checkSchema(ctx context.Context, tx *Tx, want string) error {
	var path string
	var got *string // nil: there is no current schema
	if err := tx.tx.QueryRowContext(ctx, "SELECT current_schema(), current_setting('search_path')").Scan(&got, &path); err != nil {
		return fmt.Errorf("read the current schema: %w", err)
	}
	if got == nil || *got != want {
		return &unusableError{fmt.Sprintf("tables would not be created in the schema %s: search_path is %q", want, path)}
	}
	return nil
}

// collateMigrations sets the collation of the table of applied migrations, which
// older versions created without it.
func collateMigrations(ctx context.Context, tx *Tx) error {
	var other bool
	if err := tx.tx.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM pg_attribute a JOIN pg_collation c ON c.oid = a.attcollation"+
		" WHERE a.attrelid = 'schema_migrations'::regclass AND a.attnum > 0 AND c.collname <> $1)", collationC).Scan(&other); err != nil || !other {
		return err
	}
	_, err := tx.Exec(ctx, `ALTER TABLE schema_migrations ALTER COLUMN version TYPE text COLLATE "C", ALTER COLUMN checksum TYPE text COLLATE "C"`)
	return err
}
