package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// Integrity is what the PostgreSQL server knows of the integrity of the database.
type Integrity struct {
	// Checksums reports whether the server's pages have checksums.
	Checksums bool
	// Failures is how many pages had a wrong checksum when they were read.
	Failures    int64
	LastFailure time.Time
	// Indexes is how many indexes were compared with their structure by amcheck; 0 where that is not installed, or may not be used.
	Indexes int
	// Damaged has a text for each index that amcheck found damaged.
	Damaged []string
}

// CheckPostgres returns what the PostgreSQL server knows of the integrity of the database. With indexes, it checks every
// B-tree with amcheck where that is installed.
func (s *Stores) CheckPostgres(ctx context.Context, indexes bool) (Integrity, error) {
	var found Integrity
	var failures sql.NullInt64
	var last sql.NullTime
	err := s.deskWrite.db.QueryRowContext(ctx, "SELECT current_setting('data_checksums') = 'on', checksum_failures, checksum_last_failure"+
		" FROM pg_stat_database WHERE datname = current_database()").Scan(&found.Checksums, &failures, &last)
	if err != nil {
		return found, translate(err)
	}
	found.Failures, found.LastFailure = failures.Int64, last.Time
	if !indexes {
		return found, nil
	}
	var schema string
	err = s.deskWrite.db.QueryRowContext(ctx, "SELECT quote_ident(n.nspname) FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"+
		" WHERE e.extname = 'amcheck'").Scan(&schema)
	if errors.Is(err, sql.ErrNoRows) {
		return found, nil
	}
	if err != nil {
		return found, translate(err)
	}
	return found, s.checkTrees(ctx, schema, &found)
}

// checkTrees checks the B-trees of both stores with the amcheck of a schema.
func (s *Stores) checkTrees(ctx context.Context, schema string, found *Integrity) error {
	rows, err := s.deskWrite.db.QueryContext(ctx, "SELECT c.oid, c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"+
		" JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace"+
		" WHERE n.nspname IN ('desk', 'live') AND a.amname = 'btree' AND i.indisvalid ORDER BY 2")
	if err != nil {
		return translate(err)
	}
	type index struct {
		oid  uint32
		name string
	}
	var all []index
	for rows.Next() {
		var i index
		if err := rows.Scan(&i.oid, &i.name); err != nil {
			return errors.Join(translate(err), rows.Close())
		}
		all = append(all, i)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return translate(err)
	}
	for _, i := range all {
		_, err := s.deskWrite.db.ExecContext(ctx, "SELECT "+schema+".bt_index_check($1::oid::regclass)", i.oid)
		refused, ok := errors.AsType[*pgconn.PgError](err)
		switch {
		case ok && refused.Code == "42501": // insufficient_privilege
			return nil
		case ok && (refused.Code == "XX001" || refused.Code == "XX002"):
			found.Damaged = append(found.Damaged, fmt.Sprintf("the index %s: %s", i.name, refused.Message))
		case err != nil:
			return translate(err)
		}
		found.Indexes++
	}
	return nil
}

// Locale is the locale of a PostgreSQL database.
type Locale struct {
	Encoding, Ctype string
	// Stored is the version of the collation with which the database was made, and Actual the one that the system has now. Both are
	// empty where the locale has no versions.
	Stored, Actual string
}

// Locale returns the locale of the PostgreSQL database.
func (s *Stores) Locale(ctx context.Context) (Locale, error) {
	var l Locale
	err := s.deskWrite.db.QueryRowContext(ctx, "SELECT pg_encoding_to_char(encoding), datctype, coalesce(datcollversion, ''),"+
		" coalesce(pg_database_collation_actual_version(oid), '') FROM pg_database WHERE datname = current_database()").
		Scan(&l.Encoding, &l.Ctype, &l.Stored, &l.Actual)
	return l, translate(err)
}
