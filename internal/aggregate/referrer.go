package aggregate

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
)

// Referrer is a way in which documents of some type refer to a type: the
// tables from the reference up to the document.
type Referrer struct {
	From   string // "report_tags x JOIN reports d ON d.id = x.report_id", or "reports d"
	Column string // "x.tag_id", or "d.hero_id"
	Type   domain.Type
}

// Referrers returns all ways to refer to documents of a type.
func Referrers(t domain.Type) []Referrer { return referrers()[t] }

var referrers = sync.OnceValue(func() map[domain.Type][]Referrer {
	found := map[domain.Type][]Referrer{}
	var walk func(root, t *Table, joins []string)
	walk = func(root, t *Table, joins []string) {
		alias := fmt.Sprintf("x%d", len(joins))
		if t == root {
			alias = "d"
		}
		for _, ref := range t.References {
			from := root.Name + " d"
			if t != root {
				from = strings.Join(append([]string{from}, joins...), " ")
			}
			found[ref.Target] = append(found[ref.Target], Referrer{from, alias + "." + Quote(ref.Column), root.Type})
		}
		for _, o := range t.Owned {
			join := fmt.Sprintf("JOIN %s x%d ON x%[2]d.%s = %s.id", o.Name, len(joins)+1, Quote(o.Owner), alias)
			walk(root, o.Table, append(slices.Clone(joins), join))
		}
	}
	for _, t := range domain.Types() {
		walk(TableOf(t), TableOf(t), nil)
	}
	return found
})

// ReferrersFrom returns the ways in which documents of a type refer to others.
func ReferrersFrom(t domain.Type) []Referrer {
	var from []Referrer
	for _, target := range domain.Types() {
		for _, way := range Referrers(target) {
			if way.Type == t {
				from = append(from, way)
			}
		}
	}
	return from
}
