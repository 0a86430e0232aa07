package newsletter_test

import (
	"encoding/json"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// sendingChild names the environment variable with what a child process needs to run the jobs
// of sendings.
const sendingChild = "REDTHREAD_TEST_SENDING_CHILD"

// childParams is what a child process needs.
type childParams struct {
	Dir, DeskDSN, LiveDSN string
	Port                  int
	Edition               newsletter.Edition
}

// Processes are killed while they send, two at a time. Each mail is submitted once, or it is marked UNKNOWN
// and its submission was under way at a kill.
func TestSendingSurvivesKills(t *testing.T) {
	if params := os.Getenv(sendingChild); params != "" {
		sendUntilKilled(t, params)
		return
	}
	t.Parallel()
	readers, kills := 300, 3
	if n, err := strconv.Atoi(os.Getenv("REDTHREAD_TEST_RECIPIENTS")); err == nil {
		readers = n
	}
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		p := newPostAt(t, s, storetest.NewRunningClock())
		emails := p.subscribeMany(readers)
		server := startMailServer(t)
		id := p.send()
		params := childParams{c.Dir, c.DeskDSN, c.LiveDSN, server.port, p.edition}
		children := []*exec.Cmd{startChild(t, params), startChild(t, params)}
		for kill := range kills {
			server.waitFor(t, (kill+1)*readers/(kills+1))
			child := children[kill%2]
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = child.Wait() // it was killed
			children[kill%2] = startChild(t, params)
		}
		deadline := time.After(5 * time.Minute)
		for p.find(id).State != newsletter.SendingDone {
			select {
			case <-time.After(50 * time.Millisecond):
			case <-deadline:
				t.Fatalf("the sending does not end: %+v", p.find(id))
			}
		}
		g := p.find(id)
		states := p.states()
		for _, email := range emails {
			n, state := server.received(email), states[email]
			if n > 1 {
				t.Errorf("%s got %d mails", email, n)
			}
			if ok := state == "SUBMITTED 250 2.0.0" && n == 1 || state == "UNKNOWN"; !ok {
				t.Errorf("%s got %d mails and is %q", email, n, state)
			}
		}
		if most := kills * atOnce; g.Unknown > most || g.Submitted+g.Unknown != readers {
			t.Errorf("got %+v, want at most %d unknown: those under way at a kill", g, most)
		}
		t.Logf("%d recipients, %d kills: %d submitted, %d unknown, of which the server had accepted %d", g.Total, kills, g.Submitted, g.Unknown, server.total()-g.Submitted)
	})
}

func startChild(t *testing.T, params childParams) *exec.Cmd {
	t.Helper()
	encoded, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSendingSurvivesKills$")
	child.Env = append(os.Environ(), sendingChild+"="+string(encoded))
	child.Stderr = os.Stderr
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	return child
}

// sendUntilKilled is a child process of TestSendingSurvivesKills: it runs jobs.
func sendUntilKilled(t *testing.T, encoded string) {
	t.Helper()
	var params childParams
	if err := json.Unmarshal([]byte(encoded), &params); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), store.Config{Dir: params.Dir, DeskDSN: params.DeskDSN, LiveDSN: params.LiveDSN})
	if err != nil {
		t.Fatal(err)
	}
	client, err := mail.NewClient(mail.Server{Host: "127.0.0.1", Port: params.Port, TLS: mail.NoTLS, Name: "test.example.net", MaxConnections: atOnce}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	jobs := s.Jobs(slog.New(slog.DiscardHandler))
	content := &post{t: t, edition: params.Edition}
	sendings := newsletter.NewSendings(newsletter.SendingsConfig{Stores: s, Jobs: jobs, Editions: content, Composer: content, Mail: client,
		Log: slog.New(slog.DiscardHandler), Now: time.Now, AtOnce: atOnce})
	sendings.SetLease(2 * time.Second)
	if err := jobs.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// mailServer is an SMTP server that accepts everything.
type mailServer struct {
	port int

	mu    sync.Mutex
	mails map[string]int
	count int
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{port: listener.Addr().(*net.TCPAddr).Port, mails: map[string]int{}}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	server.Domain, server.ErrorLog = "mx.example.org", log.New(io.Discard, "", 0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(listener) // ends with Close
	}()
	t.Cleanup(func() {
		_ = server.Close()
		<-done
	})
	return m
}

// waitFor waits until the server has accepted n mails.
func (m *mailServer) waitFor(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(5 * time.Minute)
	for m.total() < n {
		select {
		case <-time.After(time.Millisecond):
		case <-deadline:
			t.Fatalf("the server has accepted %d mails, want %d", m.total(), n)
		}
	}
}

func (m *mailServer) total() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.count
}

func (m *mailServer) received(email string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.mails[email]
}

type mailSession struct {
	server *mailServer
	to     string
}

func (s *mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	if _, err := io.Copy(io.Discard, r); err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails[s.to]++
	s.server.count++
	return nil
}

func (s *mailSession) Reset()        {}
func (s *mailSession) Logout() error { return nil }
