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

// Webhooks survive kill -9: the program is killed at random moments while clients
// publish and a receiver gets webhooks, and restarted, on both engines. In the end
// the receiver has an event of every acknowledged publication, in order per
// document.
func TestWebhooksSurviveCrashes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		rounds := 5
		if testing.Short() {
			rounds = 1
		}
		receiver := newWebhookReceiver(t)
		s := &crashSite{config: c, dir: t.TempDir(), flags: []string{"--webhook-allow-private"}, answered: map[string]acknowledged{}}
		s.key = s.makeKey(t, "ADMIN")
		cmd, addr, _ := startCommand(t, s.serve(t.Context()))
		if _, ok := s.post(t, addr, `mutation($url: URL!) { createWebhook(input: {url: $url, types: [REPORT]}) { secret } }`, map[string]any{"url": receiver.URL}); !ok {
			t.Fatal("the webhook was not registered")
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
		s.key = s.makeKey(t, "EDITOR")
		for range rounds {
			s.round(t)
		}

		last, _, _ := startCommand(t, s.serve(t.Context()))
		defer func() { _ = last.Wait() }()
		defer func() { _ = last.Process.Kill() }()
		// A delivery that was being sent when the program was killed is sent again after
		// the timeout of its job.
		late := time.After(4 * time.Minute)
		for {
			missing := receiver.missing(s.answered)
			if missing == "" {
				break
			}
			select {
			case <-receiver.more:
			case <-late:
				t.Fatalf("the receiver has no event of %s", missing)
			}
		}
		receiver.checkOrder(t)
		t.Logf("%d events of %d documents arrived, %d of them twice", len(receiver.seen), len(receiver.numbers), receiver.again)
	})
}

// webhookReceiver is a receiver that records the events of reports.
type webhookReceiver struct {
	*httptest.Server
	more chan struct{} // signals a new event

	mu      sync.Mutex
	seen    map[string]bool  // by the ids of events
	numbers map[string][]int // by slug: the numbers in the titles, in the order of the first receipt of each event
	first   map[string]string
	again   int
}

func newWebhookReceiver(t *testing.T) *webhookReceiver {
	receiver := &webhookReceiver{more: make(chan struct{}, 1), seen: map[string]bool{}, numbers: map[string][]int{}, first: map[string]string{}}
	receiver.Server = httptest.NewServer(http.HandlerFunc(receiver.receive))
	t.Cleanup(receiver.Close)
	return receiver
}

func (s *webhookReceiver) receive(w http.ResponseWriter, r *http.Request) {
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
	default: // a signal is already pending
	}
}

// missing returns the acknowledged publications without an event.
func (s *webhookReceiver) missing(answered map[string]acknowledged) string {
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

func (s *webhookReceiver) checkOrder(t *testing.T) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for slug, numbers := range s.numbers {
		for i, n := range numbers[1:] {
			if n < numbers[i] {
				t.Errorf("%s has events out of order: %v", slug, numbers)
			}
		}
		if s.first[slug] != "report.published" {
			t.Errorf("the first event of %s is %s", slug, s.first[slug])
		}
	}
}
