package domain_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

func TestCell(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠SUM(A1)", " =1", "\u00a0=1", "\ufeff=1", "\u200b＝1", "\tname"} {
		if got := domain.Cell(text); got != "'"+text {
			t.Errorf("%q: got %q, want an apostrophe in front", text, got)
		}
	}
	for _, text := range []string{"", "a=1", "'=1", "Works - and more", "国家＝1", " name", "−1"} {
		if got := domain.Cell(text); got != text {
			t.Errorf("%q: got %q, want it as it is", text, got)
		}
	}
}
