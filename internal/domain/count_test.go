package domain_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 companies", 1: "1 company", 2: "2 companies", -1: "-1 companies"} {
		if got := domain.Count(n, "company", "companies"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
