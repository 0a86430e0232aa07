package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// server is a process of Redthread's own.
type server struct {
	cmd  *exec.Cmd
	url  string
	log  *record
	dead atomic.Bool
}

// startServer starts the program in a process of its own.
func startServer(t *testing.T, args ...string) *server {
	t.Helper()
	return launch(t, exec.CommandContext(t.Context(), programPath(t), serveArgs(args...)...))
}

func programPath(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func serveArgs(more ...string) []string {
	return append([]string{"serve", "--addr", "127.0.0.1:0", "--metrics-addr", "off", "--log-format", "json"}, more...)
}

// launch runs a command that ends in the program that serves.
func launch(t *testing.T, cmd *exec.Cmd) *server {
	t.Helper()
	s := &server{cmd: cmd, log: &record{}}
	s.cmd.Env = append(append(os.Environ(), asProgram+"=1"), cmd.Env...)
	s.cmd.WaitDelay = time.Second
	log, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	var seen []string
	for s.url == "" && lines.Scan() {
		var line struct{ Msg, URL string }
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Msg == "serving" {
			s.url = line.URL
		}
		seen = append(seen, lines.Text())
		_, _ = s.log.Write([]byte(lines.Text() + "\n")) // never fails
	}
	go func() { // ends with the process
		for lines.Scan() {
			_, _ = s.log.Write([]byte(lines.Text() + "\n")) // never fails
		}
	}()
	t.Cleanup(func() { s.kill() })
	if s.url == "" {
		t.Fatalf("the server did not start:\n%s", strings.Join(seen, "\n"))
	}
	return s
}

// kill ends the process at once.
func (s *server) kill() {
	if !s.dead.Swap(true) {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait() // says that it was killed
	}
}

// fleet is several servers, with clients that go to those that run.
type fleet struct {
	t       *testing.T
	key     string
	servers []*server
}

// outcome is what a client was sent.
type outcome struct {
	body   string
	failed bool // no response, or the error UNAVAILABLE
}

// send sends a document to a server that runs. A client without a key reads.
func (f *fleet) send(ctx context.Context, random *rand.Rand, key, document string) outcome {
	s := f.servers[random.IntN(len(f.servers))]
	if s.dead.Load() {
		return outcome{failed: true}
	}
	body, err := json.Marshal(map[string]string{"query": document})
	if err != nil {
		panic(err) // it is a string
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		panic(err) // the address is that of a server
	}
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := http.DefaultClient.Do(r)
	if err == nil {
		defer res.Body.Close()
		var out []byte
		if out, err = io.ReadAll(res.Body); err == nil {
			answer := response{status: res.StatusCode, body: string(out)}
			if code := answer.code(); code != "" && code != "UNAVAILABLE" {
				f.t.Errorf("got %d %s, want data or UNAVAILABLE", res.StatusCode, out)
			}
			return outcome{answer.body, answer.code() != ""}
		}
	}
	if ctx.Err() == nil && !s.dead.Load() {
		f.t.Errorf("no response from a server that runs: %v", err)
	}
	return outcome{failed: true}
}

// Three processes with a primary and two replicas, of which one of each is lost under
// load: what was answered is not lost, readers get data or UNAVAILABLE, and staff see what
// they have published, at any process.
func TestOneOfEachIsLost(t *testing.T) {
	t.Parallel()
	primary, standbys := storetest.StartStandbys(t, 2)
	desk := primary.DSN("postgres")
	stores, err := store.Open(t.Context(), store.Config{DeskDSN: desk})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := stores.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := stores.Close(); err != nil {
		t.Fatal(err)
	}
	code, key, errs := run(t, nil, "key", "create", "--desk-dsn", desk, "--name", "writer", "--role", "EDITOR")
	if code != 0 {
		t.Fatal(errs)
	}
	f := &fleet{t: t, key: strings.TrimSpace(key)}
	live := standbys[0].DSN("postgres") + " ; " + standbys[1].DSN("postgres")
	for range 3 {
		f.servers = append(f.servers, startServer(t, "--desk-dsn", desk, "--live-dsn", live))
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var reads, published atomic.Int64
	var clients sync.WaitGroup
	var mu sync.Mutex
	var saved []string
	progress := make(chan struct{}, 1)
	did := func(n *atomic.Int64) {
		n.Add(1)
		select {
		case progress <- struct{}{}:
		default:
		}
	}
	for c := range uint64(2) {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(1, c))
			for ctx.Err() == nil {
				if got := f.send(ctx, random, "", `{ reports(first: 5) { nodes { slug title tags { slug } } } }`); !got.failed {
					did(&reads)
				}
			}
		})
		clients.Go(func() {
			random := rand.New(rand.NewPCG(2, c))
			for i := 0; ctx.Err() == nil; i++ {
				slug := fmt.Sprintf("report-%d-%d", c, i)
				if f.send(ctx, random, f.key, fmt.Sprintf(`mutation { createReport(input: {slug: %q, title: "A title", kind: BRIEF, language: "en",
					summary: "A summary.", body: "A body."}) { report { slug } } }`, slug)).failed {
					continue
				}
				mu.Lock()
				saved = append(saved, slug)
				mu.Unlock()
				got := f.send(ctx, random, f.key, fmt.Sprintf(`mutation { publish(input: {documents: ["report:%s"]}) { sequence state } }`, slug))
				if got.failed {
					continue
				}
				did(&published)
				if strings.Contains(got.body, `"PENDING"`) {
					continue
				}
				if got := f.send(ctx, random, f.key, fmt.Sprintf(`{ report(slug: %q) { slug } }`, slug)); !got.failed && !strings.Contains(got.body, slug) {
					t.Errorf("%s was published, and the next read has %s", slug, got.body)
				}
			}
		})
	}
	// more waits until so many more were read and published.
	more := func(step string, read, publish int64) {
		t.Helper()
		late := time.After(2 * time.Minute)
		for read, publish := reads.Load()+read, published.Load()+publish; reads.Load() < read || published.Load() < publish; {
			select {
			case <-progress:
			case <-late:
				t.Fatalf("%s: %d were read and %d published after two minutes, want %d and %d", step, reads.Load(), published.Load(), read, publish)
			}
		}
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	more("all run", 20, 4)
	events := []func(){
		func() {
			if err := standbys[random.IntN(2)].Stop(); err != nil {
				t.Error(err)
			}
			more("a replica is lost", 20, 4)
		},
		func() {
			f.servers[random.IntN(3)].kill()
			more("a process is lost", 20, 4)
		},
		func() {
			if err := primary.Stop(); err != nil {
				t.Error(err)
			}
			more("the primary is lost", 20, 0)
			if err := primary.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
			more("the primary is back", 20, 4)
		},
	}
	random.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
	for _, event := range events {
		event()
	}
	cancel()
	clients.Wait()

	stores, err = store.Open(t.Context(), store.Config{DeskDSN: desk})
	if err != nil {
		t.Fatal(err)
	}
	defer stores.Close()
	for _, slug := range saved {
		ids, err := store.QueryIDs(t.Context(), stores.DeskRows(), "SELECT id FROM reports WHERE slug = $1", slug)
		if err != nil {
			t.Fatal(err)
		}
		if len(ids) != 1 {
			t.Errorf("%s was saved, and is on the desk %d times", slug, len(ids))
		}
	}
}
