//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// An atomic mutation survives kill -9 whole or not at all: on the desk, in the
// publication log and in live.
func TestAtomicMutationsSurviveCrashesWhole(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s := &crashSite{config: c, dir: t.TempDir(), answered: map[string]acknowledged{}}
		s.key = s.makeKey(t, "EDITOR")
		rounds := 4
		if testing.Short() {
			rounds = 2
		}
		for range rounds {
			cmd, addr, stderr := startCommand(t, s.serve(t.Context()))
			var clients sync.WaitGroup
			for range 2 {
				clients.Go(func() { s.writeAtomically(t, addr) })
			}
			time.Sleep(rand.N(time.Second)) // a random moment of the crash
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			clients.Wait()
			_ = cmd.Wait() // it was killed
			if strings.Contains(stderr.String(), "panic") {
				t.Errorf("the program panicked:\n%s", stderr)
			}
		}
		s.checkAtomic(t)
		s.checkProjection(t)
	})
}

// sizeOfAtomic is how many reports an atomic mutation makes and publishes.
const sizeOfAtomic = 5

// writeAtomically sends atomic mutations until the program does not respond any more.
func (s *crashSite) writeAtomically(t *testing.T, addr string) {
	for range 500 {
		s.mu.Lock()
		s.next++
		number := s.next
		s.mu.Unlock()
		var fields strings.Builder
		for i := range sizeOfAtomic {
			fmt.Fprintf(&fields, `c%[2]d: createReport(input: {slug: "a%[1]d-%[2]d", title: "T", kind: BRIEF, language: "en", summary: "S.", body: "B."}) { created }
				p%[2]d: publish(input: {documents: ["report:a%[1]d-%[2]d"]}) { state }
			`, number, i)
		}
		if _, ok := s.post(t, addr, "mutation @atomic {"+fields.String()+"}", nil); !ok {
			return
		}
		s.note(fmt.Sprint(number), func(a *acknowledged) { a.published = 1 })
	}
}

// checkAtomic starts the program, and counts what is there of each mutation that was
// sent.
func (s *crashSite) checkAtomic(t *testing.T) {
	t.Helper()
	cmd, addr, _ := startCommand(t, s.serve(t.Context()))
	defer func() { _ = cmd.Wait() }()
	defer func() { _ = cmd.Process.Kill() }()
	for number := 1; number <= s.next; number++ {
		var slugs []string
		for i := range sizeOfAtomic {
			slugs = append(slugs, fmt.Sprintf("a%d-%d", number, i))
		}
		want := -1
		for _, stage := range []string{"@inContext(stage: DESK)", ""} {
			data, ok := s.post(t, addr, `query($slugs: [String!]) `+stage+` { reports(filter: {slug: {in: $slugs}}) { totalCount } }`, map[string]any{"slugs": slugs})
			if !ok {
				t.Fatal("no response after the restart")
			}
			var found struct{ TotalCount int }
			if err := json.Unmarshal(data["reports"], &found); err != nil {
				t.Fatal(err)
			}
			if want < 0 {
				want = found.TotalCount
			}
			if found.TotalCount != want || found.TotalCount%sizeOfAtomic != 0 || found.TotalCount == 0 && s.answered[fmt.Sprint(number)].published > 0 {
				t.Errorf("the mutation %d %s: %d of %d reports are there, acknowledged: %v", number, stage, found.TotalCount, sizeOfAtomic, s.answered[fmt.Sprint(number)].published > 0)
			}
		}
	}
	t.Logf("%d mutations were sent, %d acknowledged", s.next, len(s.answered))
}
