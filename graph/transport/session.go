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

// session is a WebSocket and what runs on it.
type session struct {
	h       *Handler
	conn    *websocket.Conn
	request *http.Request // the one that was upgraded
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup // the goroutines

	begun chan struct{} // is closed by connection_init

	// Of the reading goroutine; those that it starts may read them.
	acked         bool
	authorization string // of connection_init

	closed atomic.Bool // nothing more is said
	heard  atomic.Bool // something has come since the last ping
	busy   atomic.Int64

	mu         sync.Mutex // held while a message is written
	operations map[string]*subscribed
}

// subscribed is an operation that its client still listens to, as long as it
// is in the session's table.
type subscribed struct {
	id     string
	cancel context.CancelFunc
}

// close ends the session and says why, once. It returns when the client has
// understood, or has taken too long to.
func (s *session) close(code websocket.StatusCode, reason string) {
	if s.closed.Swap(true) {
		return
	}
	s.cancel()
	_ = s.conn.Close(code, clip(cmp.Or(reason, closeReasons[code])))
}

// receive does what a message asks for. It returns false when the connection
// is closed because of it.
func (s *session) receive(m message) bool {
	switch m.Type {
	case messageInit:
		return s.begin(m)
	case messagePing:
		s.send(nil, message{Type: messagePong, Payload: m.Payload})
	case messagePong:
		// That it was heard is noted.
	case messageSubscribe:
		return s.subscribe(m)
	case messageComplete:
		s.forget(m.ID)
	}
	return true
}

// begin answers connection_init.
func (s *session) begin(m message) bool {
	select {
	case <-s.begun:
		s.close(closeTooManyInits, "")
		return false
	default:
		close(s.begun)
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
			s.closeFor(err)
			return false
		}
	}
	s.acked = true
	s.send(nil, message{Type: messageAck})
	s.running.Go(s.keepAlive)
	return true
}

// keepAlive pings the client, and cuts off one that is not heard of between
// two pings.
func (s *session) keepAlive() {
	ticker := time.NewTicker(s.h.config.KeepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		if !s.heard.Swap(false) {
			s.cut()
			return
		}
		s.send(nil, message{Type: messagePing})
	}
}

// cut ends the session without a word, which nobody would hear.
func (s *session) cut() {
	s.closed.Store(true)
	s.cancel()
	_ = s.conn.CloseNow()
}

// subscribe begins an operation.
func (s *session) subscribe(m message) bool {
	if !s.acked {
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

	op := &subscribed{id: m.ID}
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
	// Counted are those that run, which one does for a moment after its client
	// has completed it.
	if s.busy.Add(1) > int64(s.h.config.MaxOperations) {
		s.busy.Add(-1)
		op.cancel()
		s.fail(op, failure(ctx, codeUnavailable, fmt.Sprintf("at most %d operations run on one WebSocket at once", s.h.config.MaxOperations)))
		return true
	}
	s.running.Go(func() {
		defer s.busy.Add(-1)
		defer op.cancel()
		s.run(ctx, op, params)
	})
	return true
}

// run sends the responses of an operation.
func (s *session) run(ctx context.Context, op *subscribed, params *graphql.RawParams) {
	defer s.recover()
	ctx, err := s.authenticate(ctx, op.cancel)
	if err != nil {
		if s.ctx.Err() == nil && s.listens(op) {
			s.closeFor(err)
		}
		return
	}
	x, failed := s.h.prepare(ctx, params)
	if failed != nil {
		s.fail(op, failed)
		return
	}
	defer x.cancel()
	for resp := x.next(); resp != nil; resp = x.next() {
		body, resp := s.h.encode(ctx, resp)
		resp, body, letGo := s.h.keep(ctx, resp, body)
		if len(resp.Data) == 0 {
			letGo()
			if x.isSubscription() && comesBack(resp) && s.listens(op) {
				// After an error, clients don't subscribe again by themselves.
				s.close(websocket.StatusTryAgainLater, "")
				return
			}
			s.fail(op, resp)
			return
		}
		sent := s.send(op, message{ID: op.id, Type: messageNext, Payload: body})
		letGo()
		if !sent {
			return
		}
	}
	s.send(op, message{ID: op.id, Type: messageComplete})
}

// fail sends the errors of a response, with which its operation ends.
func (s *session) fail(op *subscribed, resp *graphql.Response) {
	body, err := json.Marshal(resp.Errors)
	if err != nil {
		panic(err)
	}
	s.send(op, message{ID: op.id, Type: messageError, Payload: body})
}

// listens says whether the client still wants to hear of an operation.
func (s *session) listens(op *subscribed) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operations[op.id] == op
}

// forget ends the operation of an id, if there is one. No message about it is
// sent after this.
func (s *session) forget(id string) {
	s.mu.Lock()
	op := s.operations[id]
	delete(s.operations, id)
	s.mu.Unlock()
	if op != nil {
		op.cancel()
	}
}

// send writes a message, about an operation if that is not nil. It returns
// false where it doesn't: the connection has ended, or the client has
// completed the operation. The last message about an operation frees its id.
func (s *session) send(op *subscribed, m message) bool {
	body, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed.Load() || op != nil && s.operations[op.id] != op {
		return false
	}
	// Its own context, for the same reason for which reading has it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), s.h.config.WriteTimeout)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, body); err != nil {
		s.cut() // the client doesn't read, or has gone
		return false
	}
	if m.Type == messageComplete || m.Type == messageError {
		delete(s.operations, op.id)
	}
	return true
}
