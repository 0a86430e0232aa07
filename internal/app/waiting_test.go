package app_test

import (
	"context"
	"testing"
	"time"
)

// patience is how long a test waits for what should happen at once: longer than a busy machine takes, and shorter
// than the timeout of all tests, whose report does not show what was waited for.
const patience = 3 * time.Minute

// patient returns the context of the test, which ends after patience as well.
func patient(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// receive returns what comes from a channel.
func receive[T any](t *testing.T, from <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(patience):
		t.Fatalf("nothing came within %s", patience)
	}
	return v
}

// eventually waits until something is so.
func eventually(t *testing.T, so func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(patience)
	for !so() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatalf("not so within %s", patience)
		}
	}
}
