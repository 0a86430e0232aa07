package ownership

import (
	"cmp"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
)

// Query is what is to be decided.
type Query struct {
	Target domain.ID
	Rule   Rule
	Listed []domain.ID // the entities on the list
	// Controls are relationships that are shown as flags. They do not count.
	Controls []Control
	// Limit bounds each of the lists in the decision; 0 is DefaultLimit.
	Limit int
}

// DefaultLimit is the limit of lists where a caller gives none.
const DefaultLimit = 50

// Decision is the verdict on the target of a query, and why.
type Decision struct {
	Finding

	// Holders are the stakes that make up Held: those of owners that are listed, or reach the threshold
	// themselves, surely or possibly.
	Holders []Holder
	// Chains lead from a listed owner to the target. Each entity between the two reaches
	// the threshold itself, surely or possibly. The shortest come first.
	Chains []Chain
	// Open are the uncertain stakes on which an UNDETERMINED verdict depends, those nearest to the
	// target first: of owners that count or may count, and of other owners where their
	// share alone, at its Max, leaves too little for those.
	Open []OpenStake
	// Controls are the flags, in order of the relationships.
	Controls []ControlFlag
	// Contradictions are those in the target and its direct and indirect owners.
	Contradictions []Contradiction
	// Truncated is whether one of the lists had more, or may have had.
	Truncated bool
}

// Step is a stake as it is on the day: a step of a chain from its owner to what
// it is in.
type Step struct {
	Stake  Stake
	Share  Range   // on the day
	Doubts []Doubt // why Share is a range
}

// Holder is a stake in the target that counts.
type Holder struct {
	Step
	Sure bool // the owner is listed, or surely reaches the threshold
}

// OpenStake is an uncertain stake on which a verdict depends.
type OpenStake struct {
	Step
	// AtMin and AtMax are the verdicts if the share of this stake were at the end of its range,
	// and everything else as uncertain as it is. The upper end is what the other owners leave.
	AtMin, AtMax Verdict
}

// ControlFlag is a relationship of control by a listed or reached entity, of the target or
// one of its owners.
type ControlFlag struct {
	Control Control
	Sure    bool // the controller is listed or surely reached, and the dates are certain
}

// Decide returns the verdict on the target of a query. An entity without stakes is
// LISTED or NOT_BLOCKED. The error is that of [Rule.Validate].
func (g *Graph) Decide(q Query) (Decision, error) {
	if err := q.Rule.Validate(); err != nil {
		return Decision{}, err
	}
	c := g.newCase(q)
	findings := g.findings(q.Rule, g.places(q.Listed), c.consider)
	d := Decision{Finding: Finding{Entity: q.Target, Verdict: NotBlocked}}
	if q.Rule.ListingCounts && slices.Contains(q.Listed, q.Target) {
		d.Verdict = Listed
	}
	if i := slices.IndexFunc(findings, func(f Finding) bool { return f.Entity == q.Target }); i >= 0 {
		d.Finding = findings[i]
	}
	d.Controls = cut(c.flags(), c.limit, &c.truncated)
	if c.known {
		d.Holders = cut(c.holders(d.Through), c.limit, &c.truncated)
		slices.SortFunc(c.chains, compareChains)
		d.Chains = cut(c.chains, c.limit, &c.truncated)
		if d.Verdict == Undetermined {
			d.Open = c.open()
		}
		d.Contradictions = cut(g.contradictions(func(e int32) bool { return c.up[e] }), c.limit, &c.truncated)
	}
	d.Truncated = c.truncated
	return d, nil
}

// cut returns at most n elements of a list, and sets truncated if it had more.
func cut[T any](list []T, n int, truncated *bool) []T {
	if len(list) > n {
		*truncated = true
		return list[:n]
	}
	return list
}

// decisionCase is a query while it is decided.
type decisionCase struct {
	g      *Graph
	q      Query
	limit  int
	target int32
	known  bool    // whether the target has stakes
	up     []bool  // the target and its direct and indirect owners
	block  []int32 // of each entity, its strongly connected component
	// searches is the number of groups of listed owners, among which the work is divided.
	searches int

	// What the groups of listed owners contributed, one after the other.
	groups     [][]int32 // those that possibly reach the target
	chains     []Chain
	uncertain  []openCandidate
	controller map[int32]bool // controllers that count, and whether surely
	truncated  bool
}

func (g *Graph) newCase(q Query) *decisionCase {
	c := &decisionCase{g: g, q: q, limit: cmp.Or(max(q.Limit, 0), DefaultLimit), controller: map[int32]bool{}}
	c.searches = max(len(q.Rule.groups(g.places(q.Listed))), 1)
	c.target, c.known = g.place(q.Target)
	if c.known {
		c.up = g.upstream(c.target)
		c.block, _ = g.components(c.up)
	}
	return c
}

// consider takes in what one group of listed owners reaches.
func (c *decisionCase) consider(group []int32, f *spread) {
	for _, control := range c.q.Controls {
		if e, ok := c.g.place(control.Controller); ok && f.passes(e) {
			c.controller[e] = c.controller[e] || f.surelyPasses(e)
		}
	}
	if !c.known || !f.seen[c.target] {
		return
	}
	paths, more := c.g.search(pathQuery{
		target: c.target, limit: c.limit, within: c.up, block: c.block, starts: f.listed, passes: f.perhaps,
		work: max(pathWork/c.searches, pathWork/100),
	})
	c.truncated = c.truncated || more
	for _, path := range paths {
		c.chains = append(c.chains, c.g.chain(path, f))
	}
	if f.perhaps[c.target] {
		c.groups = append(c.groups, group)
		if !f.sure[c.target] {
			c.uncertain = append(c.uncertain, c.g.uncertain(f, c.target)...)
		}
	}
}

// holders returns the stakes in the target that count, largest first. through is the
// listed owner that they belong to, if shares do not add up.
func (c *decisionCase) holders(through domain.ID) []Holder {
	listed := c.g.places(c.q.Listed)
	if !c.q.Rule.Together {
		listed = c.g.places([]domain.ID{through})
	}
	f := c.g.newSpread(c.q.Rule)
	f.run(listed)
	var out []Holder
	for _, s := range c.g.in.of(c.target) {
		if o := c.g.stakes[s].owner; f.passes(o) {
			out = append(out, Holder{Step: c.g.step(s), Sure: f.surelyPasses(o)})
		}
	}
	slices.SortStableFunc(out, func(a, b Holder) int {
		return cmp.Or(cmp.Compare(b.Share.Max, a.Share.Max), cmp.Compare(b.Share.Min, a.Share.Min))
	})
	return out
}

// openWork bounds the verdicts that are tried for the stakes that leave one open.
const openWork = 500

// open returns the stakes that leave the verdict open, and the verdicts if they did
// not, up to the limit.
func (c *decisionCase) open() []OpenStake {
	var out []OpenStake
	f := c.g.newSpread(c.q.Rule)
	f.within = c.up
	tried := map[int32]bool{}
	for _, u := range c.uncertain {
		if tried[u.stake] {
			continue
		}
		if len(out) == c.limit || len(tried)*len(c.groups) >= openWork {
			c.truncated = true
			break
		}
		tried[u.stake] = true
		lo, hi := c.g.room(u.stake)
		o := OpenStake{Step: c.g.step(u.stake), AtMin: c.verdictAt(f, u.stake, lo), AtMax: c.verdictAt(f, u.stake, hi)}
		if u.counts || o.AtMax != Undetermined {
			out = append(out, o)
		}
	}
	return out
}

// verdictAt returns the verdict on the target if the share of a stake were known.
func (c *decisionCase) verdictAt(f *spread, stake int32, share domain.Share) Verdict {
	f.fixed, f.fixedAt = stake, share
	verdict := NotBlocked
	for _, group := range c.groups {
		f.run(group)
		if v := f.byOwners(c.target); v.rank() > verdict.rank() {
			verdict = v
		}
	}
	return verdict
}

// flags returns the controls by listed or reached entities over the target and its owners.
func (c *decisionCase) flags() []ControlFlag {
	var out []ControlFlag
	for _, control := range c.q.Controls {
		at := standingOn(control.Since, control.Until, c.g.params.AsOf)
		e, ok := c.g.place(control.Controlled)
		if at == off || control.Controlled != c.q.Target && !(c.known && ok && c.up[e]) {
			continue
		}
		sure, counts := slices.Contains(c.q.Listed, control.Controller), false
		if e, ok := c.g.place(control.Controller); ok && !sure {
			sure, counts = c.controller[e], c.hasController(e)
		}
		if sure || counts {
			sure = sure && at == on && certain(control.Confidence, c.g.params.Certain)
			out = append(out, ControlFlag{Control: control, Sure: sure})
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Control.ID < out[j].Control.ID })
	return out
}

func (c *decisionCase) hasController(e int32) bool { _, ok := c.controller[e]; return ok }

// Steps returns all stakes that hold on the day, or may, in order of their relationships.
func (g *Graph) Steps() []Step {
	out := make([]Step, len(g.stakes))
	for i := range out {
		out[i] = g.step(int32(i))
	}
	return out
}

// step returns a stake as a step.
func (g *Graph) step(s int32) Step {
	r, doubts := g.stated[s].onDay(g.params)
	return Step{Stake: g.stated[s], Share: r, Doubts: doubts}
}

// room returns the range of a stake, as far as the Min of the other stakes in the same
// entity leaves room for it.
func (g *Graph) room(s int32) (lo, hi domain.Share) {
	e := g.stakes[s]
	return e.min, max(e.min, min(e.max, domain.FullShare-(g.least[e.owned]-e.min)))
}

// openCandidate is a stake that may leave a verdict open.
type openCandidate struct {
	stake  int32
	counts bool // the owner counts, or may count
}

// uncertain returns the stakes that may leave the verdict on an entity open: those with
// room in the entity, and in the owners whose own verdict is open as well. The nearest
// come first.
func (g *Graph) uncertain(f *spread, entity int32) []openCandidate {
	var out []openCandidate
	seen := map[int32]bool{entity: true}
	for todo := []int32{entity}; len(todo) > 0; todo = todo[1:] {
		for _, s := range g.in.of(todo[0]) {
			o := g.stakes[s].owner
			lo, hi := g.room(s)
			if lo < hi {
				out = append(out, openCandidate{stake: s, counts: f.passes(o)})
			}
			if hi > 0 && f.passes(o) && !f.surelyPasses(o) && !seen[o] {
				seen[o] = true
				todo = append(todo, o)
			}
		}
	}
	return out
}
