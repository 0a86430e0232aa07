package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"

	_ "modernc.org/sqlite" // the driver of the baseline
)

// sqliteQueries are the statements on SQLite, prepared once. database/sql keeps each
// prepared on every connection.
type sqliteQueries struct {
	live, desk *sql.DB

	bySlug, newestFirst, withTag, withWord, withEntityTag, firstPage, nextPage, kindCount, tagCount,
	tagsOf, entitiesOf, narrativesOf, entityBySlug, tiesOf *sql.Stmt
}

// openSQLite opens the stores with the pools and settings that the program has.
func openSQLite(ctx context.Context, folder string) (queries, error) {
	open := func(file string, pragmas ...string) (*sql.DB, error) {
		q := url.Values{"_time_format": {"sqlite"}, "_timezone": {"UTC"}, "_pragma": append([]string{"busy_timeout(10000)", "foreign_keys(1)"}, pragmas...)}
		if len(pragmas) > 1 {
			q.Set("_txlock", "immediate")
		}
		return sql.Open("sqlite", "file:"+(&url.URL{Path: filepath.Join(folder, file)}).EscapedPath()+"?"+q.Encode())
	}
	live, err := open("live.db", "query_only(1)")
	if err != nil {
		return nil, err
	}
	n := max(4, 2*runtime.GOMAXPROCS(0)) + 1
	live.SetMaxOpenConns(n)
	live.SetMaxIdleConns(n)
	desk, err := open("desk.db", "journal_mode(WAL)", "synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	desk.SetMaxOpenConns(1)

	q := &sqliteQueries{live: live, desk: desk}
	var errs []error
	prepare := func(into **sql.Stmt, query string) {
		var err error
		*into, err = live.PrepareContext(ctx, query)
		errs = append(errs, err)
	}
	const newest = " ORDER BY r.published_at DESC, r.id DESC "
	const ids = " IN (SELECT value FROM json_each(?))"
	prepare(&q.bySlug, `SELECT id, slug, title, summary, body, published_at FROM reports WHERE slug = ? AND effective_marking <= ?`)
	prepare(&q.newestFirst, `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM reports r WHERE r.effective_marking <= ?`+newest+`LIMIT 20`)
	// Links have the dates: only the page is read of the reports.
	const ofTag = `x.tag_id = (SELECT id FROM tags WHERE slug = ? AND effective_marking <= ?2) AND x.owner_marking <= ?2`
	const newestLinks = ` ORDER BY x.owner_published DESC, x.report_id DESC LIMIT 20`
	prepare(&q.withTag, `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM report_tags x JOIN reports r ON r.id = x.report_id
		WHERE `+ofTag+newestLinks)
	// The page is found by the index and the dates alone.
	prepare(&q.withWord, `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM (
		SELECT r.id FROM baseline_texts JOIN reports r ON r.id = baseline_texts.rowid WHERE baseline_texts MATCH ? AND r.effective_marking <= ?2`+newest+`LIMIT 20) page
		JOIN reports r ON r.id = page.id`+newest)
	prepare(&q.withEntityTag, `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM (
		SELECT DISTINCT x.report_id, x.owner_published FROM tags t JOIN entity_tags y ON y.tag_id = t.id JOIN entities e ON e.id = y.entity_id JOIN report_entities x ON x.entity_id = e.id
		WHERE t.slug = ? AND t.effective_marking <= ?2 AND e.effective_marking <= ?2 AND x.owner_marking <= ?2`+newestLinks+`) page
		JOIN reports r ON r.id = page.report_id`+newest)
	prepare(&q.firstPage, `SELECT r.id, r.slug, r.title, r.published_at FROM reports r WHERE r.effective_marking <= ?`+newest+`LIMIT ?`)
	prepare(&q.nextPage, `SELECT r.id, r.slug, r.title, r.published_at FROM reports r WHERE r.effective_marking <= ? AND (r.published_at, r.id) < (?, ?)`+newest+`LIMIT ?`)
	prepare(&q.kindCount, `SELECT count(*) FROM reports WHERE kind = ? AND effective_marking <= ?`)
	prepare(&q.tagCount, `SELECT count(*) FROM report_tags x WHERE `+ofTag)
	prepare(&q.tagsOf, `SELECT x.report_id, t.slug, t.label FROM report_tags x JOIN tags t ON t.id = x.tag_id
		WHERE x.report_id`+ids+` AND t.effective_marking <= ? ORDER BY x.report_id, x.position`)
	prepare(&q.entitiesOf, `SELECT x.report_id, e.slug, e.name, e.kind FROM report_entities x JOIN entities e ON e.id = x.entity_id
		WHERE x.report_id`+ids+` AND e.effective_marking <= ? ORDER BY x.report_id, x.position`)
	prepare(&q.narrativesOf, `SELECT x.report_id, n.slug, n.title, n.claim FROM report_narratives x JOIN narratives n ON n.id = x.narrative_id
		WHERE x.report_id`+ids+` AND n.effective_marking <= ? ORDER BY x.report_id, x.position`)
	prepare(&q.entityBySlug, `SELECT id, slug, name FROM entities WHERE slug = ? AND effective_marking <= ?`)
	prepare(&q.tiesOf, `SELECT r.from_id, r.kind, r.confidence, e.id, e.slug, e.name, e.kind FROM relationships r JOIN entities e ON e.id = r.to_id
		WHERE r.from_id`+ids+` AND r.effective_marking <= ?2 AND e.effective_marking <= ?2`+newest)
	if err := errors.Join(errs...); err != nil {
		return nil, errors.Join(err, q.close())
	}
	return q, nil
}

func (q *sqliteQueries) close() error { return errors.Join(q.live.Close(), q.desk.Close()) }

// idList returns ids as the parameter of json_each.
func idList(ids []int64) string {
	b := make([]byte, 0, 20*len(ids)+2)
	b = append(b, '[')
	for i, id := range ids {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, id, 10)
	}
	return string(append(b, ']'))
}

// read runs a statement and calls scan for each row.
func read(ctx context.Context, stmt *sql.Stmt, scan func(*sql.Rows) error, args ...any) error {
	statements.Add(1)
	rows, err := stmt.QueryContext(ctx, args...)
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

func readOne(ctx context.Context, stmt *sql.Stmt, args []any, dest ...any) error {
	statements.Add(1)
	err := stmt.QueryRowContext(ctx, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return errNotFound
	}
	return err
}

func (q *sqliteQueries) report(ctx context.Context, slug string, clearance int) (*reportJSON, error) {
	r := &reportJSON{}
	err := readOne(ctx, q.bySlug, []any{slug, clearance}, &r.id, &r.Slug, &r.Title, &r.Summary, &r.Body, &r.PublishedAt)
	return r, err
}

func (q *sqliteQueries) list(ctx context.Context, stmt *sql.Stmt, args ...any) ([]*reportJSON, error) {
	found := make([]*reportJSON, 0, 20)
	err := read(ctx, stmt, func(rows *sql.Rows) error {
		r := &reportJSON{}
		found = append(found, r)
		return rows.Scan(&r.id, &r.Slug, &r.Title, &r.Summary, &r.PublishedAt)
	}, args...)
	return found, err
}

func (q *sqliteQueries) newest(ctx context.Context, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, q.newestFirst, clearance)
}

func (q *sqliteQueries) byTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, q.withTag, tag, clearance)
}

func (q *sqliteQueries) byWord(ctx context.Context, word string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, q.withWord, `"`+word+`"`, clearance)
}

func (q *sqliteQueries) byEntityTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, q.withEntityTag, tag, clearance)
}

func (q *sqliteQueries) page(ctx context.Context, after *reportPlace, n, clearance int) ([]*reportJSON, error) {
	stmt, args := q.firstPage, []any{clearance, n}
	if after != nil {
		stmt, args = q.nextPage, []any{clearance, after.at, after.id, n}
	}
	found := make([]*reportJSON, 0, n)
	err := read(ctx, stmt, func(rows *sql.Rows) error {
		r := &reportJSON{}
		found = append(found, r)
		return rows.Scan(&r.id, &r.Slug, &r.Title, &r.PublishedAt)
	}, args...)
	return found, err
}

func (q *sqliteQueries) countKind(ctx context.Context, kind string, clearance int) (n int, err error) {
	err = readOne(ctx, q.kindCount, []any{kind, clearance}, &n)
	return n, err
}

func (q *sqliteQueries) countTag(ctx context.Context, tag string, clearance int) (n int, err error) {
	err = readOne(ctx, q.tagCount, []any{tag, clearance}, &n)
	return n, err
}

func (q *sqliteQueries) tags(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return read(ctx, q.tagsOf, func(rows *sql.Rows) error {
		var t tagJSON
		err := rows.Scan(&id, &t.Slug, &t.Label)
		of[id].Tags = append(of[id].Tags, t)
		return err
	}, idList(ids), clearance)
}

func (q *sqliteQueries) entities(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return read(ctx, q.entitiesOf, func(rows *sql.Rows) error {
		var e entityJSON
		err := rows.Scan(&id, &e.Slug, &e.Name, &e.Kind)
		of[id].Entities.Nodes = append(of[id].Entities.Nodes, e)
		return err
	}, idList(ids), clearance)
}

func (q *sqliteQueries) narratives(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return read(ctx, q.narrativesOf, func(rows *sql.Rows) error {
		var n narrativeJSON
		err := rows.Scan(&id, &n.Slug, &n.Title, &n.Claim)
		of[id].Narratives.Nodes = append(of[id].Narratives.Nodes, n)
		return err
	}, idList(ids), clearance)
}

func (q *sqliteQueries) entity(ctx context.Context, slug string, clearance int) (int64, *startJSON, error) {
	var id int64
	e := &startJSON{}
	err := readOne(ctx, q.entityBySlug, []any{slug, clearance}, &id, &e.Slug, &e.Name)
	return id, e, err
}

func (q *sqliteQueries) ties(ctx context.Context, from []int64, clearance int, add func(int64, *tieJSON)) error {
	var id int64
	return read(ctx, q.tiesOf, func(rows *sql.Rows) error {
		t := &tieJSON{}
		err := rows.Scan(&id, &t.Kind, &t.Confidence, &t.To.id, &t.To.Slug, &t.To.Name, &t.To.Kind)
		add(id, t)
		return err
	}, idList(from), clearance)
}

// create writes a report, its links, its revision and the key of its title in one
// transaction on the desk.
func (q *sqliteQueries) create(ctx context.Context, r *newReport) error {
	tx, err := q.desk.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	find := func(table string, slugs []string) ([]int64, error) {
		statements.Add(1)
		set, err := json.Marshal(slugs)
		if err != nil {
			return nil, err
		}
		rows, err := tx.QueryContext(ctx, "SELECT id, slug FROM "+table+" WHERE deleted_at IS NULL AND slug IN (SELECT value FROM json_each(?))", string(set))
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		found := make(map[string]int64, len(slugs))
		for rows.Next() {
			var id int64
			var slug string
			if err := rows.Scan(&id, &slug); err != nil {
				return nil, err
			}
			found[slug] = id
		}
		return inOrder(slugs, found), rows.Err()
	}
	n, err := prepareReport(r, find)
	if err != nil {
		return err
	}
	for _, s := range n.statements(func(int) string { return "?" }) {
		statements.Add(1)
		if _, err := tx.ExecContext(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}
