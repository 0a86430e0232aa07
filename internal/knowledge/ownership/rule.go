package ownership

import (
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Comparison is how a share is compared with a threshold.
type Comparison string

// The comparisons.
const (
	AtLeast  Comparison = "AT_LEAST"
	MoreThan Comparison = "MORE_THAN"
)

// Rule is the rule by which a list reaches what listed entities own.
type Rule struct {
	// Authority and Programme name the list as listings do. An empty Programme
	// is every programme of the authority.
	Authority, Programme string
	// Except are programmes of the authority to which the rule does not apply.
	Except []string
	// Since and Until are the days between which the rule applies: from the one on, and no longer on the other, which is the first day of the
	// rule that followed. Empty: it has always applied, and it does now.
	Since, Until domain.Date

	Threshold  domain.Share
	Comparison Comparison
	// Together is whether the shares of different listed owners add up. Where they
	// do not, each listed owner has to reach the threshold alone, with what it holds directly
	// and through entities that it alone reaches.
	Together bool
	// ListingCounts is whether a listed entity is reached by being listed. Where
	// it is not, the owners of a listed entity decide on it, and it counts as an
	// owner all the same.
	ListingCounts bool
	// ControlTest is whether the authority also looks at control. This package does
	// not: controls are flags on a decision.
	ControlTest bool

	Title, URL string // of the source that states the rule
}

// euHalf is the day on which the European Union changed its threshold from more than 50 percent to 50 percent or more.
const euHalf domain.Date = "2024-07-03"

// Rules returns the rules that are known by name, in order of authority, and of one authority in the order of
// time. A caller may pass rules of its own for other lists.
func Rules() []Rule {
	return []Rule{
		{
			Authority: "EU", Threshold: 50_000_000, Comparison: MoreThan, Until: euHalf,
			Together: true, ListingCounts: true, ControlTest: true,
			Title: "EU Best Practices for the effective implementation of restrictive measures (8519/18)",
			URL:   "https://data.consilium.europa.eu/doc/document/ST-8519-2018-INIT/en/pdf",
		},
		{
			Authority: "EU", Threshold: 50_000_000, Comparison: AtLeast, Since: euHalf,
			Together: true, ListingCounts: true, ControlTest: true,
			Title: "Update of the EU Best Practices for the effective implementation of restrictive measures (11623/24)",
			URL:   "https://data.consilium.europa.eu/doc/document/ST-11623-2024-INIT/en/pdf",
		},
		{
			// The list of Chinese military-industrial complex companies is OFAC's, and does
			// not reach subsidiaries: https://ofac.treasury.gov/faqs/topic/5671
			Authority: "OFAC", Except: []string{"CMIC-EO13959"}, Threshold: 50_000_000, Comparison: AtLeast,
			Together: true, ListingCounts: true,
			Title: "Entities Owned by Blocked Persons (50% Rule), FAQ 398 to 402",
			URL:   "https://ofac.treasury.gov/faqs/topic/1521",
		},
		{
			Authority: "UK", Threshold: 50_000_000, Comparison: MoreThan,
			ListingCounts: true, ControlTest: true,
			Title: "UK financial sanctions general guidance, ownership and control",
			URL:   "https://www.gov.uk/government/publications/financial-sanctions-general-guidance/uk-financial-sanctions-general-guidance",
		},
	}
}

// FindRule returns the rule that applies on a day to listings of an authority under a programme, which may be
// empty. ok is false if no rule is known for them.
func FindRule(authority, programme string, day domain.Date) (rule Rule, ok bool) {
	for _, r := range Rules() {
		if r.AppliesOn(day) && r.Covers(authority, programme) {
			return r, true
		}
	}
	return Rule{}, false
}

// AppliesOn reports whether the rule applies on a day.
func (r Rule) AppliesOn(day domain.Date) bool {
	return !r.Since.After(day) && (r.Until == "" || r.Until.After(day))
}

// Covers reports whether the rule applies to listings of an authority under a
// programme.
func (r Rule) Covers(authority, programme string) bool {
	return r.Authority == authority && (r.Programme == "" || r.Programme == programme) && !slices.Contains(r.Except, programme)
}

// Validate returns an error of KindInvalid for a rule that cannot be applied.
func (r Rule) Validate() error {
	switch {
	case r.Comparison != AtLeast && r.Comparison != MoreThan:
		return domain.Invalid("%q is not a comparison: want %s or %s", r.Comparison, AtLeast, MoreThan)
	case r.Threshold < 0, r.Threshold > domain.FullShare, r.Threshold == 0 && r.Comparison == AtLeast:
		return domain.Invalid("%s is not a threshold: want more than 0, and at most 100", r.Threshold)
	}
	return nil
}

// reached reports whether a share reaches the threshold.
func (r Rule) reached(s domain.Share) bool {
	if r.Comparison == MoreThan {
		return s > r.Threshold
	}
	return s >= r.Threshold
}
