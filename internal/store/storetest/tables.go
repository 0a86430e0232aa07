package storetest

import (
	"context"
	"fmt"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/store"
)

// BreakWrites makes writes to a table of the desk fail with an internal error: writes
// of an event (INSERT or UPDATE) for a row that meets a condition, such as
// "NEW.id = 7". It returns a function that repairs the table.
func BreakWrites(tb testing.TB, s *store.Stores, event, table, condition string) (repair func()) {
	tb.Helper()
	name := fmt.Sprintf("broken_%s_%s", table, event)
	create := []string{fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s WHEN %s BEGIN SELECT RAISE(ABORT, 'broken'); END", name, event, table, condition)}
	drop := []string{"DROP TRIGGER " + name}
	if s.Dialect() == dialect.Postgres {
		create = []string{
			fmt.Sprintf("CREATE FUNCTION %s() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'", name),
			fmt.Sprintf("CREATE TRIGGER %s BEFORE %s ON %s FOR EACH ROW WHEN (%s) EXECUTE FUNCTION %[1]s()", name, event, table, condition),
		}
		drop = []string{fmt.Sprintf("DROP TRIGGER %s ON %s", name, table), fmt.Sprintf("DROP FUNCTION %s()", name)}
	}
	execAll(tb, s.Desk, create...)
	return func() { execAll(tb, s.Desk, drop...) }
}

// HideTable renames a table, so that its reads and writes fail. inTx is Desk or Live
// of the stores. It returns a function that restores the name.
func HideTable(tb testing.TB, inTx func(context.Context, func(context.Context, *store.Tx) error) error, table string) (restore func()) {
	tb.Helper()
	execAll(tb, inTx, fmt.Sprintf("ALTER TABLE %s RENAME TO %[1]s_away", table))
	return func() { execAll(tb, inTx, fmt.Sprintf("ALTER TABLE %s_away RENAME TO %[1]s", table)) }
}

func execAll(tb testing.TB, inTx func(context.Context, func(context.Context, *store.Tx) error) error, statements ...string) {
	tb.Helper()
	err := inTx(context.WithoutCancel(tb.Context()), func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}
