package bench_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// writer is the baseline of the write benchmarks: two SQLite files with the
// synchronous settings of the desk and live, and with a few tables for reports
// only.
type writer struct{ desk, live *sql.DB }

func newWriter(b *testing.B) *writer {
	dir := b.TempDir()
	w := &writer{
		desk: openPlain(b, filepath.Join(dir, "desk.db"), "&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"),
		live: openPlain(b, filepath.Join(dir, "live.db"), "&_txlock=immediate&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)"),
	}
	for _, db := range []*sql.DB{w.desk, w.live} {
		db.SetMaxOpenConns(1)
		for _, ddl := range []string{
			`CREATE TABLE reports (id integer PRIMARY KEY, slug text UNIQUE, title text, summary text, body text, version int, updated_at datetime)`,
			`CREATE TABLE report_links (report_id integer, kind text, target text, position int, PRIMARY KEY (report_id, kind, position))`,
			`CREATE TABLE revisions (report_id integer, number int, snapshot text, PRIMARY KEY (report_id, number))`,
			`CREATE TABLE log (sequence integer PRIMARY KEY, report_id integer, number int)`,
		} {
			if _, err := db.ExecContext(b.Context(), ddl); err != nil {
				b.Fatal(err)
			}
		}
	}
	return w
}

// save writes one report, its links and a revision in one transaction.
func (w *writer) save(ctx context.Context, i int, fields map[string]any) error {
	tx, err := w.desk.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	var version int
	_ = tx.QueryRowContext(ctx, `SELECT version FROM reports WHERE id = ?`, i).Scan(&version)
	snapshot, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	if err := write(ctx, tx, i, version+1, fields); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT INTO revisions VALUES (?, ?, ?)`, i, version+1, snapshot); err != nil {
		return err
	}
	return tx.Commit()
}

func write(ctx context.Context, tx *sql.Tx, i, version int, f map[string]any) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
		slug = excluded.slug, title = excluded.title, summary = excluded.summary, body = excluded.body,
		version = excluded.version, updated_at = excluded.updated_at`,
		i, f["slug"], f["title"], f["summary"], f["body"], version, time.Now())
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM report_links WHERE report_id = ?`, i); err != nil {
		return err
	}
	for _, kind := range []string{"tags", "entities", "narratives"} {
		for n, target := range f[kind].([]any) {
			if _, err := tx.ExecContext(ctx, `INSERT INTO report_links VALUES (?, ?, ?, ?)`, i, kind, target, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// publish logs a set of reports in one transaction and writes their snapshots
// to live in another.
func (w *writer) publish(ctx context.Context, ids []int) error {
	tx, err := w.desk.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	type document struct {
		id, version int
		fields      map[string]any
	}
	var docs []document
	for _, id := range ids {
		d := document{id: id}
		var raw []byte
		err := tx.QueryRowContext(ctx, `SELECT number, snapshot FROM revisions WHERE report_id = ? ORDER BY number DESC LIMIT 1`, id).Scan(&d.version, &raw)
		if err == nil {
			err = json.Unmarshal(raw, &d.fields)
		}
		if err != nil {
			return err
		}
		docs = append(docs, d)
		if _, err := tx.ExecContext(ctx, `INSERT INTO log (report_id, number) VALUES (?, ?)`, id, d.version); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	live, err := w.live.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer live.Rollback() // does nothing after a commit
	for _, d := range docs {
		if err := write(ctx, live, d.id, d.version, d.fields); err != nil {
			return err
		}
	}
	return live.Commit()
}

func BenchmarkSave(b *testing.B) {
	s, w := newSite(b), newWriter(b)
	n := 0
	suffix := func() string { n++; return fmt.Sprintf(" %d", n) }
	versus(b, func(i int) {
		s.save(b, domain.Report, reportFields(i%reports, suffix()))
	}, func(i int) {
		if err := w.save(s.ctx, i%reports, reportFields(i%reports, suffix())); err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkRelease publishes 100 changed reports as one release. Saving them is not
// measured.
func BenchmarkRelease(b *testing.B) {
	s, w := newSite(b), newWriter(b)
	const size = 100
	names, ids := make([]string, size), make([]int, size)
	for i := range size {
		names[i], ids[i] = fmt.Sprintf("report:report-%d", i), i
	}
	var us, them time.Duration
	n := 0
	for b.Loop() {
		n++
		for i := range size {
			fields := reportFields(i, fmt.Sprintf(" %d", n))
			s.save(b, domain.Report, fields)
			if err := w.save(s.ctx, i, fields); err != nil {
				b.Fatal(err)
			}
		}
		t0 := time.Now()
		if out, err := s.desk.Publish(s.ctx, editorial.PublishParams{Documents: names}); err != nil || len(out.Published) != size {
			b.Fatalf("published %d: %v", len(out.Published), err)
		}
		t1 := time.Now()
		if err := w.publish(s.ctx, ids); err != nil {
			b.Fatal(err)
		}
		us, them = us+t1.Sub(t0), them+time.Since(t1)
	}
	b.ReportMetric(float64(us.Nanoseconds())/float64(n), "ns/op")
	b.ReportMetric(float64(them.Nanoseconds())/float64(n), "baseline-ns/op")
	b.ReportMetric(float64(us)/float64(them), "x-baseline")
}

// BenchmarkCreate saves new documents: reports against the baseline, and entities
// with names and identifiers, whose save searches for duplicates.
func BenchmarkCreate(b *testing.B) {
	b.Run("Report", func(b *testing.B) {
		s, w := newSite(b), newWriter(b)
		n := reports
		input := func() map[string]any { n++; return reportFields(n, "") }
		versus(b, func(int) {
			s.save(b, domain.Report, input())
		}, func(int) {
			if err := w.save(s.ctx, n, reportFields(n, "")); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("Entity", func(b *testing.B) {
		s := newSite(b)
		n := 0
		for b.Loop() {
			n++
			s.save(b, domain.Entity, map[string]any{
				"slug": fmt.Sprintf("created-%d", n), "name": fmt.Sprintf("Created %d", n), "kind": "COMPANY",
				"names": []any{
					map[string]any{"text": fmt.Sprintf("Alias of %d", n), "kind": "ALIAS"},
					map[string]any{"text": fmt.Sprintf("Former name of %d", n), "kind": "FORMER"},
				},
				"identifiers": []any{
					map[string]any{"scheme": "LEI", "value": fmt.Sprintf("%020d", n)},
					map[string]any{"scheme": "REG", "value": fmt.Sprint(n)},
				},
			})
		}
	})
}
