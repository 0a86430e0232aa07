package mail_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// testServer is an SMTP server whose behaviour depends on the local part of the recipient:
// see session.Rcpt and session.Data. Others are accepted.
type testServer struct {
	listener net.Listener
	reached  chan string   // a step that blocks was reached
	release  chan struct{} // closed at the end of the test

	mu       sync.Mutex
	accepted []delivered
	conns    []net.Conn
	active   int
	most     int
}

type delivered struct {
	from, to string
	utf8     bool
	data     []byte
}

func (s *testServer) messages() []delivered {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.accepted
}

// connections returns how many there were.
func (s *testServer) connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// dropAll closes all connections, as a server does that restarts.
func (s *testServer) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
}

// Accept counts connections.
func (s *testServer) Accept() (net.Conn, error) {
	c, err := s.listener.Accept()
	if err == nil {
		s.mu.Lock()
		s.conns = append(s.conns, c)
		s.mu.Unlock()
	}
	return c, err
}

func (s *testServer) Close() error   { return s.listener.Close() }
func (s *testServer) Addr() net.Addr { return s.listener.Addr() }

// pipeListener accepts connections in memory, whose writes wait for the reader.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}
func (p *pipeListener) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipeListener) Addr() net.Addr { return &net.UnixAddr{} }

// serve starts a server, after change, until the end of the test.
func serve(t testing.TB, change func(*smtp.Server)) *testServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, listener, change)
}

func serveOn(t testing.TB, listener net.Listener, change func(*smtp.Server)) *testServer {
	t.Helper()
	s := &testServer{listener: listener, reached: make(chan string, 100), release: make(chan struct{})}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c}, nil }))
	server.Domain = "mx.example.org"
	server.ErrorLog = log.New(io.Discard, "", 0)
	if change != nil {
		change(server)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(s)
	}()
	t.Cleanup(func() {
		close(s.release)
		_ = server.Close()
		_ = s.Close() // a server that does not serve yet closes no listener
		<-done
	})
	return s
}

// client returns a client of the server, after change.
func (s *testServer) client(t testing.TB, change func(*mail.Server)) *mail.Client {
	t.Helper()
	c, err := mail.NewClient(s.config(change), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (s *testServer) config(change func(*mail.Server)) mail.Server {
	config := mail.Server{Host: "127.0.0.1", Port: 25, TLS: mail.NoTLS, Name: "newsletter.example.org"}
	if address, ok := s.listener.Addr().(*net.TCPAddr); ok {
		config.Port = address.Port
	}
	if pipes, ok := s.listener.(*pipeListener); ok {
		config.Dial = func(ctx context.Context) (net.Conn, error) {
			near, far := net.Pipe()
			select {
			case pipes.conns <- far:
				return near, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
	}
	if change != nil {
		change(&config)
	}
	return config
}

type session struct {
	server *testServer
	conn   *smtp.Conn
	next   delivered
}

func (s *session) Reset()        { s.next = delivered{} }
func (s *session) Logout() error { return nil }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if username != "ada" || password != "right" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *session) Mail(from string, options *smtp.MailOptions) error {
	s.next = delivered{from: from, utf8: options.UTF8}
	if strings.HasPrefix(from, "refused") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "sender refused"}
	}
	if strings.HasPrefix(from, "login") {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "log in first"}
	}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.next.to = to
	switch local, _, _ := strings.Cut(to, "@"); local {
	case "defer":
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted, <" + to + "> try later"}
	case "refuse":
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user " + to}
	case "full":
		return &smtp.SMTPError{Code: 552, EnhancedCode: smtp.NoEnhancedCode, Message: "mailbox full"}
	case "shutdown":
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "shutting down"}
	case "blockrcpt":
		s.block("rcpt")
	}
	return nil
}

// block waits for the end of the test.
func (s *session) block(step string) {
	s.server.reached <- step
	<-s.server.release
}

func (s *session) Data(r io.Reader) error {
	s.server.mu.Lock()
	s.server.active++
	s.server.most = max(s.server.most, s.server.active)
	s.server.mu.Unlock()
	defer func() {
		s.server.mu.Lock()
		s.server.active--
		s.server.mu.Unlock()
	}()
	local, _, _ := strings.Cut(s.next.to, "@")
	if local == "dropmid" {
		_, _ = io.CopyN(io.Discard, r, 10)
		_ = s.conn.Conn().Close()
		return errors.New("dropped")
	}
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch local {
	case "deferdata":
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	case "refusedata":
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "policy"}
	case "dropdot":
		_ = s.conn.Conn().Close()
		return errors.New("dropped")
	case "late":
		s.block("data")
		return errors.New("too late")
	}
	s.next.data = data
	s.server.mu.Lock()
	s.server.accepted = append(s.server.accepted, s.next)
	s.server.mu.Unlock()
	return nil
}

// certificate returns a certificate for 127.0.0.1, and a pool that trusts it.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// oldServer is a server that knows only the commands of RFC 821. It returns its client and
// the message that it accepts.
func oldServer(t testing.TB) (*mail.Client, <-chan string) {
	t.Helper()
	messages := make(chan string, 1)
	done := make(chan struct{})
	near, far := net.Pipe()
	go func() {
		defer close(done)
		defer far.Close()
		lines := bufio.NewReader(far)
		reply := func(text string) { _, _ = fmt.Fprintf(far, "%s\r\n", text) }
		reply("220 mx.example.org")
		var data strings.Builder
		for inData := false; ; {
			line, err := lines.ReadString('\n')
			switch verb := strings.TrimSpace(line); {
			case err != nil:
				return
			case inData && verb == ".":
				inData = false
				messages <- data.String()
				reply("250 ok")
			case inData:
				data.WriteString(line)
			case strings.HasPrefix(verb, "EHLO"):
				reply("502 what?")
			case verb == "DATA":
				inData = true
				reply("354 go on")
			case verb == "QUIT":
				reply("221 bye")
			default:
				reply("250 ok")
			}
		}
	}()
	c, err := mail.NewClient(mail.Server{Host: "127.0.0.1", Port: 25, TLS: mail.NoTLS, Name: "newsletter.example.org",
		Dial: func(context.Context) (net.Conn, error) { return near, nil }}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		_ = near.Close()
		<-done
	})
	return c, messages
}
