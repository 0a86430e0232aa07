package search

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redthread-api/redthread/internal/store"
)

// rows reads from the tables of an index. All statements that read have a number as their first column
// and bytes as their second, if any.
type rows interface {
	dialect() string
	// read calls each for each row. data is valid until it returns.
	read(ctx context.Context, query string, width int, args []any, each func(n int64, data []byte) error) error
}

// stageRows reads the store of the stage of ctx, in its snapshot.
type stageRows struct{ *store.Stores }

func (s stageRows) dialect() string { return s.Dialect() }

func (s stageRows) read(ctx context.Context, query string, width int, args []any, each func(n int64, data []byte) error) error {
	values, err := s.ReadValues(ctx, store.Bind(s.Dialect(), query), args, width)
	if err != nil {
		return fmt.Errorf("read the search index: %w", err)
	}
	for i := 0; i < values.Len(); i += width {
		var data []byte
		if width > 1 {
			data = values.At(i + 1).Text
		}
		if err := each(values.At(i).Int(), data); err != nil {
			return err
		}
	}
	return nil
}

func (s stageRows) readTexts(ctx context.Context, query string, width int, args []any, each func(n int64, texts []string) error) error {
	values, err := s.ReadValues(ctx, store.Bind(s.Dialect(), query), args, width)
	if err != nil {
		return fmt.Errorf("read for a search: %w", err)
	}
	texts := make([]string, width-1)
	for i := 0; i < values.Len(); i += width {
		for j := range texts {
			texts[j] = string(values.At(i + 1 + j).Text)
		}
		if err := each(values.At(i).Int(), texts); err != nil {
			return err
		}
	}
	return nil
}

// plainRows reads in a transaction, or outside of one.
type plainRows struct{ store.Rows }

func (p plainRows) dialect() string { return p.Dialect() }

func (p plainRows) read(ctx context.Context, query string, width int, args []any, each func(n int64, data []byte) error) error {
	err := store.QueryRows(ctx, p.Rows, query, args, func(r *sql.Rows) error {
		var n int64
		var data []byte
		into := []any{&n, &data}
		if err := r.Scan(into[:width]...); err != nil {
			return err
		}
		return each(n, data)
	})
	if err != nil {
		return fmt.Errorf("read the search index: %w", err)
	}
	return nil
}
