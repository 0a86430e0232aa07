package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// eventStream is a client of server-sent events.
type eventStream struct {
	t    *testing.T
	body *bufio.Reader
	id   string // the last event's
	hang context.CancelFunc
}

// event is an event with data.
type event struct{ name, data string }

// listen opens a stream; header has names and values in turn.
func listen(t *testing.T, url string, header ...string) *eventStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	res, err := (&http.Client{}).Do(r) // without the limit of time that the default one has here
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = res.Body.Close() })
	if got := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(got, "text/event-stream") {
		body, _ := io.ReadAll(res.Body)
		t.Fatalf("%s: got %s, %s: %s", url, res.Status, got, body)
	}
	return &eventStream{t: t, body: bufio.NewReader(res.Body), hang: cancel}
}

// readBlock reads up to an empty line, like the parser of the standard.
func (l *eventStream) readBlock() (event, bool) {
	var e event
	var data []string
	for {
		line, err := l.body.ReadString('\n')
		if err != nil {
			return e, false
		}
		line = strings.TrimSuffix(line, "\n")
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			e.data = strings.Join(data, "\n")
			return e, true
		case name == "id":
			l.id = value
		case name == "event":
			e.name = value
		case name == "data":
			data = append(data, value)
		}
	}
}

// waitReady waits for the first block, which has the position of the stream.
func (l *eventStream) waitReady() *eventStream {
	l.t.Helper()
	defer time.AfterFunc(patience, l.hang).Stop()
	if _, ok := l.readBlock(); !ok {
		l.t.Fatal("the stream has ended")
	}
	return l
}

// next returns the next event; an event without a name at the end of the stream, and if none comes.
func (l *eventStream) next() event {
	defer time.AfterFunc(patience, l.hang).Stop()
	for {
		e, ok := l.readBlock()
		if !ok || e.name != "" {
			return e
		}
	}
}

// nextChanges returns the next n changes in short: "PUBLISH REPORT".
func (l *eventStream) nextChanges(n int) []string {
	l.t.Helper()
	var heard []string
	for range n {
		e := l.next()
		var c struct{ Kind, DocumentID, Type, At, Cursor string }
		if err := json.Unmarshal([]byte(e.data), &c); err != nil || e.name != "change" {
			l.t.Fatalf("got %+v, %v, want a change", e, err)
		}
		if c.Cursor != l.id || c.DocumentID == "" || c.At == "" {
			l.t.Errorf("got %s with the id %s", e.data, l.id)
		}
		heard = append(heard, c.Kind+" "+c.Type)
	}
	return heard
}

func (l *eventStream) wantChanges(want ...string) {
	l.t.Helper()
	if got := l.nextChanges(len(want)); !slices.Equal(got, want) {
		l.t.Errorf("heard %v, want %v", got, want)
	}
}

// publishReport creates and publishes a report with a marking.
func publishReport(t *testing.T, a *app.App, slug, marking string) {
	t.Helper()
	got := query(t, a, a.DemoKey(), fmt.Sprintf(`mutation {
		createReport(input: {slug: %[1]q, title: "News", kind: BRIEF, language: "en", summary: "S.", body: "B.", marking: %[2]s}) { changed }
		publish(input: {documents: ["report:%[1]s"]}) { state } }`, slug, marking))
	if !strings.Contains(got, "APPLIED") {
		t.Fatalf("publish: got %s", got)
	}
}

func unpublish(t *testing.T, a *app.App, slug string) {
	t.Helper()
	if got := query(t, a, a.DemoKey(), `mutation { unpublish(input: {documents: ["report:`+slug+`"]}) { state } }`); !strings.Contains(got, "APPLIED") {
		t.Fatalf("unpublish: got %s", got)
	}
}

func demo(t *testing.T, s store.Config) (*app.App, app.Config) {
	t.Helper()
	c := config(t, s)
	c.Demo = true
	return start(t, c, parts(io.Discard)), c
}

func TestChangeStream(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		a, _ := demo(t, s)
		public := listen(t, a.URL()+"/changes").waitReady()
		staff := listen(t, a.URL()+"/changes?types=report,tag", "Authorization", "Bearer "+a.DemoKey()).waitReady()
		tags := listen(t, a.URL()+"/changes?types=tag").waitReady()
		publishReport(t, a, "open", "CLEAR")
		publishReport(t, a, "closed", "RED")
		publishReport(t, a, "open-too", "CLEAR")
		public.wantChanges("PUBLISH REPORT", "PUBLISH REPORT")
		staff.wantChanges("PUBLISH REPORT", "PUBLISH REPORT", "PUBLISH REPORT")

		// Publications without a listener, and later ones.
		public.hang()
		unpublish(t, a, "open")
		unpublish(t, a, "closed")
		again := listen(t, a.URL()+"/changes?after=start", "Last-Event-ID", public.id).waitReady()
		publishReport(t, a, "last", "CLEAR")
		again.wantChanges("UNPUBLISH REPORT", "PUBLISH REPORT")
		all := listen(t, a.URL()+"/changes?after=start").waitReady()
		all.wantChanges("PUBLISH REPORT", "PUBLISH REPORT", "UNPUBLISH REPORT", "PUBLISH REPORT")
		listen(t, a.URL()+"/changes?after="+public.id).waitReady().wantChanges("UNPUBLISH REPORT", "PUBLISH REPORT")

		listen(t, a.URL()+"/changes?after=start&types=Tag,REPORT").waitReady().wantChanges("PUBLISH REPORT", "PUBLISH REPORT", "UNPUBLISH REPORT", "PUBLISH REPORT")

		code, body := get(t, a.URL()+"/changes?after=nonsense&types=book,tag&since=now")
		for _, want := range []string{
			`"code":"BAD_USER_INPUT"`, `{"path":"after","message":"want a cursor of the change feed, or \"start\"`,
			`{"path":"types","message":"\"book\" is none of REPORT, NARRATIVE`, `{"path":"since","message":"is no parameter; there are after, types"}`,
		} {
			if code != http.StatusBadRequest || !strings.Contains(body, want) {
				t.Errorf("got %d %s, want %s", code, body, want)
			}
		}
		if code, body := get(t, a.URL()+"/changes?after=cAAAAAQAAAAAAAAAAAAAAAAAAAAA"); code != http.StatusGone || !strings.Contains(body, "CURSOR_EXPIRED") {
			t.Errorf("a cursor of another feed: got %d, %s", code, body)
		}
		stop(t, a)
		if e := tags.next(); e.name != "" {
			t.Errorf("the subscriber by tags received %+v", e)
		}
	})
}

// A stream of one process has the publications by another one.
func TestChangesByAnotherProcess(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		here, c := demo(t, s)
		there := start(t, c, parts(io.Discard))
		l := listen(t, here.URL()+"/changes").waitReady()
		for n := range 3 {
			publishReport(t, there, fmt.Sprintf("from-there-%d", n), "CLEAR")
		}
		l.wantChanges("PUBLISH REPORT", "PUBLISH REPORT", "PUBLISH REPORT")
	})
}

// A stream ends when its key is revoked.
func TestRevokedKeyEndsStreams(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		a, c := demo(t, s)
		var out, errs bytes.Buffer
		args := []string{"--data", c.Data, "--desk-dsn", c.DeskDSN}
		if code := app.Main(t.Context(), process(&out, &errs, nil, append([]string{"key", "create", "--name", "Pat", "--role", "PARTNER", "--clearance", "RED", "--json"}, args...)...)); code != 0 {
			t.Fatalf("exit %d: %s", code, &errs)
		}
		var made struct{ Key string }
		if err := json.Unmarshal(out.Bytes(), &made); err != nil {
			t.Fatalf("%v in %s", err, &out)
		}
		key := made.Key
		plain := listen(t, a.URL()+"/changes", "Authorization", "Bearer "+key).waitReady()
		publishReport(t, a, "before", "RED")
		plain.wantChanges("PUBLISH REPORT")
		subscribed := listen(t, a.URL()+"/graphql?query=subscription{contentChanged{kind}}", "Authorization", "Bearer "+key).waitReady()
		if code := app.Main(t.Context(), process(&out, &errs, nil, append([]string{"key", "revoke", "Pat"}, args...)...)); code != 0 {
			t.Fatalf("exit %d: %s", code, &errs)
		}
		// The server caches a valid key for a moment.
		ended := make(chan string, 2)
		for _, l := range []*eventStream{plain, subscribed} {
			go func() {
				for {
					if e := l.next(); e.name != "change" && !strings.Contains(e.data, "PUBLISH") {
						ended <- e.data
						return
					}
				}
			}()
		}
		late := time.Now().Add(patience)
		for n, left := 0, 2; left > 0; n++ {
			if time.Now().After(late) {
				t.Fatal("the stream did not end")
			}
			publishReport(t, a, fmt.Sprintf("after-%d", n), "RED")
			select {
			case why := <-ended:
				if !strings.Contains(why, "UNAUTHENTICATED") {
					t.Errorf("got %s", why)
				}
				left--
			default:
			}
		}
	})
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		a, _ := demo(t, s)
		head := query(t, a, "", `{ changes(first: 0) { head } }`)
		_, head, _ = strings.Cut(head, `"head":"`)
		head, _, _ = strings.Cut(head, `"`)

		publishReport(t, a, "first", "CLEAR")
		publishReport(t, a, "hidden", "RED")
		const document = `subscription($after: String) { contentChanged(types: [REPORT], after: $after) { kind cursor document { slug } } }`
		conn, _, err := websocket.Dial(t.Context(), a.URL()+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		send := func(message string) {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		type sentChange struct {
			Type    string
			Payload struct {
				Data struct {
					ContentChanged struct {
						Kind, Cursor string
						Document     *struct{ Slug string }
					}
				}
			}
		}
		read := func() (m sentChange) {
			_, body, err := conn.Read(patient(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(body, &m); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			return m
		}
		send(`{"type":"connection_init"}`)
		if m := read(); m.Type != "connection_ack" {
			t.Fatalf("got %+v", m)
		}
		subscribe := func(id, after string) {
			payload, _ := json.Marshal(map[string]any{"query": document, "variables": map[string]string{"after": after}})
			send(fmt.Sprintf(`{"id":%q,"type":"subscribe","payload":%s}`, id, payload))
		}
		subscribe("1", head)
		var cursor string
		for _, want := range []string{"first", "second", "third"} {
			if want != "first" {
				publishReport(t, a, want, "CLEAR")
			}
			c := read().Payload.Data.ContentChanged
			if c.Kind != "PUBLISH" || c.Document == nil || c.Document.Slug != want {
				t.Errorf("got %+v, want %s", c, want)
			}
			if want == "second" {
				cursor = c.Cursor
			}
		}
		send(`{"id":"1","type":"complete"}`)
		send(`{"type":"ping"}`)
		if m := read(); m.Type != "pong" {
			t.Fatalf("got %+v, want a pong once the first has ended", m)
		}
		unpublish(t, a, "first")
		subscribe("2", cursor)
		if c := read().Payload.Data.ContentChanged; c.Document == nil || c.Document.Slug != "third" {
			t.Errorf("got %+v, want what was missed", c)
		}
		if c := read().Payload.Data.ContentChanged; c.Kind != "UNPUBLISH" || c.Document != nil {
			t.Errorf("got %+v, want a tombstone", c)
		}
	})
}

// A stream over the rate limit ends with an error, and can be resumed later.
func TestChangesAreRateLimited(t *testing.T) {
	t.Parallel()
	c := config(t, storetest.SQLiteConfig(t))
	c.Demo, c.Protection.RatePublic = true, 45
	p, now := parts(io.Discard), time.Now()
	p.Now = func() time.Time { return now } // the limit does not recover meanwhile
	a := start(t, c, p)
	l := listen(t, a.URL()+"/changes").waitReady()
	for n := range 30 {
		publishReport(t, a, fmt.Sprintf("news-%d", n), "CLEAR")
	}
	for range 31 {
		if e := l.next(); e.name == "end" {
			if !strings.Contains(e.data, "RATE_LIMITED") {
				t.Errorf("got %+v", e)
			}
			if code, body := get(t, a.URL()+"/changes"); code != http.StatusTooManyRequests || !strings.Contains(body, "RATE_LIMITED") {
				t.Errorf("then got %d, %s", code, body)
			}
			return
		}
	}
	t.Error("the stream did not end")
}
