package bench_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// BenchmarkUpsertRelationships sends relationships with two citations, in mutations of 100
// fields, alone and as transactions (@atomic).
func BenchmarkUpsertRelationships(b *testing.B) {
	for _, directive := range []string{"", "@atomic"} {
		b.Run("Mutation"+directive, func(b *testing.B) {
			s := newSite(b)
			s.seedSources(b)
			api := graph.Handler(graph.Config{Stores: s.stores, Desk: s.desk, Limits: noRateLimit})
			staff := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				viewer := &domain.Viewer{Name: "Bulk", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}
				api.ServeHTTP(w, r.WithContext(domain.WithViewer(r.Context(), viewer)))
			})
			const fields = 100
			var query strings.Builder
			query.WriteString("mutation Bulk(")
			for i := range fields {
				fmt.Fprintf(&query, "$v%d: UpsertRelationshipInput! ", i)
			}
			query.WriteString(") " + directive + " {")
			for i := range fields {
				fmt.Fprintf(&query, " a%d: upsertRelationship(input: $v%d) { changed }", i, i)
			}
			query.WriteString(" }")
			n := 0
			send := func() {
				variables := map[string]any{}
				for i := range fields {
					variables[fmt.Sprintf("v%d", i)] = relationshipFields(n)
					n++
				}
				body, err := json.Marshal(map[string]any{"query": query.String(), "variables": variables})
				if err != nil {
					b.Fatal(err)
				}
				r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				staff.ServeHTTP(w, r)
				if w.Code != http.StatusOK || strings.Contains(w.Body.String(), `"errors"`) {
					b.Fatalf("%d %.500s", w.Code, w.Body)
				}
			}
			send()
			start := cpuTime(b)
			sent := 0
			for b.Loop() {
				send()
				sent += fields
			}
			b.ReportMetric(float64((cpuTime(b)-start).Microseconds())/float64(sent), "cpu-µs/doc")
		})
	}
}

func relationshipFields(i int) map[string]any {
	return map[string]any{
		"slug": fmt.Sprintf("tie-%d", i), "from": fmt.Sprintf("entity-%d", i%entities), "to": fmt.Sprintf("entity-%d", (i+1+i/entities%(entities-1))%entities),
		"kind": "OWNS", "confidence": "CONFIRMED", "share": 12.5, "since": "2021-04", "description": fmt.Sprintf("The holding of %d was reported in the register.", i),
		"citations": []any{
			map[string]any{"source": fmt.Sprintf("source-%d", i%10), "quote": "holds 12.5 percent of the shares", "locator": fmt.Sprintf("p. %d", i)},
			map[string]any{"source": fmt.Sprintf("source-%d", (i+1)%10)},
		},
	}
}

// BenchmarkImport imports relationships with two citations and reports from
// newline-delimited JSON.
func BenchmarkImport(b *testing.B) {
	b.Run("Relationships", func(b *testing.B) { benchImport(b, "relationship", relationshipFields) })
	b.Run("Reports", func(b *testing.B) {
		benchImport(b, "report", func(i int) map[string]any {
			fields := reportFields(reports+i, "")
			delete(fields, "narratives")
			return fields
		})
	})
}

func benchImport(b *testing.B, name string, fieldsOf func(int) map[string]any) {
	for _, publish := range []bool{false, true} {
		b.Run(fmt.Sprintf("publish=%v", publish), func(b *testing.B) {
			s := newSite(b)
			s.seedSources(b)
			const lines = 5000
			n := 0
			var took, wall time.Duration
			docs := 0
			for b.Loop() {
				var file bytes.Buffer
				for range lines {
					fields := fieldsOf(n)
					fields["type"] = name
					n++
					if err := json.NewEncoder(&file).Encode(fields); err != nil {
						b.Fatal(err)
					}
				}
				start, began := cpuTime(b), time.Now()
				out, err := exchange.ImportDocuments(s.ctx, s.desk, &file, exchange.DocumentsParams{Publish: publish})
				if err != nil || out.Created != lines || publish != (out.Published == lines) {
					b.Fatalf("got %+v: %v", out, err)
				}
				if publish {
					s.catchUp(b)
				}
				took, wall, docs = took+cpuTime(b)-start, wall+time.Since(began), docs+lines
			}
			b.ReportMetric(float64(took.Microseconds())/float64(docs), "cpu-µs/doc")
			b.ReportMetric(float64(docs)/wall.Seconds(), "docs/s")
		})
	}
}

func (s *site) seedSources(b *testing.B) {
	for i := range 10 {
		s.save(b, domain.Source, map[string]any{"slug": fmt.Sprintf("source-%d", i), "title": fmt.Sprintf("Source %d", i), "url": fmt.Sprintf("https://example.org/%d", i)})
	}
}

// catchUp brings live up to the publication log.
func (s *site) catchUp(b *testing.B) {
	live := projection.New(s.stores, slog.New(slog.DiscardHandler), time.Now)
	defer live.Close()
	if err := live.Project(s.ctx); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRebuild rebuilds live with some thousand reports and relationships, where it is
// whole and where its documents are lost.
func BenchmarkRebuild(b *testing.B) {
	s := newSite(b)
	s.seedSources(b)
	for name, fieldsOf := range map[string]func(int) map[string]any{"report": func(i int) map[string]any { return reportFields(reports+i, "") }, "relationship": relationshipFields} {
		var file bytes.Buffer
		for i := range 3000 {
			fields := fieldsOf(i)
			fields["type"] = name
			if err := json.NewEncoder(&file).Encode(fields); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := exchange.ImportDocuments(s.ctx, s.desk, &file, exchange.DocumentsParams{Publish: true}); err != nil {
			b.Fatal(err)
		}
	}
	s.catchUp(b)
	for name, lose := range map[string]bool{"Whole": false, "Lost": true} {
		b.Run(name, func(b *testing.B) {
			var took, wall time.Duration
			documents := 0
			for b.Loop() {
				if lose {
					s.loseDocuments(b)
				}
				start, began := cpuTime(b), time.Now()
				out, err := s.desk.RebuildLive(s.ctx, nil)
				if err != nil {
					b.Fatal(err)
				}
				took, wall, documents = took+cpuTime(b)-start, wall+time.Since(began), documents+out.Documents
			}
			b.ReportMetric(float64(took.Microseconds())/float64(documents), "cpu-µs/doc")
			b.ReportMetric(float64(documents)/wall.Seconds(), "docs/s")
		})
	}
}

// loseDocuments deletes all documents from live.
func (s *site) loseDocuments(b *testing.B) {
	if err := s.stores.Live(s.ctx, func(ctx context.Context, tx *store.Tx) error {
		for name := range aggregate.Tables() {
			if err := store.Exec(ctx, tx, "DELETE FROM "+name); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
}
