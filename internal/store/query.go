package store

import (
	"context"
	"database/sql"

	"github.com/redthread-api/redthread/internal/domain"
)

// QueryRows runs a query with ? for its parameters, and calls scan for each row.
func QueryRows(ctx context.Context, db Rows, query string, args []any, scan func(*sql.Rows) error) error {
	rows, err := db.Query(ctx, Bind(db.Dialect(), query), args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// QueryIDs runs a query whose only column is an id of a document or row.
func QueryIDs(ctx context.Context, db Rows, query string, args ...any) ([]domain.ID, error) {
	var ids []domain.ID
	err := QueryRows(ctx, db, query, args, func(rows *sql.Rows) error {
		var id domain.ID
		err := rows.Scan(&id)
		ids = append(ids, id)
		return err
	})
	return ids, err
}

// Exec runs a statement with ? for its parameters.
func Exec(ctx context.Context, tx *Tx, statement string, args ...any) error {
	_, err := tx.Exec(ctx, Bind(tx.Dialect(), statement), args...)
	return err
}

// ExecSet runs a statement that ends in the column which must be one of ids:
// "DELETE FROM aliases WHERE document_id". Without ids it does nothing.
func ExecSet(ctx context.Context, tx *Tx, statement string, ids []domain.ID, before ...any) error {
	if len(ids) == 0 {
		return nil
	}
	return Exec(ctx, tx, statement+InSet(tx.Dialect()), append(before, IDSet(tx.Dialect(), ids))...)
}
