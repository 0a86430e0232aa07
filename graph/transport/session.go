package transport

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/99designs/gqlgen/graphql"
)

// session is a WebSocket connection and the operations that run on it.
type session struct {
	h       *Handler
	conn    *websocket.Conn
	request *http.Request // the one that was upgraded
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup // the goroutines

	initReceived chan struct{} // closed by connection_init

	// Written by the reading goroutine; the goroutines that it starts may read them.
	acknowledged  bool
	authorization string          // of connection_init
	begun         <-chan struct{} // closed when all operations so far have begun

	closed   atomic.Bool // no further message is sent
	received atomic.Bool // a message was received since the last ping
	active   atomic.Int64

	mu         sync.Mutex // held while a message is written
	operations map[string]*operation
}

// operation is an operation that a client has subscribed to. The client has not
// completed it as long as it is in the session's table.
type operation struct {
	id     string
	cancel context.CancelFunc

	turn  <-chan struct{} // closed when the operations before it have begun
	begun chan<- struct{} // closed when this one has begun as well
}

// close closes the session with a code and a reason; further calls do nothing. It
// returns when the client has acknowledged that, or after a timeout.
func (s *session) close(code websocket.StatusCode, reason string) {
	if s.closed.Swap(true) {
		return
	}
	s.cancel()
	_ = s.conn.Close(code, clip(cmp.Or(reason, closeReasons[code])))
}

// handle processes a message from the client. It returns false where it has closed
// the connection.
func (s *session) handle(m message) bool {
	switch m.Type {
	case messageInit:
		return s.initialise(m)
	case messagePing:
		s.send(nil, message{Type: messagePong, Payload: m.Payload})
	case messagePong:
		// serve has recorded that a message was received.
	case messageSubscribe:
		return s.subscribe(m)
	case messageComplete:
		s.complete(m.ID)
	}
	return true
}

// initialise handles connection_init.
func (s *session) initialise(m message) bool {
	select {
	case <-s.initReceived:
		s.close(closeTooManyInits, "")
		return false
	default:
		close(s.initReceived)
	}
	var err error
	if s.authorization, err = authorizationOf(m.Payload); err != nil {
		s.close(closeInvalid, err.Error())
		return false
	}
	if s.authorization != "" {
		ctx, cancel := context.WithCancel(s.ctx)
		defer cancel()
		if _, err := s.authenticate(ctx, cancel); err != nil {
			s.closeForError(err)
			return false
		}
	}
	s.acknowledged = true
	s.send(nil, message{Type: messageAck})
	s.running.Go(s.keepAlive)
	return true
}

// keepAlive pings the client, and aborts the session where no message is
// received between two pings.
func (s *session) keepAlive() {
	ticker := time.NewTicker(s.h.config.KeepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		if !s.received.Swap(false) {
			s.abort()
			return
		}
		s.send(nil, message{Type: messagePing})
	}
}

// abort ends the session without a close frame, which the client would not read.
func (s *session) abort() {
	s.closed.Store(true)
	s.cancel()
	_ = s.conn.CloseNow()
}

// subscribe starts an operation.
func (s *session) subscribe(m message) bool {
	if !s.acknowledged {
		s.close(closeUnauthorized, "")
		return false
	}
	params, err := decodeBody(m.Payload)
	if err != nil {
		s.close(closeInvalid, err.Error())
		return false
	}
	params.Headers = s.request.Header
	now := graphql.Now()
	params.ReadTime = graphql.TraceTiming{Start: now, End: now}

	op := &operation{id: m.ID}
	var ctx context.Context
	ctx, op.cancel = context.WithCancel(s.ctx)
	s.mu.Lock()
	_, exists := s.operations[op.id]
	if !exists {
		s.operations[op.id] = op
	}
	s.mu.Unlock()
	if exists {
		op.cancel()
		s.close(closeExists, "Subscriber for "+op.id+" already exists")
		return false
	}
	// The limit counts running operations: one still runs for a moment after its
	// client has completed it.
	if s.active.Add(1) > int64(s.h.config.MaxOperations) {
		s.active.Add(-1)
		op.cancel()
		s.fail(op, failure(ctx, codeUnavailable, fmt.Sprintf("at most %d operations run on one WebSocket at once", s.h.config.MaxOperations)))
		return true
	}
	begun := make(chan struct{})
	op.turn, op.begun, s.begun = s.begun, begun, begun
	s.running.Go(func() {
		defer s.active.Add(-1)
		defer op.cancel()
		s.run(ctx, op, params)
	})
	return true
}

// begin starts an operation after those before it: a client that has its response knows
// that a subscription it sent before has begun. It returns the operation's context, and nil
// where it cannot run, which the client then knows.
func (s *session) begin(ctx context.Context, op *operation, params *graphql.RawParams) (context.Context, *execution) {
	defer s.passTurn(op)
	wait := ctx
	ctx, err := s.authenticate(ctx, op.cancel)
	var x *execution
	var failed *graphql.Response
	if err == nil {
		x, failed = s.h.prepare(ctx, params)
	}
	if x != nil {
		wait = x.ctx // the timeout of a query goes on
	}
	select {
	case <-op.turn:
	case <-wait.Done():
	}
	switch {
	case x != nil:
		x.begin()
	case failed != nil:
		s.fail(op, failed)
	case s.ctx.Err() == nil && s.isSubscribed(op):
		s.closeForError(err)
	}
	return ctx, x
}

// passTurn lets the operation after op begin, once it was the turn of op.
func (s *session) passTurn(op *operation) {
	select {
	case <-op.turn:
		close(op.begun)
		return
	default:
	}
	s.running.Go(func() { // op has ended without waiting for its turn
		select {
		case <-op.turn:
		case <-s.ctx.Done():
		}
		close(op.begun)
	})
}

// run sends the responses of an operation.
func (s *session) run(ctx context.Context, op *operation, params *graphql.RawParams) {
	defer s.recover()
	ctx, x := s.begin(ctx, op, params)
	if x == nil {
		return
	}
	defer x.cancel()
	for resp := x.next(); resp != nil; resp = x.next() {
		body, resp := s.h.encode(ctx, resp)
		resp, body, release := s.h.reserveUnsent(ctx, resp, body)
		if len(resp.Data) == 0 {
			release()
			if x.isSubscription() && isRetryable(resp) && s.isSubscribed(op) {
				// After an error, clients don't subscribe again by themselves.
				s.close(websocket.StatusTryAgainLater, "")
				return
			}
			s.fail(op, resp)
			return
		}
		sent := s.send(op, message{ID: op.id, Type: messageNext, Payload: body})
		release()
		if !sent {
			return
		}
	}
	s.send(op, message{ID: op.id, Type: messageComplete})
}

// fail ends an operation with the errors of a response.
func (s *session) fail(op *operation, resp *graphql.Response) {
	body, err := json.Marshal(resp.Errors)
	if err != nil {
		panic(err)
	}
	s.send(op, message{ID: op.id, Type: messageError, Payload: body})
}

// isSubscribed reports whether the client has not completed an operation.
func (s *session) isSubscribed(op *operation) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operations[op.id] == op
}

// complete ends the operation with an id, if there is one. No message about it is
// sent afterwards.
func (s *session) complete(id string) {
	s.mu.Lock()
	op := s.operations[id]
	delete(s.operations, id)
	s.mu.Unlock()
	if op != nil {
		op.cancel()
	}
}

// send writes a message, about an operation if op is not nil. It returns false
// where the message was not sent: the connection has ended, or the client has
// completed the operation. The last message about an operation frees its id.
func (s *session) send(op *operation, m message) bool {
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() || op != nil && s.operations[op.id] != op {
		return false
	}
	// As in serve, a context that does not end with the session's.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.h.config.WriteTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, body); err != nil {
		s.abort() // the client doesn't read, or has disconnected
		return false
	}
	if m.Type == messageComplete || m.Type == messageError {
		delete(s.operations, op.id)
	}
	return true
}
