package dependency_test

import (
	"slices"
	"strings"
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
	report, a, b, c := dependency.Name(domain.Report, "r"), dependency.Name(domain.Tag, "a"), dependency.Name(domain.Tag, "b"), dependency.Name(domain.Tag, "c")
	tags, reports := dependency.List(domain.Tag), dependency.List(domain.Report)
	type keys = []dependency.Key
	inOrder := func(k keys) keys { slices.Sort(k); return k }
	for name, row := range map[string]struct {
		given keys
		limit int
		want  keys
	}{
		"Nothing":              {nil, 2, nil},
		"EachOnce":             {keys{a, report, a, report, report}, 2, keys{report, a}},
		"Everything":           {keys{a, dependency.Everything, report}, 9, keys{dependency.Everything}},
		"AllOfATypeCoverIts":   {keys{a, tags, b, report}, 9, keys{report, tags}},
		"TheMostNumerousFirst": {keys{a, b, c, report}, 3, keys{report, tags}},
		"OneMore":              {keys{a, b, c}, 3, inOrder(keys{a, b, c})},
		"FewerThanTheTypes":    {keys{a, report}, 1, keys{report, a}},
		"AllTypes":             {keys{a, b, report, dependency.Name(domain.Report, "s")}, 1, keys{reports, tags}},
	} {
		if got := dependency.Distinct(slices.Clone(row.given), row.limit); !slices.Equal(got, row.want) {
			t.Errorf("%s: got %x, want %x", name, got, row.want)
		}
	}
}

// As cache tags, keys are lower case, and the names of types stand for all their documents.
func TestString(t *testing.T) {
	t.Parallel()
	if got := dependency.Everything.String() + " " + dependency.List(domain.Report).String(); got != "everything report" {
		t.Errorf("got %s", got)
	}
	got := dependency.Name(domain.Asset, "a").String()
	if len(got) > 13 || strings.ToLower(got) != got || got == dependency.Name(domain.Asset, "b").String() {
		t.Errorf("got %s", got)
	}
}
