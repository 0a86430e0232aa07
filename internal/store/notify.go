package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// notifyChannel is where processes on one PostgreSQL database tell each other
// that a store has moved on.
const notifyChannel = "redthread"

// Notify makes the other processes on the same database look again, once the
// transaction is durable. What has moved on they find out by themselves: a
// message can be lost, and so they look from time to time as well. On SQLite
// it does nothing.
func (tx *Tx) Notify(ctx context.Context) error {
	if tx.pool.dialect != dialect.Postgres {
		return nil
	}
	if _, err := tx.Exec(ctx, "SELECT pg_notify('"+notifyChannel+"', '')"); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// listenAgain is how long Listen waits before it connects again.
const listenAgain = 5 * time.Second

// Listen calls wake whenever another process, or this one, has called
// [Tx.Notify], and when it begins to listen, until ctx is done. It keeps a
// connection of its own, and makes another when that is lost. On SQLite it
// returns at once: there is nobody to listen to.
func (s *Stores) Listen(ctx context.Context, wake func()) {
	for s.postgres() && ctx.Err() == nil {
		if err := s.listen(ctx, wake); ctx.Err() == nil {
			s.log.WarnContext(ctx, "no longer told what other processes do; looking from time to time", "error", err)
		}
		select {
		case <-time.After(listenAgain):
		case <-ctx.Done():
		}
	}
}

func (s *Stores) listen(ctx context.Context, wake func()) error {
	conn, err := s.deskServer.connect(ctx, "desk", writing)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // it has nothing left to say
	if _, err := conn.Exec(ctx, "LISTEN "+notifyChannel); err != nil {
		return err
	}
	for {
		wake()
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}
