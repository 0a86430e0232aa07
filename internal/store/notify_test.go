package store_test

import (
	"context"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestOtherProcessesAreTold(t *testing.T) {
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
	told, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		here.Listen(ctx, func() { told <- struct{}{} })
	}()
	<-told // it listens
	if err := there.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error { return tx.Notify(ctx) }); err != nil {
		t.Fatal(err)
	}
	<-told
	stop()
	<-ended
}

func TestNobodyToListenToOnSQLite(t *testing.T) {
	t.Parallel()
	storetest.SQLite(t).Listen(t.Context(), func() { t.Error("somebody was heard") })
}
