package main

import (
	"context"
	"errors"
	"runtime"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresQueries are the statements on PostgreSQL, through a pool of pgx, which keeps
// them prepared.
type postgresQueries struct{ pool *pgxpool.Pool }

// openPostgres opens a pool as large as that of the program.
func openPostgres(ctx context.Context, dsn string) (queries, error) {
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(max(8, 4*runtime.GOMAXPROCS(0)) + 1)
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	q := &postgresQueries{pool}
	if err := pool.Ping(ctx); err != nil {
		return nil, errors.Join(err, q.close())
	}
	return q, nil
}

func (q *postgresQueries) close() error {
	q.pool.Close()
	return nil
}

const pgNewest = " ORDER BY r.published_at DESC, r.id DESC "

// read runs a statement and calls scan for each row.
func (q *postgresQueries) read(ctx context.Context, query string, scan func(pgx.Rows) error, args ...any) error {
	statements.Add(1)
	rows, err := q.pool.Query(ctx, query, args...)
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

func (q *postgresQueries) readOne(ctx context.Context, query string, args []any, dest ...any) error {
	statements.Add(1)
	err := q.pool.QueryRow(ctx, query, args...).Scan(dest...)
	if errors.Is(err, pgx.ErrNoRows) {
		return errNotFound
	}
	return err
}

func (q *postgresQueries) report(ctx context.Context, slug string, clearance int) (*reportJSON, error) {
	r := &reportJSON{}
	err := q.readOne(ctx, `SELECT id, slug, title, summary, body, published_at FROM live.reports WHERE slug = $1 AND effective_marking <= $2`,
		[]any{slug, clearance}, &r.id, &r.Slug, &r.Title, &r.Summary, &r.Body, &r.PublishedAt)
	r.PublishedAt = r.PublishedAt.UTC()
	return r, err
}

func (q *postgresQueries) list(ctx context.Context, query string, args ...any) ([]*reportJSON, error) {
	found := make([]*reportJSON, 0, 20)
	err := q.read(ctx, query, func(rows pgx.Rows) error {
		r := &reportJSON{}
		found = append(found, r)
		err := rows.Scan(&r.id, &r.Slug, &r.Title, &r.Summary, &r.PublishedAt)
		r.PublishedAt = r.PublishedAt.UTC()
		return err
	}, args...)
	return found, err
}

func (q *postgresQueries) newest(ctx context.Context, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM live.reports r WHERE r.effective_marking <= $1`+pgNewest+`LIMIT 20`, clearance)
}

// Links have the dates: only the page is read of the reports.
const (
	pgOfTag       = `x.tag_id = (SELECT id FROM live.tags WHERE slug = $1 AND effective_marking <= $2) AND x.owner_marking <= $2`
	pgNewestLinks = ` ORDER BY x.owner_published DESC, x.report_id DESC LIMIT 20`

	pgByTag = `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM live.report_tags x JOIN live.reports r ON r.id = x.report_id
		WHERE ` + pgOfTag + pgNewestLinks
	// The page is found by the index and the dates alone.
	pgByWord = `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM (
		SELECT r.id FROM live.baseline_texts x JOIN live.reports r ON r.id = x.id WHERE x.words @@ plainto_tsquery('simple', $1) AND r.effective_marking <= $2` + pgNewest + `LIMIT 20) page
		JOIN live.reports r ON r.id = page.id` + pgNewest
	pgByEntityTag = `SELECT r.id, r.slug, r.title, r.summary, r.published_at FROM (
		SELECT DISTINCT x.report_id, x.owner_published FROM live.tags t JOIN live.entity_tags y ON y.tag_id = t.id JOIN live.entities e ON e.id = y.entity_id JOIN live.report_entities x ON x.entity_id = e.id
		WHERE t.slug = $1 AND t.effective_marking <= $2 AND e.effective_marking <= $2 AND x.owner_marking <= $2` + pgNewestLinks + `) page
		JOIN live.reports r ON r.id = page.report_id` + pgNewest
)

func (q *postgresQueries) byTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, pgByTag, tag, clearance)
}

func (q *postgresQueries) byWord(ctx context.Context, word string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, pgByWord, word, clearance)
}

func (q *postgresQueries) byEntityTag(ctx context.Context, tag string, clearance int) ([]*reportJSON, error) {
	return q.list(ctx, pgByEntityTag, tag, clearance)
}

func (q *postgresQueries) page(ctx context.Context, after *reportPlace, n, clearance int) ([]*reportJSON, error) {
	query := `SELECT r.id, r.slug, r.title, r.published_at FROM live.reports r WHERE r.effective_marking <= $1` + pgNewest + `LIMIT $2`
	args := []any{clearance, n}
	if after != nil {
		query = `SELECT r.id, r.slug, r.title, r.published_at FROM live.reports r WHERE r.effective_marking <= $1 AND (r.published_at, r.id) < ($3, $4)` + pgNewest + `LIMIT $2`
		args = append(args, after.at, after.id)
	}
	found := make([]*reportJSON, 0, n)
	err := q.read(ctx, query, func(rows pgx.Rows) error {
		r := &reportJSON{}
		found = append(found, r)
		err := rows.Scan(&r.id, &r.Slug, &r.Title, &r.PublishedAt)
		r.PublishedAt = r.PublishedAt.UTC()
		return err
	}, args...)
	return found, err
}

func (q *postgresQueries) countKind(ctx context.Context, kind string, clearance int) (n int, err error) {
	err = q.readOne(ctx, `SELECT count(*) FROM live.reports WHERE kind = $1 AND effective_marking <= $2`, []any{kind, clearance}, &n)
	return n, err
}

func (q *postgresQueries) countTag(ctx context.Context, tag string, clearance int) (n int, err error) {
	err = q.readOne(ctx, `SELECT count(*) FROM live.report_tags x WHERE `+pgOfTag, []any{tag, clearance}, &n)
	return n, err
}

func (q *postgresQueries) tags(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return q.read(ctx, `SELECT x.report_id, t.slug, t.label FROM live.report_tags x JOIN live.tags t ON t.id = x.tag_id
		WHERE x.report_id = ANY($1) AND t.effective_marking <= $2 ORDER BY x.report_id, x.position`, func(rows pgx.Rows) error {
		var t tagJSON
		err := rows.Scan(&id, &t.Slug, &t.Label)
		of[id].Tags = append(of[id].Tags, t)
		return err
	}, ids, clearance)
}

func (q *postgresQueries) entities(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return q.read(ctx, `SELECT x.report_id, e.slug, e.name, e.kind FROM live.report_entities x JOIN live.entities e ON e.id = x.entity_id
		WHERE x.report_id = ANY($1) AND e.effective_marking <= $2 ORDER BY x.report_id, x.position`, func(rows pgx.Rows) error {
		var e entityJSON
		err := rows.Scan(&id, &e.Slug, &e.Name, &e.Kind)
		of[id].Entities.Nodes = append(of[id].Entities.Nodes, e)
		return err
	}, ids, clearance)
}

func (q *postgresQueries) narratives(ctx context.Context, of map[int64]*reportJSON, ids []int64, clearance int) error {
	var id int64
	return q.read(ctx, `SELECT x.report_id, n.slug, n.title, n.claim FROM live.report_narratives x JOIN live.narratives n ON n.id = x.narrative_id
		WHERE x.report_id = ANY($1) AND n.effective_marking <= $2 ORDER BY x.report_id, x.position`, func(rows pgx.Rows) error {
		var n narrativeJSON
		err := rows.Scan(&id, &n.Slug, &n.Title, &n.Claim)
		of[id].Narratives.Nodes = append(of[id].Narratives.Nodes, n)
		return err
	}, ids, clearance)
}

func (q *postgresQueries) entity(ctx context.Context, slug string, clearance int) (int64, *startJSON, error) {
	var id int64
	e := &startJSON{}
	err := q.readOne(ctx, `SELECT id, slug, name FROM live.entities WHERE slug = $1 AND effective_marking <= $2`, []any{slug, clearance}, &id, &e.Slug, &e.Name)
	return id, e, err
}

func (q *postgresQueries) ties(ctx context.Context, from []int64, clearance int, add func(int64, *tieJSON)) error {
	var id int64
	return q.read(ctx, `SELECT r.from_id, r.kind, r.confidence, e.id, e.slug, e.name, e.kind FROM live.relationships r JOIN live.entities e ON e.id = r.to_id
		WHERE r.from_id = ANY($1) AND r.effective_marking <= $2 AND e.effective_marking <= $2`+pgNewest, func(rows pgx.Rows) error {
		t := &tieJSON{}
		err := rows.Scan(&id, &t.Kind, &t.Confidence, &t.To.id, &t.To.Slug, &t.To.Name, &t.To.Kind)
		add(id, t)
		return err
	}, from, clearance)
}

// deskLock is the advisory lock of write transactions on the desk, the same as the
// program's: both write to it.
const deskLock int64 = 0x7265647468726501

// create writes a report, its links, its revision and the key of its title in one
// transaction on the desk.
func (q *postgresQueries) create(ctx context.Context, r *newReport) error {
	tx, err := q.pool.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }() // no effect after a commit
	statements.Add(1)
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1), set_config('search_path', 'desk', true)", deskLock); err != nil {
		return err
	}
	find := func(table string, slugs []string) ([]int64, error) {
		statements.Add(1)
		rows, err := tx.Query(ctx, "SELECT id, slug FROM desk."+table+" WHERE deleted_at IS NULL AND slug = ANY($1)", slugs)
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
	batch := &pgx.Batch{}
	for _, s := range n.statements(func(n int) string { return "$" + strconv.Itoa(n) }) {
		statements.Add(1)
		batch.Queue(s.text, s.args...)
	}
	if err := tx.SendBatch(ctx, batch).Close(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
