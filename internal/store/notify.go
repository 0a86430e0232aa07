package store

import (
	"context"
	"fmt"
	"time"

	"entgo.io/ent/dialect"
)

// notifyChannel is the NOTIFY channel on which the processes on one PostgreSQL
// database announce that a store has changed.
const notifyChannel = "redthread"

// Notify wakes the other processes on the same database, once the transaction is
// durable. The notification does not say what has changed. It can be lost, so
// the processes poll as well. On SQLite it does nothing.
func (tx *Tx) Notify(ctx context.Context) error {
	if tx.pool.dialect != dialect.Postgres {
		return nil
	}
	if _, err := tx.Exec(ctx, "SELECT pg_notify('"+notifyChannel+"', '')"); err != nil {
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// relistenDelay is how long Listen waits before it reconnects.
const relistenDelay = 5 * time.Second

// Listen calls wake whenever a process, also this one, has called [Tx.Notify],
// and whenever it begins to listen, until ctx is done. It has its own connection,
// and reconnects if that is lost. On SQLite it returns at once, because there
// are no notifications.
func (s *Stores) Listen(ctx context.Context, wake func()) {
	for s.postgres() && ctx.Err() == nil {
		if err := s.listen(ctx, wake); ctx.Err() == nil {
			s.log.WarnContext(ctx, "LISTEN connection lost; polling", "error", err)
		}
		select {
		case <-time.After(relistenDelay):
		case <-ctx.Done():
		}
	}
}

func (s *Stores) listen(ctx context.Context, wake func()) error {
	conn, err := s.deskServer.connect(ctx, "desk", writing)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // the connection is not used any more
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
