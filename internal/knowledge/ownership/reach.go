package ownership

import (
	"cmp"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
)

// Verdict says whether a list reaches an entity.
type Verdict string

// The verdicts.
const (
	Listed       Verdict = "LISTED"
	Blocked      Verdict = "BLOCKED_BY_OWNERSHIP"
	NotBlocked   Verdict = "NOT_BLOCKED"
	Undetermined Verdict = "UNDETERMINED"
)

// rank orders verdicts: of several, the one of the highest rank holds.
func (v Verdict) rank() int {
	return slices.Index([]Verdict{NotBlocked, Undetermined, Blocked, Listed}, v)
}

// Finding is the verdict on one entity.
type Finding struct {
	Entity  domain.ID
	Verdict Verdict
	// Held is the share that reached owners hold in the entity directly: the listed ones, and those that
	// reach the threshold themselves.
	Held Range
	// Through is the listed owner to which Held belongs, where the shares of different
	// listed owners do not add up, and 0 where they do. Of several it is the one
	// that decides the verdict, or holds most.
	Through domain.ID
}

// better reports whether a finding takes precedence over another on the same entity.
func (f Finding) better(than Finding) bool {
	return cmp.Or(
		cmp.Compare(f.Verdict.rank(), than.Verdict.rank()),
		cmp.Compare(f.Held.Max, than.Held.Max),
		cmp.Compare(f.Held.Min, than.Held.Min),
		cmp.Compare(than.Through, f.Through),
	) > 0
}

// Report is the verdicts on all entities that a list reaches or may reach.
type Report struct {
	Findings       []Finding // in order of the entities, none NOT_BLOCKED
	Contradictions []Contradiction
}

// Reach returns the verdicts on all entities that the listed ones reach by the rule, or
// may reach. Contradictions are those of the entities in the report. The error is that
// of [Rule.Validate].
//
// The work is the number of stakes of what is reached: once where shares add up, and
// once for each listed owner where they do not.
func (g *Graph) Reach(rule Rule, listed []domain.ID) (Report, error) {
	if err := rule.Validate(); err != nil {
		return Report{}, err
	}
	found := g.findings(rule, g.places(listed), nil)
	report := Report{Findings: make([]Finding, 0, len(found))}
	for _, f := range found {
		if f.Verdict != NotBlocked {
			report.Findings = append(report.Findings, f)
		}
	}
	if rule.ListingCounts {
		for _, id := range listed {
			if _, ok := g.place(id); !ok {
				report.Findings = append(report.Findings, Finding{Entity: id, Verdict: Listed})
			}
		}
	}
	sort.Slice(report.Findings, func(i, j int) bool { return report.Findings[i].Entity < report.Findings[j].Entity })
	report.Findings = slices.CompactFunc(report.Findings, func(a, b Finding) bool { return a.Entity == b.Entity })
	report.Contradictions = g.contradictions(func(e int32) bool {
		_, ok := slices.BinarySearchFunc(report.Findings, g.ids[e], func(f Finding, id domain.ID) int {
			return cmp.Compare(f.Entity, id)
		})
		return ok
	})
	return report, nil
}

// findings returns the finding on each entity that is listed, or of which a reached owner
// holds a share, in no order. visit, unless nil, is called after each group of listed
// owners.
func (g *Graph) findings(rule Rule, listed []int32, visit func(group []int32, f *spread)) []Finding {
	f := g.newSpread(rule)
	var best []Finding
	at := make([]int32, len(g.ids)) // places in best, from 1
	for _, group := range rule.groups(listed) {
		f.run(group)
		if visit != nil {
			visit(group, f)
		}
		for _, e := range f.touched {
			finding := Finding{Entity: g.ids[e], Verdict: f.byOwners(e), Held: f.held(e)}
			if !rule.Together && finding.Held.Max > 0 {
				finding.Through = g.ids[group[0]]
			}
			switch i := at[e]; {
			case i == 0:
				best = append(best, finding)
				at[e] = int32(len(best))
			case finding.better(best[i-1]):
				best[i-1] = finding
			}
		}
	}
	if rule.ListingCounts {
		for _, e := range listed {
			best[at[e]-1].Verdict = Listed
		}
	}
	return best
}
