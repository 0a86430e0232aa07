package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// TLSMode is how a connection to a server is encrypted.
type TLSMode string

// The modes. There is none that encrypts only if the server offers it: what is between could
// remove the offer.
const (
	STARTTLS    TLSMode = "starttls" // begins in clear text; refused if the server does not offer it
	ImplicitTLS TLSMode = "tls"      // RFC 8314
	NoTLS       TLSMode = "none"     // for a server on the same machine
)

// Server is an SMTP server that accepts messages for all recipients.
type Server struct {
	Host string
	Port int
	TLS  TLSMode
	// Username is empty for none. A password is sent over TLS only.
	Username string
	Password string
	// Name is the name of this machine for EHLO, in ASCII.
	Name string

	// MaxConnections is how many connections are open at once; 0 means 4.
	MaxConnections int
	// MaxMessages is how many messages are submitted on one connection before another is
	// opened; 0 means 100. Servers have limits of their own.
	MaxMessages int
	// Rate is how many messages a second are begun at most; 0 means no limit.
	Rate float64

	Timeouts Timeouts

	// TLSConfig overrides the default; the name of the server is filled in.
	TLSConfig *tls.Config
	// Dial overrides how a connection is made, for tests.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Timeouts are how long a client waits; zero fields are as in DefaultTimeouts.
type Timeouts struct {
	Connect time.Duration // for the connection, with the handshake of TLS
	Command time.Duration // for the greeting and the reply to a command
	Data    time.Duration // for the reply to DATA
	Block   time.Duration // for a write of a part of the message
	Reply   time.Duration // for the reply to the whole message
	Idle    time.Duration // after which an unused connection is closed
}

// DefaultTimeouts returns those of RFC 5321 section 4.5.3.2.
func DefaultTimeouts() Timeouts {
	return Timeouts{
		Connect: time.Minute, Command: 5 * time.Minute, Data: 2 * time.Minute, Block: 3 * time.Minute, Reply: 10 * time.Minute,
		Idle: 30 * time.Second,
	}
}

func (t *Timeouts) setDefaults() {
	d := DefaultTimeouts()
	for _, f := range []struct{ field, fallback *time.Duration }{
		{&t.Connect, &d.Connect}, {&t.Command, &d.Command}, {&t.Data, &d.Data}, {&t.Block, &d.Block}, {&t.Reply, &d.Reply}, {&t.Idle, &d.Idle},
	} {
		if *f.field <= 0 {
			*f.field = *f.fallback
		}
	}
}

// Validate returns an error of domain.KindInvalid that lists all that is wrong.
func (s *Server) Validate() error {
	var p domain.Problems
	if net.ParseIP(s.Host) == nil {
		if _, err := canonicalDomain(s.Host); err != nil && !isLabel(s.Host) {
			p.Add("host", "want the name or the IP address of a server, such as smtp.example.org")
		}
	}
	if s.Port < 1 || s.Port > 65535 {
		p.Add("port", "want a port from 1 to 65535, such as 587")
	}
	switch s.TLS {
	case STARTTLS, ImplicitTLS, NoTLS:
	default:
		p.Add("tls", "want starttls, tls or none")
	}
	if s.Username != "" && s.TLS == NoTLS {
		p.Add("username", "want starttls or tls: the password would be sent in clear text")
	}
	if s.Username == "" && s.Password != "" {
		p.Add("username", "want one for the password")
	}
	if _, err := canonicalDomain(s.Name); err != nil {
		p.Add("name", "want the name of this machine, such as newsletter.example.org")
	}
	if s.MaxConnections < 0 || s.MaxConnections > 100 {
		p.Add("maxConnections", "want 1 to 100, or 0 for 4")
	}
	if s.MaxMessages < 0 {
		p.Add("maxMessages", "want at least 1, or 0 for 100")
	}
	if s.Rate < 0 || s.Rate > 10000 {
		p.Add("rate", "want at most 10000 messages a second, or 0 for no limit")
	}
	return p.Err("the SMTP server cannot be used")
}

// isLabel reports whether s is a host name without a dot.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for _, c := range s {
		if !isAlphanumeric(c) && c != '-' {
			return false
		}
	}
	return true
}

// Envelope has the addresses of a submission. There is one recipient: a refused one of several
// could stop the message for all.
type Envelope struct {
	From string // the return path
	To   string
}

// Client submits messages to one server over a bounded number of connections, which stay open.
// It is safe for concurrent use.
type Client struct {
	server Server
	now    func() time.Time
	slots  chan struct{} // one for each connection that may be in use
	pace   *pacer

	mu     sync.Mutex
	idle   []*connection // the last is the most recently used
	closed bool
}

// NewClient returns a client of a server. It does not connect before the first message.
func NewClient(server Server, now func() time.Time) (*Client, error) {
	if err := server.Validate(); err != nil {
		return nil, err
	}
	if server.MaxConnections == 0 {
		server.MaxConnections = 4
	}
	if server.MaxMessages == 0 {
		server.MaxMessages = 100
	}
	server.Timeouts.setDefaults()
	if server.Dial == nil {
		address := net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
		server.Dial = func(ctx context.Context) (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) }
	}
	return &Client{server: server, now: now, slots: make(chan struct{}, server.MaxConnections), pace: newPacer(server.Rate, now)}, nil
}

// Submit submits a message. It waits for a free connection, and for the rate. If ctx ends, the
// result is Deferred before the end of the message was sent, and Unknown after that.
func (c *Client) Submit(ctx context.Context, envelope Envelope, message []byte) Result {
	to, err := Canonical(envelope.To)
	if err != nil {
		return Result{Status: Failed, Step: StepRecipient, Text: "the recipient's address: " + err.Error()}
	}
	from, err := Canonical(envelope.From)
	if err != nil {
		return Result{Status: Failed, Step: StepSender, Text: "the return path: " + err.Error()}
	}
	select {
	case c.slots <- struct{}{}:
		defer func() { <-c.slots }()
	case <-ctx.Done():
		return interrupted(ctx)
	}
	if err := c.pace.wait(ctx); err != nil {
		return interrupted(ctx)
	}
	for {
		conn, reused, err := c.connection(ctx)
		if err != nil {
			return c.connectFailure(ctx, err)
		}
		result, broken := conn.submit(ctx, from, to, message)
		if !broken && conn.messages < c.server.MaxMessages {
			c.release(conn)
		} else {
			conn.close(!broken)
		}
		// A server may close a connection that was idle. Nothing was sent, so a new one is tried,
		// once for each connection that was open.
		if reused && broken && result.Step == StepSender && ctx.Err() == nil {
			continue
		}
		return result
	}
}

func interrupted(ctx context.Context) Result {
	return Result{Status: Deferred, Step: StepConnect, Text: "interrupted: " + context.Cause(ctx).Error()}
}

// connectFailure is the result where there is no session. A refusal of the server is one of
// this client, and not of the message, so it is never Failed.
func (c *Client) connectFailure(ctx context.Context, err error) Result {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	r := refusal(StepConnect, err)
	r.Status = Deferred
	return r
}

// connection returns an open connection: one that was used before, or a new one.
func (c *Client) connection(ctx context.Context) (conn *connection, reused bool, err error) {
	for {
		conn, err := c.pop()
		if err != nil {
			return nil, false, err
		}
		if conn == nil {
			conn, err := c.connect(ctx)
			return conn, false, err
		}
		if c.now().Sub(conn.used) < c.server.Timeouts.Idle {
			return conn, true, nil
		}
		conn.close(true)
	}
}

var errClosed = errors.New("the client is closed")

// pop takes the most recently used of the idle connections; nil if there is none.
func (c *Client) pop() (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, errClosed
	}
	if len(c.idle) == 0 {
		return nil, nil
	}
	conn := c.idle[len(c.idle)-1]
	c.idle = c.idle[:len(c.idle)-1]
	return conn, nil
}

func (c *Client) release(conn *connection) {
	conn.used = c.now()
	c.mu.Lock()
	closed := c.closed
	if !closed {
		c.idle = append(c.idle, conn)
	}
	c.mu.Unlock()
	if closed {
		conn.close(true)
	}
}

// CloseIdle closes the connections that were not used for the idle timeout. The caller calls it from
// time to time; without that, they are closed when they are next looked at.
func (c *Client) CloseIdle() {
	c.mu.Lock()
	var old, young []*connection
	for _, conn := range c.idle {
		if c.now().Sub(conn.used) < c.server.Timeouts.Idle {
			young = append(young, conn)
		} else {
			old = append(old, conn)
		}
	}
	c.idle = young
	c.mu.Unlock()
	for _, conn := range old {
		conn.close(true)
	}
}

// Close closes the connections that are not in use, and each other one after its message.
// Submissions from then on are Deferred.
func (c *Client) Close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, conn := range idle {
		conn.close(true)
	}
}
