package mail_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

func to(local string) mail.Envelope {
	return mail.Envelope{From: "bounces+k3j9@news.example.org", To: local + "@example.net"}
}

func TestSubmit(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	c := s.client(t, nil)
	key := rsaKey(t, "2026a")
	signed, err := newSigner(t, "news.example.org", key).Sign(compose(t, newsletter()))
	if err != nil {
		t.Fatal(err)
	}
	got := c.Submit(t.Context(), to("reader"), signed)
	want := mail.Result{Status: mail.Submitted, Step: mail.StepReply, Code: 250, Enhanced: "2.0.0"}
	if d := cmp.Diff(want, got, cmpopts.IgnoreFields(mail.Result{}, "Text")); d != "" {
		t.Errorf("result (-want +got):\n%s", d)
	}
	all := s.messages()
	if len(all) != 1 {
		t.Fatalf("got %d messages, want 1", len(all))
	}
	if all[0].from != "bounces+k3j9@news.example.org" || all[0].to != "reader@example.net" || all[0].utf8 {
		t.Errorf("envelope: got %s to %s, SMTPUTF8 %v", all[0].from, all[0].to, all[0].utf8)
	}
	if !bytes.Equal(all[0].data, signed) {
		t.Errorf("the message arrived changed (-want +got):\n%s", cmp.Diff(string(signed), string(all[0].data)))
	}
	for _, v := range verify(t, all[0].data, "news.example.org", key) {
		if v.Err != nil {
			t.Errorf("the signature of what arrived: %v", v.Err)
		}
	}
}

// TestSubmitOutcomes has the results of all ways in which a server does not accept.
func TestSubmitOutcomes(t *testing.T) {
	t.Parallel()
	s := serve(t, nil)
	message := compose(t, newsletter())
	for local, want := range map[string]mail.Result{
		"defer":      {Status: mail.Deferred, Step: mail.StepRecipient, Code: 451, Enhanced: "4.7.1", Text: "greylisted, <(address)> try later"},
		"refuse":     {Status: mail.Failed, Step: mail.StepRecipient, Code: 550, Enhanced: "5.1.1", Text: "no such user (address)"},
		"full":       {Status: mail.Failed, Step: mail.StepRecipient, Code: 552, Text: "mailbox full"},
		"shutdown":   {Status: mail.Deferred, Step: mail.StepRecipient, Code: 421, Enhanced: "4.3.2", Text: "shutting down"},
		"deferdata":  {Status: mail.Deferred, Step: mail.StepReply, Code: 452, Enhanced: "4.2.2", Text: "mailbox full"},
		"refusedata": {Status: mail.Failed, Step: mail.StepReply, Code: 554, Enhanced: "5.7.1", Text: "policy"},
		"dropdot":    {Status: mail.Unknown, Step: mail.StepReply},
	} {
		t.Run(local, func(t *testing.T) {
			t.Parallel()
			c := s.client(t, nil)
			// The next message of the client is submitted, whatever became of this one.
			got := c.Submit(t.Context(), to(local), message)
			if want.Status == mail.Unknown {
				want.Text = got.Text // the system's error
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("result (-want +got):\n%s", d)
			}
			if got := c.Submit(t.Context(), to("after"), message); got.Status != mail.Submitted {
				t.Errorf("the next message: got %+v, want submitted", got)
			}
		})
	}
	t.Run("the sender is refused", func(t *testing.T) {
		t.Parallel()
		got := s.client(t, nil).Submit(t.Context(), mail.Envelope{From: "refused@example.org", To: "reader@example.net"}, message)
		if got.Status != mail.Failed || got.Step != mail.StepSender || got.Code != 550 {
			t.Errorf("got %+v, want failed at the sender with 550", got)
		}
	})
}

func TestSubmitWithoutLogin(t *testing.T) {
	t.Parallel()
	got := serve(t, nil).client(t, nil).Submit(t.Context(), mail.Envelope{From: "login@example.org", To: "reader@example.net"}, compose(t, newsletter()))
	if got.Status != mail.Deferred || got.Step != mail.StepConnect || got.Code != 530 {
		t.Errorf("got %+v, want deferred at the connection with 530: it is no failure of the message", got)
	}
}

// TestSubmitDropInData has a server that closes the connection while the message is sent. On a pipe,
// a write waits for the reader, so the client cannot have sent all of it.
func TestSubmitDropInData(t *testing.T) {
	t.Parallel()
	s := serveOn(t, &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}, nil)
	m := newsletter()
	m.Text = strings.Repeat(m.Text, 1000)
	got := s.client(t, nil).Submit(t.Context(), to("dropmid"), compose(t, m))
	if got.Status != mail.Deferred || got.Step != mail.StepData && got.Step != mail.StepReply {
		t.Errorf("got %+v, want deferred in the message", got)
	}
}

func TestSubmitTimeouts(t *testing.T) {
	t.Parallel()
	t.Run("no reply to the message", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, func(c *mail.Server) { c.Timeouts.Reply = time.Millisecond })
		if got := c.Submit(t.Context(), to("late"), compose(t, newsletter())); got.Status != mail.Unknown || got.Step != mail.StepReply {
			t.Errorf("got %+v, want unknown", got)
		}
	})
	t.Run("no reply to a command", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, func(c *mail.Server) { c.Timeouts.Command = 100 * time.Millisecond })
		if got := c.Submit(t.Context(), to("blockrcpt"), compose(t, newsletter())); got.Status != mail.Deferred {
			t.Errorf("got %+v, want deferred", got)
		}
	})
	t.Run("no greeting", func(t *testing.T) {
		t.Parallel()
		near, far := net.Pipe()
		defer far.Close()
		s := serve(t, nil)
		c := s.client(t, func(c *mail.Server) {
			c.Timeouts.Command = time.Millisecond
			c.Dial = func(context.Context) (net.Conn, error) { return near, nil }
		})
		if got := c.Submit(t.Context(), to("reader"), compose(t, newsletter())); got.Status != mail.Deferred || got.Step != mail.StepConnect {
			t.Errorf("got %+v, want deferred at the connection", got)
		}
	})
}

func TestSubmitInterrupted(t *testing.T) {
	t.Parallel()
	for local, want := range map[string]mail.Status{"blockrcpt": mail.Deferred, "late": mail.Unknown} {
		t.Run(local, func(t *testing.T) {
			t.Parallel()
			s := serve(t, nil)
			c := s.client(t, nil)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			go func() {
				<-s.reached
				cancel(errors.New("the process stops"))
			}()
			got := c.Submit(ctx, to(local), compose(t, newsletter()))
			if got.Status != want || got.Text != "interrupted: the process stops" {
				t.Errorf("got %+v, want %s", got, want)
			}
		})
	}
	t.Run("before it began", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if got := s.client(t, nil).Submit(ctx, to("reader"), nil); got.Status != mail.Deferred {
			t.Errorf("got %+v, want deferred", got)
		}
		if len(s.messages()) != 0 {
			t.Errorf("got a message")
		}
	})
}

func TestSubmitTLS(t *testing.T) {
	t.Parallel()
	cert, pool := certificate(t)
	secure := func(s *smtp.Server) { s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}} }
	message := compose(t, newsletter())
	login := func(password string) func(*mail.Server) {
		return func(c *mail.Server) {
			c.TLS, c.TLSConfig, c.Username, c.Password = mail.STARTTLS, &tls.Config{RootCAs: pool}, "ada", password
		}
	}
	t.Run("STARTTLS and AUTH", func(t *testing.T) {
		t.Parallel()
		if got := serve(t, secure).client(t, login("right")).Submit(t.Context(), to("reader"), message); got.Status != mail.Submitted {
			t.Errorf("got %+v, want submitted", got)
		}
	})
	t.Run("a wrong password is no failure of the message", func(t *testing.T) {
		t.Parallel()
		got := serve(t, secure).client(t, login("wrong")).Submit(t.Context(), to("reader"), message)
		if got.Status != mail.Deferred || got.Step != mail.StepConnect || got.Code != 535 || strings.Contains(got.Text, "wrong") {
			t.Errorf("got %+v, want deferred with 535", got)
		}
	})
	t.Run("implicit TLS", func(t *testing.T) {
		t.Parallel()
		listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
		if err != nil {
			t.Fatal(err)
		}
		c := serveOn(t, listener, nil).client(t, func(c *mail.Server) { c.TLS, c.TLSConfig = mail.ImplicitTLS, &tls.Config{RootCAs: pool} })
		if got := c.Submit(t.Context(), to("reader"), message); got.Status != mail.Submitted {
			t.Errorf("got %+v, want submitted", got)
		}
	})
	for name, row := range map[string]struct {
		server func(*smtp.Server)
		client func(*mail.Server)
		want   string
	}{
		"a server without STARTTLS":       {nil, func(c *mail.Server) { c.TLS = mail.STARTTLS }, "STARTTLS"},
		"a certificate of someone else's": {secure, func(c *mail.Server) { c.TLS = mail.STARTTLS }, "certificate"},
		"a server without TLS":            {nil, func(c *mail.Server) { c.TLS = mail.ImplicitTLS }, "TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, row.server)
			got := s.client(t, row.client).Submit(t.Context(), to("reader"), message)
			if got.Status != mail.Deferred || got.Step != mail.StepConnect || !strings.Contains(got.Text, row.want) {
				t.Errorf("got %+v, want deferred with %q", got, row.want)
			}
			if len(s.messages()) != 0 {
				t.Errorf("got a message in clear text")
			}
		})
	}
}

func TestSubmitAddressOutsideASCII(t *testing.T) {
	t.Parallel()
	m := newsletter()
	m.To.Addr = "读者@例子.example"
	message := compose(t, m)
	envelope := mail.Envelope{From: "bounces+k3j9@news.example.org", To: m.To.Addr}
	t.Run("without SMTPUTF8", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		got := s.client(t, nil).Submit(t.Context(), envelope, message)
		if got.Status != mail.Failed || got.Enhanced != "5.6.7" || len(s.messages()) != 0 {
			t.Errorf("got %+v, want failed with 5.6.7", got)
		}
	})
	t.Run("with SMTPUTF8", func(t *testing.T) {
		t.Parallel()
		s := serve(t, func(s *smtp.Server) { s.EnableSMTPUTF8 = true })
		c := s.client(t, nil)
		if got := c.Submit(t.Context(), envelope, message); got.Status != mail.Submitted {
			t.Fatalf("got %+v, want submitted", got)
		}
		if got := c.Submit(t.Context(), to("reader"), message); got.Status != mail.Submitted {
			t.Fatalf("got %+v, want submitted", got)
		}
		all := s.messages()
		if !all[0].utf8 || all[0].to != "读者@xn--fsqu00a.example" {
			t.Errorf("got %s, SMTPUTF8 %v", all[0].to, all[0].utf8)
		}
		if all[1].utf8 {
			t.Errorf("SMTPUTF8 was used for an ASCII address")
		}
	})
	t.Run("a domain only", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		got := s.client(t, nil).Submit(t.Context(), mail.Envelope{From: envelope.From, To: "reader@例子.example"}, message)
		if got.Status != mail.Submitted || s.messages()[0].to != "reader@xn--fsqu00a.example" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestSubmitToOldServer(t *testing.T) {
	t.Parallel()
	c, messages := oldServer(t)
	message := compose(t, newsletter())
	if got := c.Submit(t.Context(), to("reader"), message); got.Status != mail.Submitted {
		t.Fatalf("got %+v, want submitted", got)
	}
	// A line of a dot alone is stuffed with another.
	if got := strings.ReplaceAll(<-messages, "\r\n..", "\r\n."); got != string(message) {
		t.Errorf("the message arrived changed (-want +got):\n%s", cmp.Diff(string(message), got))
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	message := compose(t, newsletter())
	submit := func(t *testing.T, c *mail.Client, n int) {
		t.Helper()
		for range n {
			if got := c.Submit(t.Context(), to("reader"), message); got.Status != mail.Submitted {
				t.Fatalf("got %+v, want submitted", got)
			}
		}
	}
	t.Run("one is used for all messages in a row", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		submit(t, s.client(t, nil), 20)
		if got := s.connections(); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
	})
	t.Run("a refused message leaves it open", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, nil)
		c.Submit(t.Context(), to("refuse"), message)
		c.Submit(t.Context(), to("deferdata"), message)
		submit(t, c, 1)
		if got := s.connections(); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
	})
	t.Run("never more than allowed", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, func(c *mail.Server) { c.MaxConnections = 3 })
		var all sync.WaitGroup
		for range 60 {
			all.Go(func() { c.Submit(t.Context(), to("reader"), message) })
		}
		all.Wait()
		if got := len(s.messages()); got != 60 || s.most > 3 {
			t.Errorf("got %d messages, %d at once; want 60, at most 3", got, s.most)
		}
	})
	t.Run("another after some messages", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		submit(t, s.client(t, func(c *mail.Server) { c.MaxMessages = 2 }), 6)
		if got := s.connections(); got != 3 {
			t.Errorf("got %d connections, want 3", got)
		}
	})
	t.Run("another where the server closed it", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, nil)
		submit(t, c, 2)
		s.dropAll()
		submit(t, c, 2)
		if got := s.connections(); got != 2 {
			t.Errorf("got %d connections, want 2", got)
		}
	})
	t.Run("another where it was idle for long", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		now := time.Now()
		c, err := mail.NewClient(s.config(nil), func() time.Time { return now })
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		submit(t, c, 2)
		now = now.Add(time.Minute)
		c.CloseIdle()
		submit(t, c, 1)
		now = now.Add(time.Minute)
		submit(t, c, 1)
		if got := s.connections(); got != 3 {
			t.Errorf("got %d connections, want 3", got)
		}
	})
	t.Run("none after Close", func(t *testing.T) {
		t.Parallel()
		s := serve(t, nil)
		c := s.client(t, nil)
		submit(t, c, 1)
		c.Close()
		if got := c.Submit(t.Context(), to("reader"), message); got.Status != mail.Deferred || got.Text != "the client is closed" {
			t.Errorf("got %+v, want deferred", got)
		}
	})
}

func TestPace(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC)
	next := mail.PlacesAt(4, func() time.Time { return now })
	for i := range 5 {
		if got, want := next(), time.Duration(i)*250*time.Millisecond; got != want {
			t.Errorf("place %d: got %s, want %s", i, got, want)
		}
	}
	now = now.Add(time.Hour)
	if got := next(); got != 0 {
		t.Errorf("after a pause: got %s, want 0", got)
	}
}

func TestServerValidate(t *testing.T) {
	t.Parallel()
	_, err := mail.NewClient(mail.Server{Host: "a b", TLS: "maybe", Username: "ada", MaxConnections: -1, MaxMessages: -1, Rate: -1}, time.Now)
	problem, ok := errors.AsType[*domain.Error](err)
	if !ok {
		t.Fatalf("got %v, want an error of invalid input", err)
	}
	var got []string
	for _, field := range problem.Fields {
		got = append(got, field.Path)
	}
	if d := cmp.Diff([]string{"host", "port", "tls", "name", "maxConnections", "maxMessages", "rate"}, got); d != "" {
		t.Errorf("paths (-want +got):\n%s", d)
	}
	clear := mail.Server{Host: "127.0.0.1", Port: 25, TLS: mail.NoTLS, Name: "a.example.org", Username: "ada", Password: "secret"}
	if _, err := mail.NewClient(clear, time.Now); err == nil || strings.Contains(domain.Detail(err), "secret") {
		t.Errorf("a password without TLS: got %v", err)
	}
}

func TestWithoutAddresses(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"<reader@example.org>: no":                "<(address)>: no",
		"no such user reader+a@example.org.":      "no such user (address)",
		"a\r\nb\x00c":                             "a b c",
		"读者@例子.example unknown":                   "(address) unknown",
		"user=\"a@b\" x":                          "user=\"(address)\" x",
		strings.Repeat("é", 400):                  strings.Repeat("é", 299) + "…",
		"\xff":                                    "\uFFFD",
		fmt.Sprintf("rfc822;%s", "a=b@c.example"): "rfc822;(address)",
	} {
		if got := mail.WithoutAddresses(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func BenchmarkSubmit(b *testing.B) {
	s := serve(b, nil)
	c := s.client(b, nil)
	signer := newSigner(b, "news.example.org", rsaKey(b, "2026a"))
	m := newsletter()
	m.Pictures = nil
	m.Text = strings.Repeat(m.Text, 100)
	m.HTML = strings.Repeat(m.HTML, 150)
	b.SetParallelism(4)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			raw, err := m.Bytes()
			if err == nil {
				raw, err = signer.Sign(raw)
			}
			if got := c.Submit(b.Context(), to("reader"), raw); err != nil || got.Status != mail.Submitted {
				b.Errorf("got %+v %v, want submitted", got, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
