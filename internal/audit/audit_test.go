package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

var (
	moment = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	clock  = storetest.NewClock(moment)
	editor = &domain.Viewer{Name: "Ada", Role: domain.Editor, KeyID: domain.NewID(domain.Key, moment)}
)

// as returns the context of a viewer's request.
func as(t *testing.T, v *domain.Viewer) context.Context {
	ctx := domain.WithRequestID(domain.WithViewer(t.Context(), v), "req-1")
	return domain.WithClient(ctx, netip.MustParseAddr("203.0.113.77"))
}

func entries(t *testing.T, s *store.Stores) []*db.AuditEntry {
	t.Helper()
	ctx := domain.WithStage(domain.AsSystem(t.Context(), "test"), domain.Desk)
	rows, err := s.Client(ctx).AuditEntry.Query().Order(auditentry.ByID()).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestAppend(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		document := domain.NewID(domain.Report, moment)
		for range 2 {
			if err := s.Desk(as(t, editor), func(ctx context.Context, tx *store.Tx) error {
				return audit.Append(ctx, tx, moment, audit.Entry{Action: audit.Publish, Subject: "x", Documents: []domain.ID{document}, Detail: "y"})
			}); err != nil {
				t.Fatal(err)
			}
		}
		got := entries(t, s)
		if len(got) != 2 || got[0].ID != 1 || got[1].ID != 2 {
			t.Fatalf("the sequence has a gap: %v", got)
		}
		e := got[0]
		line := fmt.Sprint(e.At.Equal(moment), e.Action, e.Actor, *e.ActorID == editor.KeyID, *e.Subject, e.Documents, *e.Detail, *e.Network, *e.RequestID, e.Times)
		if want := fmt.Sprint(true, "PUBLISH", "Ada", true, "x", []domain.ID{document}, "y", "203.0.113.0/24", "req-1", 1); line != want {
			t.Errorf("got %s, want %s", line, want)
		}
	})
}

func TestAppendRollsBackWithItsTransaction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		failed := domain.Invalid("no")
		if err := s.Desk(as(t, editor), func(ctx context.Context, tx *store.Tx) error {
			if err := audit.Append(ctx, tx, moment, audit.Entry{Action: audit.Publish}); err != nil {
				return err
			}
			return failed
		}); err != failed {
			t.Fatal(err)
		}
		if got := entries(t, s); len(got) != 0 {
			t.Errorf("an act that failed is on the log: %v", got)
		}
	})
}

// The database itself refuses to change or delete entries.
func TestEntriesCannotBeChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		if err := s.Desk(as(t, editor), func(ctx context.Context, tx *store.Tx) error {
			return audit.Append(ctx, tx, moment, audit.Entry{Action: audit.Publish})
		}); err != nil {
			t.Fatal(err)
		}
		for _, statement := range []string{"UPDATE audit_entries SET actor = 'nobody'", "DELETE FROM audit_entries"} {
			err := s.Desk(as(t, editor), func(ctx context.Context, tx *store.Tx) error {
				_, err := tx.Exec(ctx, statement)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: got %v", statement, err)
			}
		}
		if got := entries(t, s); len(got) != 1 || got[0].Actor != "Ada" {
			t.Errorf("got %v", got)
		}
	})
}

func TestBufferMergesEqualEntries(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		var log bytes.Buffer
		buffer := audit.NewBuffer(s, slog.New(slog.NewTextHandler(&log, nil)), clock.Now)
		for range 1000 {
			buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: "MANAGE_ACCESS"})
		}
		buffer.Add(as(t, domain.Anonymous()), audit.Entry{Action: audit.RefuseRight, Detail: "MANAGE_ACCESS"})
		if err := buffer.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		times := map[string]int{}
		for _, e := range entries(t, s) {
			times[e.Actor] = e.Times
		}
		if len(times) != 2 || times["Ada"] != 1000 || times["anonymous"] != 1 {
			t.Errorf("got %v", times)
		}
	})
}

// Many different refusals fill neither the memory nor the desk.
func TestManyRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		buffer := audit.NewBuffer(s, slog.New(slog.DiscardHandler), clock.Now)
		for i := range 5000 {
			buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: fmt.Sprint(i)})
		}
		if err := buffer.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := entries(t, s)
		if last := got[len(got)-1]; len(got) != 1001 || last.Times != 4000 {
			t.Errorf("got %d entries, the last one for %d", len(got), last.Times)
		}
	})
}
