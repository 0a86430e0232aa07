package app_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/app"
)

func TestGCPercent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		live uint64
		want int
	}{
		"NothingIsLive":       {0, 400},
		"WithoutCachedBytes":  {6 << 20, 400},
		"SomeCachedBytes":     {20 << 20, 120},
		"AFullCache":          {80 << 20, 30},
		"MoreThanTheHeadroom": {1 << 30, 30},
	} {
		if got := app.GCPercent(test.live); got != test.want {
			t.Errorf("%s: got %d, want %d", name, got, test.want)
		}
	}
}
