//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// A mutation with an idempotency key is done at most once, whenever kill -9 comes: clients
// send mutations until the program is killed, and send the same ones again after the
// restart, on both engines.
func TestIdempotencyKeysSurviveCrashes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		rounds := 6
		if testing.Short() {
			rounds = 2
		}
		s := &crashSite{config: c, dir: t.TempDir(), answered: map[string]acknowledged{}}
		s.key = s.makeKey(t, "EDITOR")
		k := &keyedClients{crashSite: s, stored: map[int]string{}}
		for range rounds {
			cmd, addr, stderr := startCommand(t, s.serve(t.Context()))
			k.sendAgain(t, addr)
			var clients sync.WaitGroup
			for range 3 {
				clients.Go(func() { k.send(t, addr) })
			}
			time.Sleep(rand.N(300 * time.Millisecond)) // a random moment of the crash
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			clients.Wait()
			_ = cmd.Wait() // it was killed
			if strings.Contains(stderr.String(), "panic") {
				t.Errorf("the program panicked:\n%s", stderr)
			}
		}
		cmd, addr, _ := startCommand(t, s.serve(t.Context()))
		defer func() { _ = cmd.Wait() }()
		defer func() { _ = cmd.Process.Kill() }()
		k.sendAgain(t, addr)
		k.checkTags(t, addr)
		t.Logf("%d mutations: %d acknowledged, %d of an unknown outcome", k.next, len(k.stored), k.unknown)
	})
}

// keyedClients send mutations with idempotency keys.
type keyedClients struct {
	*crashSite
	stored  map[int]string // the acknowledged responses, by the number of the mutation
	unknown int
}

// send sends new mutations until the program does not respond any more.
func (k *keyedClients) send(t *testing.T, addr string) {
	for range 500 {
		k.mu.Lock()
		k.next++
		number := k.next
		k.mu.Unlock()
		status, body, _, ok := k.create(t, addr, number)
		if !ok {
			return
		}
		if status != http.StatusOK || !strings.Contains(body, `"created":true`) {
			t.Errorf("mutation %d: got %d %s", number, status, body)
		}
		k.mu.Lock()
		k.stored[number] = body
		k.mu.Unlock()
	}
}

// sendAgain sends all mutations again. What was acknowledged gets the same response. What
// was not is done now, or was done and is answered from the store, or its outcome is
// unknown or, so soon after the crash, may still come.
func (k *keyedClients) sendAgain(t *testing.T, addr string) {
	t.Helper()
	k.unknown = 0
	for number := 1; number <= k.next; number++ {
		status, body, replayed, ok := k.create(t, addr, number)
		if !ok {
			t.Fatal("no response after the restart")
		}
		want, known := k.stored[number]
		switch {
		case status == http.StatusConflict && !known && (strings.Contains(body, "is unknown") || strings.Contains(body, "has not ended yet")):
			k.unknown++
		case status != http.StatusOK || !strings.Contains(body, `"created":true`):
			t.Errorf("mutation %d: got %d %s", number, status, body)
		case known && (body != want || !replayed):
			t.Errorf("mutation %d: got %s, replayed %t, want %s", number, body, replayed, want)
		default:
			k.stored[number] = body
		}
	}
}

// checkTags wants one tag of each acknowledged mutation, and no second one of any: that
// would have its slug with a number.
func (k *keyedClients) checkTags(t *testing.T, addr string) {
	t.Helper()
	for number := 1; number <= k.next; number++ {
		data, ok := k.post(t, addr, `query($s: String!) @inContext(stage: DESK) { tags(filter: {slug: {startsWith: $s}}) { totalCount } }`,
			map[string]any{"s": fmt.Sprintf("tag-%d-of", number)})
		if !ok {
			t.Fatal("no response")
		}
		var tags struct{ TotalCount int }
		if err := json.Unmarshal(data["tags"], &tags); err != nil {
			t.Fatal(err)
		}
		if _, known := k.stored[number]; tags.TotalCount > 1 || known && tags.TotalCount != 1 {
			t.Errorf("mutation %d, acknowledged: %t: there are %d tags", number, known, tags.TotalCount)
		}
	}
}

// create sends the mutation of a number. ok is false without a complete response.
func (k *keyedClients) create(t *testing.T, addr string, number int) (status int, body string, replayed, ok bool) {
	text := fmt.Sprintf(`{"query":"mutation { createTag(input: {label: \"Tag %d of many\", vocabulary: TOPIC}) { created } }"}`, number)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/graphql", bytes.NewReader([]byte(text)))
	if err != nil {
		t.Error(err)
		return 0, "", false, false
	}
	// Without it net/http would send the request again by itself, which is what the key is for.
	r.GetBody = nil
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+k.key)
	r.Header.Set("Idempotency-Key", fmt.Sprint("mutation ", number))
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", false, false
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", false, false
	}
	return res.StatusCode, string(raw), res.Header.Get("Idempotency-Replayed") == "true", true
}
