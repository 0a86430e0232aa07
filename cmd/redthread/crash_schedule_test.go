//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Schedules survive kill -9: the program is killed at random moments around their
// time, and restarted, on both engines. In the end each schedule was carried out
// exactly once.
func TestSchedulesSurviveCrashes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		rounds, each := 6, 8
		if testing.Short() {
			rounds = 2
		}
		s := &crashSite{config: c, dir: t.TempDir(), answered: map[string]acknowledged{}}
		s.key = s.makeKey(t, "EDITOR")
		made := 0
		for range rounds {
			cmd, addr, stderr := startCommand(t, s.serve(t.Context()))
			due := time.Now().Add(4 * time.Second) // to schedule takes a second or two on a busy machine
			for range each {
				slug := fmt.Sprintf("r%d", made)
				if _, ok := s.post(t, addr, `mutation($slug: String!, $at: DateTime!, $documents: [String!]!) {
					createReport(input: {slug: $slug, title: $slug, kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created }
					schedulePublication(input: {documents: $documents, at: $at}) { schedule { id } } }`,
					map[string]any{"slug": slug, "documents": []string{"report:" + slug}, "at": due.UTC().Format(time.RFC3339Nano)}); !ok {
					t.Fatalf("nothing was scheduled\n%s", stderr)
				}
				made++
			}
			time.Sleep(time.Until(due) + rand.N(1500*time.Millisecond) - 200*time.Millisecond) // a random moment of the crash
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // it was killed
			if strings.Contains(stderr.String(), "panic") {
				t.Errorf("the program panicked:\n%s", stderr)
			}
		}

		began := time.Now()
		last, addr, stderr := startCommand(t, s.serve(t.Context()))
		defer func() { _ = last.Wait() }()
		defer func() { _ = last.Process.Kill() }()
		s.awaitSchedules(t, addr, made, stderr)
		t.Logf("%d schedules; those that were left were carried out within %s of the last start", made, time.Since(began).Round(time.Millisecond))

		stores, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stores.Close() }()
		rows, err := stores.DeskRows().Query(t.Context(), "SELECT document_id, count(*) FROM publication_entries GROUP BY document_id")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		documents := 0
		for rows.Next() {
			var id, n int64
			if err := rows.Scan(&id, &n); err != nil {
				t.Fatal(err)
			}
			if n != 1 {
				t.Errorf("the document %d was published %d times", id, n)
			}
			documents++
		}
		if documents != made {
			t.Errorf("%d documents were published, want %d", documents, made)
		}
	})
}

// awaitSchedules waits until the given number of schedules was carried out. It
// checks again on each change of live.
func (s *crashSite) awaitSchedules(t *testing.T, addr string, want int, stderr fmt.Stringer) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+"/changes", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	late := time.AfterFunc(2*time.Minute, func() { _ = resp.Body.Close() })
	defer late.Stop()
	lines := bufio.NewScanner(resp.Body)
	for more := true; more; more = lines.Scan() {
		data, ok := s.post(t, addr, `{ schedules(statuses: [DONE]) { totalCount } }`, nil)
		if !ok {
			t.Fatal("no response after the restart")
		}
		var done struct{ TotalCount int }
		if err := json.Unmarshal(data["schedules"], &done); err != nil {
			t.Fatal(err)
		}
		if done.TotalCount == want {
			return
		}
	}
	data, _ := s.post(t, addr, `{ schedules(statuses: [PENDING, FAILED]) { nodes { status error at } } }`, nil)
	t.Fatalf("some schedules were not carried out: %s\n%s", data["schedules"], stderr)
}
