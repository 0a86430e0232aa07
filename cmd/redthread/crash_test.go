//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/ddl"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// An acknowledged write survives kill -9: the program is killed at random moments
// while clients save and publish, and restarted, on both engines.
func TestAcknowledgedWritesSurviveCrashes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		rounds := 6
		if testing.Short() {
			rounds = 2
		}
		s := &crashSite{config: c, dir: t.TempDir(), answered: map[string]acknowledged{}}
		s.key = s.makeKey(t, "EDITOR")
		for range rounds {
			s.round(t)
		}
		s.check(t)
		s.checkProjection(t)
		t.Logf("%d documents were answered for, %d of them published", len(s.answered), s.published())
	})
}

// acknowledged has the last writes of a report that the program has acknowledged.
type acknowledged struct{ saved, published int } // the number in the title

type crashSite struct {
	config store.Config
	dir    string
	binary string   // empty: the tests' own program
	flags  []string // of serve
	// reindexed says that the search index was built anew: then its blocks differ from those of a rebuild.
	reindexed bool
	key       string
	mu        sync.Mutex
	answered  map[string]acknowledged
	next      int
}

// command runs the program on the site's stores.
func (s *crashSite) command(ctx context.Context, args ...string) *exec.Cmd {
	dir := s.config.Dir
	if dir == "" {
		dir = s.dir
	}
	args = append(args, "--data", dir)
	if s.config.DeskDSN != "" {
		args = append(args, "--desk-dsn", s.config.DeskDSN)
	}
	binary := s.binary
	if binary == "" {
		binary = "redthread"
	}
	return exec.CommandContext(ctx, binary, args...)
}

// serve returns the command that serves the site.
func (s *crashSite) serve(ctx context.Context) *exec.Cmd {
	return s.command(ctx, append([]string{"serve", "--addr", "127.0.0.1:0"}, s.flags...)...)
}

func (s *crashSite) makeKey(t *testing.T, role string) string {
	t.Helper()
	out, err := s.command(t.Context(), "key", "create", "--name", "crash "+role, "--role", role, "--json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ Key string }
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	return made.Key
}

// round starts the program, runs clients that write, and kills it.
func (s *crashSite) round(t *testing.T) {
	t.Helper()
	cmd, addr, stderr := startCommand(t, s.serve(t.Context()))
	s.check(t, addr)
	var clients sync.WaitGroup
	for client := range 3 {
		clients.Go(func() { s.write(t, addr, client) })
	}
	time.Sleep(rand.N(400 * time.Millisecond)) // a random moment of the crash
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
	_ = cmd.Wait() // it was killed
	if strings.Contains(stderr.String(), "panic") {
		t.Errorf("the program panicked:\n%s", stderr)
	}
}

// write saves and publishes until the program does not respond any more. Each
// client has reports of its own: the last acknowledged write of each must survive.
func (s *crashSite) write(t *testing.T, addr string, client int) {
	for range 500 {
		s.mu.Lock()
		s.next++
		slugs := []string{fmt.Sprintf("c%d-r%d", client, rand.IntN(s.next)), fmt.Sprintf("c%d-r%d", client, s.next)}
		number := s.next
		s.mu.Unlock()
		for _, slug := range slugs {
			text := fmt.Sprintf("%s at %d", slug, number)
			findings := []string{text, text, text}
			if _, ok := s.post(t, addr, `mutation($input: UpsertReportInput!) { upsertReport(input: $input) { changed } }`, map[string]any{
				"input": map[string]any{"slug": slug, "title": text, "summary": text, "body": text, "kind": "BRIEF", "language": "en", "keyFindings": findings,
					"message": fmt.Sprint(number)},
			}); !ok {
				return
			}
			s.note(slug, func(a *acknowledged) { a.saved = max(a.saved, number) })
		}
		if _, ok := s.post(t, addr, `mutation($documents: [String!]!) { publish(input: {documents: $documents}) { sequence } }`, map[string]any{
			"documents": []string{"report:" + slugs[0], "report:" + slugs[1]},
		}); !ok {
			return
		}
		for _, slug := range slugs {
			s.note(slug, func(a *acknowledged) { a.published = max(a.published, number) })
		}
	}
}

func (s *crashSite) note(slug string, f func(*acknowledged)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.answered[slug]
	f(&a)
	s.answered[slug] = a
}

func (s *crashSite) published() int {
	n := 0
	for _, a := range s.answered {
		if a.published > 0 {
			n++
		}
	}
	return n
}

// post sends an operation. It returns false without a complete response.
func (s *crashSite) post(t *testing.T, addr, query string, variables map[string]any) (map[string]json.RawMessage, bool) {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		t.Error(err)
		return nil, false
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/graphql", bytes.NewReader(body))
	if err != nil {
		t.Error(err)
		return nil, false
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+s.key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, false
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, false
	}
	var answer struct {
		Data   map[string]json.RawMessage
		Errors []json.RawMessage
	}
	if err := json.Unmarshal(raw, &answer); err != nil || len(answer.Errors) > 0 {
		t.Errorf("%s: %s", query, raw)
		return nil, false
	}
	return answer.Data, true
}

// check queries a running program, or one that it starts, for all acknowledged
// writes: they are on the desk and in live, and complete.
func (s *crashSite) check(t *testing.T, addrs ...string) {
	t.Helper()
	if len(addrs) == 0 {
		cmd, addr, _ := startCommand(t, s.serve(t.Context()))
		defer func() { _ = cmd.Wait() }()
		defer func() { _ = cmd.Process.Kill() }()
		addrs = []string{addr}
	}
	const one = `query($slug: String!) %s { report(slug: $slug) { title summary body keyFindings } }`
	for slug, want := range s.answered {
		for stage, least := range map[string]int{"@inContext(stage: DESK)": want.saved, "": want.published} {
			if least == 0 {
				continue
			}
			data, ok := s.post(t, addrs[0], fmt.Sprintf(one, stage), map[string]any{"slug": slug})
			if !ok {
				t.Fatal("no response after the restart")
			}
			var r *struct {
				Title, Summary, Body string
				KeyFindings          []string
			}
			if err := json.Unmarshal(data["report"], &r); err != nil {
				t.Fatal(err)
			}
			if r == nil {
				t.Errorf("%s %s was acknowledged and is lost", slug, stage)
				continue
			}
			var number int
			if _, err := fmt.Sscanf(r.Title, slug+" at %d", &number); err != nil || number < least {
				t.Errorf("%s %s: acknowledged %d, found %q", slug, stage, least, r.Title)
			}
			parts := append([]string{r.Summary, r.Body}, r.KeyFindings...)
			if len(parts) != 5 || slices.ContainsFunc(parts, func(p string) bool { return p != r.Title }) {
				t.Errorf("%s %s is half written: %+v", slug, stage, r)
			}
		}
	}
}

// checkProjection rebuilds live and compares: live has exactly what the log says.
func (s *crashSite) checkProjection(t *testing.T) {
	t.Helper()
	s.catchUp(t)
	before := s.dumpLive(t)
	if out, err := s.command(t.Context(), "rebuild-live").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if d := cmp.Diff(before, s.dumpLive(t)); d != "" {
		t.Errorf("live was not the projection of the log (-was +rebuilt):\n%s", d)
	}
}

// catchUp applies to live what a program that was killed has left in the log.
func (s *crashSite) catchUp(t *testing.T) {
	t.Helper()
	stores, err := store.Open(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	live := projection.New(stores, slog.New(slog.DiscardHandler), time.Now)
	err = live.Project(t.Context())
	live.Close()
	if err := errors.Join(err, stores.Close()); err != nil {
		t.Fatal(err)
	}
}

func (s *crashSite) dumpLive(t *testing.T) []string {
	t.Helper()
	stores, err := store.Open(t.Context(), s.config)
	if err != nil {
		t.Fatal(err)
	}
	defer stores.Close()
	tables, err := ddl.LiveTables()
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, table := range tables {
		if table.Name == "projection" || table.Name == "live_steps" { // how live came to be
			continue // the time of the projection differs
		}
		if s.reindexed && strings.HasPrefix(table.Name, "search_") {
			continue
		}
		rows, err := stores.LiveRows().Query(t.Context(), "SELECT * FROM "+table.Name)
		if err != nil {
			t.Fatal(err)
		}
		values, dest := make([]any, len(table.Columns)), make([]any, len(table.Columns))
		for i := range values {
			dest[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			lines = append(lines, table.Name+" "+fmt.Sprint(values...))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(lines)
	return lines
}
