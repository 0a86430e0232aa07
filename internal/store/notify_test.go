package store_test

import (
	"context"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestNotifyWakesOtherProcesses(t *testing.T) {
	t.Parallel()
	config := storetest.PostgresConfig(t)
	open := func() *store.Stores {
		s, err := store.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	here, there := open(), open()
	ctx, stop := context.WithCancel(t.Context())
	notified, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		here.Listen(ctx, func() { notified <- struct{}{} })
	}()
	<-notified // it listens
	if err := there.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Notify(ctx) }); err != nil {
		t.Fatal(err)
	}
	<-notified
	stop()
	<-ended
}

func TestListenReturnsAtOnceOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.SQLite(t).Listen(t.Context(), func() { t.Error("got a notification") })
}
