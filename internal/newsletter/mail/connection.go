package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// connection is a session with the server. One goroutine uses it at a time.
type connection struct {
	server   *Server
	net      *watchedConn
	smtp     *smtp.Client
	messages int
	used     time.Time
}

// watchedConn remembers whether a write failed: then the last bytes of the message did not leave this
// machine. It also bounds the time of each write.
type watchedConn struct {
	net.Conn
	block  time.Duration
	failed atomic.Bool
}

func (w *watchedConn) Write(b []byte) (int, error) {
	if err := w.Conn.SetWriteDeadline(time.Now().Add(w.block)); err != nil {
		w.failed.Store(true)
		return 0, err
	}
	n, err := w.Conn.Write(b)
	if err != nil {
		w.failed.Store(true)
	}
	return n, err
}

// connect opens a session: connection, TLS, EHLO, AUTH.
func (c *Client) connect(ctx context.Context) (*connection, error) {
	s := &c.server
	dialing, cancel := context.WithTimeout(ctx, s.Timeouts.Connect)
	defer cancel()
	raw, err := s.Dial(dialing)
	if err != nil {
		return nil, err
	}
	opening, cancel := context.WithTimeout(ctx, s.Timeouts.Command)
	defer cancel()
	conn := &connection{server: s, net: &watchedConn{Conn: raw, block: s.Timeouts.Block}}
	// go-smtp has no contexts. A closed connection ends what it waits for.
	stop := context.AfterFunc(opening, func() { _ = raw.Close() })
	err = conn.open(opening)
	if !stop() {
		err = errors.Join(opening.Err(), err)
	}
	if err != nil {
		_ = raw.Close()
		return nil, err
	}
	return conn, nil
}

func (conn *connection) open(ctx context.Context) error {
	s := conn.server
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.TLSConfig != nil {
		config = s.TLSConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	switch s.TLS {
	case ImplicitTLS:
		encrypted := tls.Client(conn.net, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
		conn.smtp = smtp.NewClient(encrypted)
	case STARTTLS:
		// It says "EHLO localhost" in clear text; the name follows when the connection is encrypted.
		client, err := smtp.NewClientStartTLS(conn.net, config)
		if err != nil {
			return fmt.Errorf("STARTTLS: %w", err)
		}
		conn.smtp = client
	default:
		conn.smtp = smtp.NewClient(conn.net)
	}
	conn.smtp.CommandTimeout = s.Timeouts.Command
	conn.smtp.SubmissionTimeout = s.Timeouts.Reply
	if err := conn.smtp.Hello(s.Name); err != nil {
		return fmt.Errorf("EHLO: %w", err)
	}
	return conn.authenticate()
}

func (conn *connection) authenticate() error {
	s := conn.server
	if s.Username == "" {
		return nil
	}
	var mechanism sasl.Client
	switch {
	case conn.smtp.SupportsAuth(sasl.Plain):
		mechanism = sasl.NewPlainClient("", s.Username, s.Password)
	case conn.smtp.SupportsAuth(sasl.Login):
		mechanism = sasl.NewLoginClient(s.Username, s.Password)
	default:
		return errors.New("AUTH: the server offers neither PLAIN nor LOGIN")
	}
	if err := conn.smtp.Auth(mechanism); err != nil {
		return fmt.Errorf("AUTH: %w", err)
	}
	return nil
}

// submit submits one message. The session must not be used again if it is broken.
func (conn *connection) submit(ctx context.Context, from, to string, message []byte) (result Result, broken bool) {
	stop := context.AfterFunc(ctx, func() { _ = conn.net.Close() })
	result, broken = conn.transaction(from, to, message)
	if !stop() {
		broken = true
		if result.Code == 0 && result.Status != Submitted {
			result.Text = interrupted(ctx).Text
		}
	}
	conn.messages++
	return result, broken
}

func (conn *connection) transaction(from, to string, message []byte) (result Result, broken bool) {
	utf8 := NeedsUTF8(from) || NeedsUTF8(to)
	if offered, _ := conn.smtp.Extension("SMTPUTF8"); utf8 && !offered {
		// RFC 6531 section 3.2: such an address cannot be sent to through this server.
		return Result{Status: Failed, Step: StepRecipient, Enhanced: "5.6.7", Text: "the address has letters outside of ASCII, and the server does not offer SMTPUTF8"}, false
	}
	if most, ok := conn.smtp.MaxMessageSize(); ok && most > 0 && len(message) > most {
		return Result{Status: Failed, Step: StepSender, Enhanced: "5.3.4", Text: fmt.Sprintf("the message has %d bytes, and the server takes at most %d", len(message), most)}, false
	}
	if err := conn.smtp.Mail(from, &smtp.MailOptions{UTF8: utf8, Size: int64(len(message))}); err != nil {
		return conn.refused(StepSender, err)
	}
	if err := conn.smtp.Rcpt(to, nil); err != nil {
		return conn.refused(StepRecipient, err)
	}
	conn.smtp.CommandTimeout = conn.server.Timeouts.Data
	data, err := conn.smtp.Data()
	conn.smtp.CommandTimeout = conn.server.Timeouts.Command
	if err != nil {
		return conn.refused(StepData, err)
	}
	if _, err := data.Write(message); err != nil {
		return conn.refused(StepData, err)
	}
	reply, err := data.CloseWithResponse()
	if err != nil {
		reply, ok := errors.AsType[*smtp.SMTPError](err)
		if understood := ok && reply.Code >= 400 && reply.Code <= 599; !understood && !conn.net.failed.Load() {
			// The final dot was sent, and there is no reply, or one that does not say yes or no.
			return Result{Status: Unknown, Step: StepReply, Text: withoutAddresses(err.Error())}, true
		}
		return conn.refused(StepReply, err)
	}
	enhanced, text := splitEnhanced(reply.StatusText)
	return Result{Status: Submitted, Step: StepReply, Code: 250, Enhanced: enhanced, Text: withoutAddresses(text)}, false
}

// refused is the result of an error. After a refusal the session goes on, once RSET has ended
// its transaction.
func (conn *connection) refused(step Step, err error) (result Result, broken bool) {
	result = refusal(step, err)
	// 530, 534, 535 and 538 want another log-in (RFC 4954 section 6): that fails for each message alike.
	if result.Code >= 530 && result.Code <= 539 {
		result.Status, result.Step = Deferred, StepConnect
		return result, true
	}
	// 421: the server closes the connection (RFC 5321 section 3.8).
	if result.Code == 0 || result.Code == 421 {
		return result, true
	}
	return result, conn.smtp.Reset() != nil
}

// refusal is the result of an error ahead of the final dot, or of a reply.
func refusal(step Step, err error) Result {
	reply, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok {
		return Result{Status: Deferred, Step: step, Text: withoutAddresses(err.Error())}
	}
	r := Result{Status: Deferred, Step: step, Code: reply.Code, Text: withoutAddresses(reply.Message)}
	if c := reply.EnhancedCode; c[0] > 0 {
		r.Enhanced = fmt.Sprintf("%d.%d.%d", c[0], c[1], c[2])
	}
	if reply.Code >= 500 && reply.Code <= 599 {
		r.Status = Failed
	}
	return r
}

// close ends the session, with QUIT if it is polite. It does not wait long for the reply.
func (conn *connection) close(polite bool) {
	if polite {
		conn.smtp.CommandTimeout = min(conn.server.Timeouts.Command, 5*time.Second)
		if conn.smtp.Quit() == nil {
			return
		}
	}
	_ = conn.net.Close()
}
