//go:build unix

package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A key that has rotated itself survives a kill -9 right after the response, with what belongs to its
// line: the new key and the old one work after the restart, and both see the webhook.
func TestOwnRotationSurvivesCrash(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s := &crashSite{config: c, dir: t.TempDir()}
		if s.key = s.makeKey(t, "PARTNER"); s.command(t.Context(), "key", "update", s.key, "--grant", "OWN_WEBHOOKS").Run() != nil {
			t.Fatal("the right was not granted")
		}
		cmd, addr, _ := startCommand(t, s.serve(t.Context()))
		if _, ok := s.post(t, addr, `mutation { createWebhook(input: {url: "https://partner.example/"}) { secret } }`, nil); !ok {
			t.Fatal("the webhook was not registered")
		}
		data, ok := s.post(t, addr, `mutation { rotateOwnApiKey(input: {}) { secret } }`, nil)
		if err := cmd.Process.Kill(); err != nil || !ok {
			t.Fatal(ok, err)
		}
		_ = cmd.Wait() // it was killed
		var made struct{ Secret string }
		if err := json.Unmarshal(data["rotateOwnApiKey"], &made); err != nil {
			t.Fatal(err)
		}

		last, addr, _ := startCommand(t, s.serve(t.Context()))
		defer func() { _ = last.Wait() }()
		defer func() { _ = last.Process.Kill() }()
		for _, key := range []string{s.key, made.Secret} {
			s.key = key
			got, ok := s.post(t, addr, `{ viewer { key { hint } } webhooks { totalCount } }`, nil)
			if !ok || string(got["webhooks"]) != `{"totalCount":1}` || !strings.Contains(string(got["viewer"]), key[:11]) {
				t.Errorf("the key %s…: got %s", key[:11], got)
			}
		}
	})
}
