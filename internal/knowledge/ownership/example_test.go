package ownership_test

import (
	"fmt"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// A listed entity holds half of an intermediate, which holds an uncertain share of the
// target.
func ExampleGraph_Decide() {
	const listed, intermediate, target = 1, 2, 3
	stakes := []ownership.Stake{
		{ID: 10, Owner: listed, Owned: intermediate, Share: ownership.Exactly(50_000_000)},
		{ID: 11, Owner: intermediate, Owned: target, Share: ownership.Range{Min: 40_000_000, Max: 55_000_000}},
	}
	g, err := ownership.New(stakes, ownership.Params{AsOf: "2024-06-30"})
	if err != nil {
		fmt.Println(err)
		return
	}
	rule, _ := ownership.FindRule("OFAC", "", "2024-06-30")
	d, err := g.Decide(ownership.Query{Target: target, Rule: rule, Listed: []domain.ID{listed}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(d.Verdict, d.Held.Min, "to", d.Held.Max)
	for _, o := range d.Open {
		fmt.Println("stake", int64(o.Stake.ID), "decides:", o.AtMin, "or", o.AtMax)
	}
	e := g.Economic(target, []domain.ID{listed}, 0)
	fmt.Println("economic", e.Held.Min, "to", e.Held.Max)
	// Output:
	// UNDETERMINED 40 to 55
	// stake 11 decides: NOT_BLOCKED or BLOCKED_BY_OWNERSHIP
	// economic 20 to 27.5
}
