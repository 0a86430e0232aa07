package content

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
)

// referrer is a way in which documents of some type refer to a type: the
// tables from the reference up to the document.
type referrer struct {
	from   string // "report_tags x JOIN reports d ON d.id = x.report_id", or "reports d"
	column string // "x.tag_id", or "d.hero_id"
	root   domain.Type
}

// referrers are all ways to refer to each type of document.
var referrers = sync.OnceValue(func() map[domain.Type][]referrer {
	found := map[domain.Type][]referrer{}
	var walk func(root, t *table, joins []string)
	walk = func(root, t *table, joins []string) {
		alias := fmt.Sprintf("x%d", len(joins))
		if t == root {
			alias = "d"
		}
		for _, ref := range t.refs {
			from := root.name + " d"
			if t != root {
				from = strings.Join(append([]string{from}, joins...), " ")
			}
			found[ref.target] = append(found[ref.target], referrer{from, alias + "." + quote(ref.column), root.doc})
		}
		for _, o := range t.owned {
			join := fmt.Sprintf("JOIN %s x%d ON x%[2]d.%s = %s.id", o.name, len(joins)+1, quote(o.owner), alias)
			walk(root, o.table, append(slices.Clone(joins), join))
		}
	}
	for _, t := range domain.Types() {
		walk(tableOf(t), tableOf(t), nil)
	}
	return found
})

// waysFrom are the ways in which documents of a type refer to others.
func waysFrom(t domain.Type) []referrer {
	var from []referrer
	for _, target := range domain.Types() {
		for _, way := range referrers()[target] {
			if way.root == t {
				from = append(from, way)
			}
		}
	}
	return from
}
