package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/bench/load/dataset"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/pgtemp"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/store"
)

// run runs the bench on each engine, and writes the result to out. After an error, or an
// interrupt, that is what was measured until then.
func run(ctx context.Context, o *options, out, progress io.Writer) error {
	set := dataset.New(o.scale, o.seed)
	set.SmallDesk = o.smallDesk
	all, err := selectWorkloads(set, o.workloads)
	if err != nil {
		return err
	}
	if o.smallDesk {
		all = slices.DeleteFunc(all, func(w *workload) bool { return w.make != nil })
	}
	r := &report{Machine: machine(), Set: set.Name(), Began: time.Now().UTC().Truncate(time.Second), Duration: o.duration}
	for _, engine := range o.engines() {
		b := &bench{options: o, set: set, workloads: all, engine: engine, progress: progress}
		result, err := b.run(ctx)
		if err == nil || len(result.Rows)+len(result.Sections) > 0 {
			r.Engines = append(r.Engines, result)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", engine, err), r.write(out, o.format))
		}
	}
	return r.write(out, o.format)
}

// bench is a run on one engine.
type bench struct {
	*options
	set       *dataset.Set
	workloads []*workload
	engine    string
	progress  io.Writer

	folder   string // of the SQLite stores
	dsn      string // of PostgreSQL; empty with SQLite
	backends backends
	partner  string // a key with clearance AMBER
	author   string
	editor   string
	// changed are the reports whose title an earlier run changed and did not restore.
	changed []int
	result  engineResult

	program, baseline *process
}

func (b *bench) logf(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, "%s: %s\n", b.engine, fmt.Sprintf(format, args...)) // only progress
}

func (b *bench) run(ctx context.Context) (_ engineResult, err error) {
	closeStores, err := b.openData(ctx)
	if err != nil {
		return b.result, err
	}
	defer func() { err = errors.Join(err, closeStores()) }()
	b.result.Engine = b.engine
	if err := b.createKeys(ctx); err != nil {
		return b.result, err
	}
	if err := b.countStatements(ctx); err != nil {
		return b.result, err
	}
	if err := b.startBoth(ctx); err != nil {
		return b.result, err
	}
	defer func() { err = errors.Join(err, b.stopBoth()) }()
	if err := b.restoreTitles(ctx, b.program, b.changed); err != nil {
		return b.result, err
	}
	if err := b.check(ctx); err != nil {
		return b.result, err
	}
	b.logf("all responses of both sides are those of the generator")
	for _, part := range []struct {
		name    string
		measure func(context.Context) error
	}{{"reads", b.measureWorkloads}, {"cache", b.measureCache}, {"writers", b.measureWriters}, {"start", b.measureStart}} {
		if !b.does(part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return b.result, err
		}
	}
	return b.result, nil
}

// openData makes the data set, or finds it. It returns what ends its server, if that is
// one of its own.
func (b *bench) openData(ctx context.Context) (func() error, error) {
	stop := func() error { return nil }
	c := store.Config{Log: slog.New(slog.DiscardHandler)}
	switch {
	case b.engine == "sqlite":
		b.folder = filepath.Join(b.data, fmt.Sprintf("sqlite-x%g-seed%d", b.scale, b.seed))
		if b.smallDesk {
			b.folder += "-small"
		}
		c.Dir = b.folder
	case b.options.dsn != "":
		b.dsn = b.options.dsn
	default:
		cluster, err := pgtemp.Start(ctx)
		if err != nil {
			return nil, err
		}
		stop, b.dsn = cluster.Close, cluster.DSN("postgres")
	}
	c.DeskDSN = b.dsn
	err := b.generate(ctx, c)
	if err == nil && b.dsn != "" {
		b.backends, err = findBackends(ctx, b.dsn)
	}
	if err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}

func (b *bench) generate(ctx context.Context, c store.Config) error {
	stores, err := store.Open(ctx, c)
	if err != nil {
		return err
	}
	defer stores.Close()
	if _, err := stores.Migrate(ctx); err != nil {
		return err
	}
	found, err := dataset.In(ctx, stores)
	if err != nil {
		return err
	}
	if found == b.set.Name() {
		if b.changed, err = findChanged(ctx, stores); err != nil {
			return err
		}
		return errors.Join(removeWritten(ctx, stores), indexForBaseline(ctx, stores))
	}
	if found != "" {
		return fmt.Errorf("the stores have the data set %q, want %q: delete them, or give another --data or --dsn", found, b.set.Name())
	}
	began, shown := time.Now(), time.Now()
	err = dataset.Generate(ctx, stores, b.set, func(done, of int) {
		if time.Since(shown) > 5*time.Second || done == of {
			shown = time.Now()
			b.logf("generated %d of %d documents", done, of)
		}
	})
	b.logf("generated in %s", time.Since(began).Round(time.Millisecond))
	if err != nil {
		return err
	}
	return indexForBaseline(ctx, stores)
}

// removeWritten deletes the reports that an earlier run created.
func removeWritten(ctx context.Context, stores *store.Stores) error {
	return stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		ids, err := store.QueryIDs(ctx, tx, "SELECT id FROM reports WHERE slug LIKE '"+writtenPrefix+"%'")
		if err != nil || len(ids) == 0 {
			return err
		}
		w := search.NewWriter(tx)
		if err := w.Remove(ctx, ids...); err != nil {
			return err
		}
		if err := w.Flush(ctx); err != nil {
			return err
		}
		for _, statement := range []string{"DELETE FROM revisions WHERE document_id", "DELETE FROM name_keys WHERE document_id", "DELETE FROM mentions WHERE document_id", "DELETE FROM reports WHERE id"} {
			if err := store.ExecSet(ctx, tx, statement, ids); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeFlags are the program's flags for the stores.
func (b *bench) storeFlags() []string {
	if b.dsn != "" {
		return []string{"--desk-dsn", b.dsn}
	}
	return []string{"--data", b.folder}
}

func (b *bench) createKeys(ctx context.Context) error {
	for _, key := range []struct {
		into            *string
		role, clearance string
	}{{&b.partner, "PARTNER", "AMBER"}, {&b.author, "AUTHOR", "RED"}, {&b.editor, "EDITOR", "RED"}} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"key", "create", "--name", "load bench", "--role", key.role, "--clearance", key.clearance, "--expires", "1d", "--json"}, b.storeFlags()...)
		if code := app.Main(ctx, app.Process{Args: args, Getenv: getenv, Stdout: &stdout, Stderr: &stderr}); code != 0 {
			return fmt.Errorf("create a key: %s", stderr.String())
		}
		var created struct{ Key string }
		if err := json.Unmarshal(stdout.Bytes(), &created); err != nil {
			return err
		}
		*key.into = created.Key
	}
	return nil
}

// startProgram starts the program with a size of its response cache.
func (b *bench) startProgram(ctx context.Context, cache string) (*process, error) {
	args := append([]string{"serve", "--addr", "127.0.0.1:0", "--cache-size", cache}, b.storeFlags()...)
	for _, role := range []string{"public", "partner", "staff"} {
		args = append(args, fmt.Sprintf("--rate-limit-%s=%d", role, noRateLimit))
	}
	level := "error"
	if b.accessLog {
		level = "info"
	}
	args = append(append(args, "--log-level", level), b.serverFlags...)
	return startProcess(ctx, theProgram, args...)
}

func (b *bench) startBoth(ctx context.Context) (err error) {
	if b.program, err = b.startProgram(ctx, "0"); err != nil {
		return err
	}
	if b.baseline, err = startProcess(ctx, theBaseline, b.folder, b.dsn); err != nil {
		return errors.Join(err, b.program.stop())
	}
	return b.findCursors(ctx)
}

func (b *bench) stopBoth() error { return errors.Join(b.program.stop(), b.baseline.stop()) }

// post returns a request as it is sent.
func post(address, path, key string, headers string, body any) []byte {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err) // strings, numbers and lists of them
	}
	var r bytes.Buffer
	fmt.Fprintf(&r, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nAccept: application/json\r\n%s", path, address, headers)
	if key != "" {
		fmt.Fprintf(&r, "Authorization: Bearer %s\r\n", key)
	}
	fmt.Fprintf(&r, "Content-Length: %d\r\n\r\n", len(raw))
	r.Write(raw)
	return r.Bytes()
}

// toProgram returns the request of a workload for the program.
func (w *workload) toProgram(p *process, key string, variables any) []byte {
	return post(p.address, "/graphql", key, "", map[string]any{"query": w.document, "variables": variables})
}

// toBaseline returns the request of a workload for the baseline.
func (w *workload) toBaseline(p *process, key string, variables any) []byte {
	return post(p.address, "/"+w.name, key, "", variables)
}

// ask sends one request and returns the body of the response.
func ask(ctx context.Context, p *process, request []byte) ([]byte, error) {
	c, err := dial(ctx, p.address)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var body bytes.Buffer
	r, err := c.send(request, &body)
	if err == nil && r.status != 200 {
		err = fmt.Errorf("status %d: %.500s", r.status, body.Bytes())
	}
	return body.Bytes(), err
}

// findCursors replaces the slugs in the variables "after" by cursors, which the program
// makes.
func (b *bench) findCursors(ctx context.Context) error {
	const query = `query Cursor($at: DateTime!) { reports(first: 1, filter: {publishedAt: {lte: $at}}) { nodes { slug } pageInfo { endCursor } } }`
	for _, w := range b.workloads {
		if !w.cursors {
			continue
		}
		w.cursors = false
		for i, r := range w.requests {
			slug, _ := r.variables["after"].(string)
			var n int
			if _, err := fmt.Sscanf(slug, "report-%d", &n); err != nil {
				return err
			}
			body, err := ask(ctx, b.program, post(b.program.address, "/graphql", "", "", map[string]any{"query": query,
				"variables": map[string]any{"at": b.set.ReportDocument(n).PublishedAt.Format(time.RFC3339Nano)}}))
			if err != nil {
				return err
			}
			var found struct {
				Data struct {
					Reports struct {
						Nodes    []struct{ Slug string }
						PageInfo struct{ EndCursor string }
					}
				}
			}
			if err := json.Unmarshal(body, &found); err != nil {
				return err
			}
			page := found.Data.Reports
			if len(page.Nodes) != 1 || page.Nodes[0].Slug != slug {
				return fmt.Errorf("find the cursor of %s: got %.300s", slug, body)
			}
			w.requests[i].variables = object{"after": page.PageInfo.EndCursor}
		}
	}
	return nil
}

// check compares all responses of both sides with those of the generator.
func (b *bench) check(ctx context.Context) error {
	for _, w := range b.workloads {
		if w.make != nil {
			if err := b.checkWrite(ctx, w); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			continue
		}
		for i, r := range w.requests {
			for _, clearance := range []domain.Marking{domain.Clear, domain.Amber} {
				ours, theirs := "", ""
				if clearance == domain.Amber {
					ours, theirs = b.partner, baselinePartner
				}
				want := r.want(clearance)
				for side, request := range map[*process][]byte{
					b.program: w.toProgram(b.program, ours, r.variables), b.baseline: w.toBaseline(b.baseline, theirs, r.variables),
				} {
					body, err := ask(ctx, side, request)
					if err == nil {
						err = compareResponse(body, want)
					}
					if err != nil {
						return fmt.Errorf("%s, request %d, %s, the %s: %w", w.name, i, clearance, b.nameOf(side), err)
					}
				}
			}
		}
	}
	return nil
}

func (b *bench) nameOf(p *process) string {
	if p == b.baseline {
		return "baseline"
	}
	return "program"
}

// checkWrite creates a report on each side, and compares the program's view of both.
func (b *bench) checkWrite(ctx context.Context, w *workload) error {
	const query = `query Written($slug: String!) @inContext(stage: DESK) { report(slug: $slug) { slug title summary body kind language version
		tags { slug } entities(first: 50) { nodes { slug } } narratives(first: 10) { nodes { slug } } } }`
	for _, side := range []*process{b.program, b.baseline} {
		v := w.make()
		input, _ := v["input"].(map[string]any)
		request := w.toProgram(side, b.author, v)
		if side == b.baseline {
			request = w.toBaseline(side, "", v)
		}
		body, err := ask(ctx, side, request)
		if err == nil {
			err = compareResponse(body, object{"createReport": object{"created": true, "report": object{"slug": input["slug"], "title": input["title"], "version": 1}}})
		}
		if err != nil {
			return fmt.Errorf("the %s: %w", b.nameOf(side), err)
		}
		body, err = ask(ctx, b.program, post(b.program.address, "/graphql", b.author, "", map[string]any{"query": query, "variables": map[string]any{"slug": input["slug"]}}))
		if err == nil {
			want := object{"version": 1, "tags": slugObjects(input["tags"]), "entities": object{"nodes": slugObjects(input["entities"])}, "narratives": object{"nodes": slugObjects(input["narratives"])}}
			for _, field := range strings.Fields("slug title summary body kind language") {
				want[field] = input[field]
			}
			err = compareResponse(body, object{"report": want})
		}
		if err != nil {
			return fmt.Errorf("what the %s stored: %w", b.nameOf(side), err)
		}
	}
	return nil
}

func slugObjects(list any) []any {
	all, _ := list.([]string)
	objects := make([]any, len(all))
	for i, slug := range all {
		objects[i] = object{"slug": slug}
	}
	return objects
}
