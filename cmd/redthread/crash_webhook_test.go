//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Webhooks survive kill -9: the program is killed at random moments while
// clients publish and a receiver is told, and started again, on both engines. At
// the end the receiver has been told of every publication that was answered, of
// each document in order.
func TestNoWebhookIsLost(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		rounds := 5
		if testing.Short() {
			rounds = 1
		}
		told := newToldSite(t)
		s := &crashSite{config: c, dir: t.TempDir(), flags: []string{"--webhook-allow-private"}, answered: map[string]answered{}}
		s.key = s.makeKey(t, "ADMIN")
		cmd, addr, _ := started(t, s.serve(t.Context()))
		if _, ok := s.post(t, addr, `mutation($url: URL!) { createWebhook(input: {url: $url, types: [REPORT]}) { secret } }`, map[string]any{"url": told.URL}); !ok {
			t.Fatal("the webhook was not registered")
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		s.key = s.makeKey(t, "EDITOR")
		for range rounds {
			s.round(t)
		}

		last, _, _ := started(t, s.serve(t.Context()))
		defer func() { _ = last.Wait() }()
		defer func() { _ = last.Process.Kill() }()
		// What was being sent when the program was killed is sent again when it
		// is certain that nobody sends it any more.
		late := time.After(4 * time.Minute)
		for {
			missing := told.missing(s.answered)
			if missing == "" {
				break
			}
			select {
			case <-told.more:
			case <-late:
				t.Fatalf("the receiver was not told of %s", missing)
			}
		}
		told.checkOrder(t)
		t.Logf("%d events of %d documents arrived, %d of them twice", len(told.seen), len(told.numbers), told.again)
	})
}

// toldSite is a receiver that keeps what it is told of reports.
type toldSite struct {
	*httptest.Server
	more chan struct{} // something has come

	mu      sync.Mutex
	seen    map[string]bool  // by the ids of events
	numbers map[string][]int // by slug: what the titles say, in the order in which new events came
	first   map[string]string
	again   int
}

func newToldSite(t *testing.T) *toldSite {
	told := &toldSite{more: make(chan struct{}, 1), seen: map[string]bool{}, numbers: map[string][]int{}, first: map[string]string{}}
	told.Server = httptest.NewServer(http.HandlerFunc(told.receive))
	t.Cleanup(told.Close)
	return told
}

func (s *toldSite) receive(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	var event struct {
		Type string
		Data struct{ Slug, Title string }
	}
	if err == nil {
		err = json.Unmarshal(raw, &event)
	}
	var number int
	if err == nil {
		_, err = fmt.Sscanf(event.Data.Title, event.Data.Slug+" at %d", &number)
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	id, slug := r.Header.Get("webhook-id"), event.Data.Slug
	if s.seen[id] {
		s.again++
	} else {
		s.seen[id] = true
		s.numbers[slug] = append(s.numbers[slug], number)
		if s.first[slug] == "" {
			s.first[slug] = event.Type
		}
	}
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default: // somebody will look
	}
}

// missing names the publications that were answered and not told of.
func (s *toldSite) missing(answered map[string]answered) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var missing []string
	for slug, want := range answered {
		numbers := s.numbers[slug]
		if want.published > 0 && (len(numbers) == 0 || numbers[len(numbers)-1] < want.published) {
			missing = append(missing, fmt.Sprintf("%s at %d (got %v)", slug, want.published, numbers))
		}
	}
	return strings.Join(missing, ", ")
}

func (s *toldSite) checkOrder(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for slug, numbers := range s.numbers {
		for i, n := range numbers[1:] {
			if n < numbers[i] {
				t.Errorf("%s was told out of order: %v", slug, numbers)
			}
		}
		if s.first[slug] != "report.published" {
			t.Errorf("the first event of %s is %s", slug, s.first[slug])
		}
	}
}
