package bench_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// The baseline: handlers with hand-written statements, prepared once, and
// encoding/json. They return the same data under the same names.

type baselineTag struct {
	Slug  string `json:"slug"`
	Label string `json:"label"`
}

type baselineEntity struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
	Kind string `json:"kind"`
}

type baselineNarrative struct {
	Slug  string `json:"slug"`
	Title string `json:"title"`
	Claim string `json:"claim"`
}

type nodes[T any] struct {
	Nodes []T `json:"nodes"`
}

type baselineReport struct {
	id          int64
	Slug        string                    `json:"slug"`
	Title       string                    `json:"title"`
	Summary     string                    `json:"summary"`
	Body        string                    `json:"body,omitempty"`
	PublishedAt time.Time                 `json:"publishedAt"`
	Tags        []baselineTag             `json:"tags"`
	Entities    nodes[baselineEntity]     `json:"entities"`
	Narratives  *nodes[baselineNarrative] `json:"narratives,omitempty"`
}

type baseline struct {
	bySlug, newest, tags, entities, narratives *sql.Stmt
}

func newBaseline(tb testing.TB, db *sql.DB) *baseline {
	tb.Helper()
	prepare := func(query string) *sql.Stmt {
		stmt, err := db.PrepareContext(tb.Context(), query)
		if err != nil {
			tb.Fatal(err)
		}
		return stmt
	}
	return &baseline{
		bySlug: prepare(`SELECT id, slug, title, summary, body, published_at FROM reports WHERE slug = ? AND effective_marking <= 0`),
		newest: prepare(`SELECT id, slug, title, summary, published_at FROM reports WHERE effective_marking <= 0
			ORDER BY published_at DESC, id DESC LIMIT 20`),
		tags: prepare(`SELECT x.report_id, t.slug, t.label FROM report_tags x JOIN tags t ON t.id = x.tag_id
			WHERE x.report_id IN (SELECT value FROM json_each(?)) AND t.effective_marking <= 0 ORDER BY x.report_id, x.position`),
		entities: prepare(`SELECT x.report_id, e.slug, e.name, e.kind FROM report_entities x JOIN entities e ON e.id = x.entity_id
			WHERE x.report_id IN (SELECT value FROM json_each(?)) AND e.effective_marking <= 0 ORDER BY x.report_id, x.position`),
		narratives: prepare(`SELECT x.report_id, n.slug, n.title, n.claim FROM report_narratives x JOIN narratives n ON n.id = x.narrative_id
			WHERE x.report_id IN (SELECT value FROM json_each(?)) AND n.effective_marking <= 0 ORDER BY x.report_id, x.position`),
	}
}

func rows(ctx context.Context, stmt *sql.Stmt, scan func(*sql.Rows) error, args ...any) error {
	r, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer r.Close()
	for r.Next() {
		if err := scan(r); err != nil {
			return err
		}
	}
	return r.Err()
}

func (bl *baseline) load(ctx context.Context, found []*baselineReport, narratives bool) error {
	byID := map[int64]*baselineReport{}
	ids := make([]string, len(found))
	for i, r := range found {
		byID[r.id] = r
		ids[i] = fmt.Sprint(r.id)
	}
	set := "[" + strings.Join(ids, ",") + "]"
	var id int64
	err := errors.Join(
		rows(ctx, bl.tags, func(r *sql.Rows) error {
			var t baselineTag
			err := r.Scan(&id, &t.Slug, &t.Label)
			byID[id].Tags = append(byID[id].Tags, t)
			return err
		}, set),
		rows(ctx, bl.entities, func(r *sql.Rows) error {
			var e baselineEntity
			err := r.Scan(&id, &e.Slug, &e.Name, &e.Kind)
			byID[id].Entities.Nodes = append(byID[id].Entities.Nodes, e)
			return err
		}, set))
	if err != nil || !narratives {
		return err
	}
	return rows(ctx, bl.narratives, func(r *sql.Rows) error {
		var n baselineNarrative
		err := r.Scan(&id, &n.Slug, &n.Title, &n.Claim)
		if byID[id].Narratives == nil {
			byID[id].Narratives = &nodes[baselineNarrative]{}
		}
		byID[id].Narratives.Nodes = append(byID[id].Narratives.Nodes, n)
		return err
	}, set)
}

// report responds with one report; the body of the request is {"slug": …}.
func (bl *baseline) report(w http.ResponseWriter, req *http.Request) {
	var in struct{ Slug string }
	if err := json.NewDecoder(req.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r := &baselineReport{}
	err := bl.bySlug.QueryRowContext(req.Context(), in.Slug).Scan(&r.id, &r.Slug, &r.Title, &r.Summary, &r.Body, &r.PublishedAt)
	if err == nil {
		err = bl.load(req.Context(), []*baselineReport{r}, true)
	}
	bl.answer(w, map[string]any{"report": r}, err)
}

// list responds with the newest reports.
func (bl *baseline) list(w http.ResponseWriter, req *http.Request) {
	var found []*baselineReport
	err := rows(req.Context(), bl.newest, func(rows *sql.Rows) error {
		r := &baselineReport{}
		found = append(found, r)
		return rows.Scan(&r.id, &r.Slug, &r.Title, &r.Summary, &r.PublishedAt)
	})
	if err == nil {
		err = bl.load(req.Context(), found, false)
	}
	bl.answer(w, map[string]any{"reports": nodes[*baselineReport]{found}}, err)
}

func (bl *baseline) answer(w http.ResponseWriter, data any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
}
