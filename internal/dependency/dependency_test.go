package dependency_test

import (
	"slices"
	"testing"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
)

// Keys of different things differ, and each has its type.
func TestKeys(t *testing.T) {
	t.Parallel()
	seen := map[dependency.Key]bool{dependency.Everything: true}
	add := func(k dependency.Key, want domain.Type) {
		if seen[k] {
			t.Errorf("the key %x is there twice", uint64(k))
		}
		seen[k] = true
		if k.Type() != want || k.Whole() != dependency.List(want) {
			t.Errorf("the key %x is of %s, whole %x; want %s", uint64(k), k.Type(), uint64(k.Whole()), want)
		}
	}
	for _, a := range domain.Types() {
		add(dependency.List(a), a)
		for _, slug := range []string{"a", "b", "ab"} {
			add(dependency.Name(a, slug), a)
			for _, b := range domain.Types() {
				add(dependency.ReferringToName(b, a, slug), b)
			}
		}
		for n := range domain.ID(100) {
			id := domain.ID(a)<<14 | n
			add(dependency.Document(id), id.Type())
			add(dependency.Referring(a, id), a)
		}
	}
}

func TestDistinct(t *testing.T) {
	t.Parallel()
	a, b := dependency.Name(domain.Tag, "a"), dependency.Name(domain.Report, "b")
	got := dependency.Distinct([]dependency.Key{a, b, a, b, b}, 2)
	if want := []dependency.Key{b, a}; !slices.Equal(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
	got = dependency.Distinct([]dependency.Key{a, b, dependency.Name(domain.Tag, "c")}, 2)
	if want := []dependency.Key{dependency.List(domain.Report), dependency.List(domain.Tag)}; !slices.Equal(got, want) {
		t.Errorf("of too many: got %x, want %x", got, want)
	}
	got = dependency.Distinct([]dependency.Key{a, dependency.Everything, b}, 2)
	if want := []dependency.Key{dependency.Everything}; !slices.Equal(got, want) {
		t.Errorf("with everything: got %x, want %x", got, want)
	}
}
