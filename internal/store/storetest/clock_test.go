package storetest_test

import (
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestClock(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	want := func(what string, got, want time.Time) {
		t.Helper()
		if !got.Equal(want) {
			t.Errorf("%s: got %v, want %v", what, got, want)
		}
	}
	c := storetest.NewClock(start)
	want("NewClock", c.Now(), start)
	c.Advance(time.Hour)
	want("Advance", c.Now(), start.Add(time.Hour))
	c.AdvanceTo(start)
	want("AdvanceTo an earlier time", c.Now(), start.Add(time.Hour))
	c.AdvanceTo(start.Add(2 * time.Hour))
	want("AdvanceTo", c.Now(), start.Add(2*time.Hour))

	c = storetest.NewSteppingClock(start, time.Second)
	want("the first step", c.Now(), start.Add(time.Second))
	want("the second step", c.Now(), start.Add(2*time.Second))
	want("Last", c.Last(), start.Add(2*time.Second))

	c = storetest.NewRunningClock()
	first := c.Now()
	c.Advance(time.Hour)
	if passed := c.Now().Sub(first); passed < time.Hour || passed > time.Hour+time.Minute {
		t.Errorf("a running clock advanced by an hour shows %v more", passed)
	}
}
