package knowledge

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// FindingKind is a kind of what is found when evidence is checked.
type FindingKind string

// The kinds of findings, contradictions first.
const (
	OwnershipOver100 FindingKind = "OWNERSHIP_OVER_100"
	EndBeforeStart   FindingKind = "END_BEFORE_START"
	ParentCycle      FindingKind = "PARENT_CYCLE"
	OutsideLifetime  FindingKind = "OUTSIDE_LIFETIME"
	CountryConflict  FindingKind = "COUNTRY_CONFLICT"
	NoCitation       FindingKind = "NO_CITATION"
	NoArchiveCopy    FindingKind = "NO_ARCHIVE_COPY"
	NoReliability    FindingKind = "NO_RELIABILITY"
)

// FindingKinds are all kinds, in the order in which findings are.
var FindingKinds = []FindingKind{
	OwnershipOver100, EndBeforeStart, ParentCycle, OutsideLifetime, CountryConflict, NoCitation, NoArchiveCopy, NoReliability,
}

// Severity is how bad a finding is.
type Severity string

// The severities.
const (
	Contradiction Severity = "CONTRADICTION" // what is stated cannot all be true
	Doubtful      Severity = "DOUBTFUL"      // what is stated is probably wrong, or has nothing to rest on
	Improvable    Severity = "IMPROVABLE"    // what is stated could rest on more
)

// Finding is something about a document of the desk that an editor should look at.
type Finding struct {
	Kind     FindingKind
	Severity Severity
	Document domain.ID
	Path     string      // of the field, as in the errors of inputs: "listings[0].citations"
	Others   []domain.ID // more documents that it is about, at most maxOthers
	Message  string      // what was found, as a sentence
	Advice   string      // what to do, as a sentence
}

// Compare orders findings: by kind, then by document, then by path and message.
func (f *Finding) Compare(g *Finding) int {
	return cmp.Or(
		cmp.Compare(slices.Index(FindingKinds, f.Kind), slices.Index(FindingKinds, g.Kind)), cmp.Compare(f.Document, g.Document),
		cmp.Compare(f.Path, g.Path), cmp.Compare(f.Message, g.Message),
	)
}

// Evidence is the result of a check of evidence.
type Evidence struct {
	Findings []Finding // in their order
	Counts   map[FindingKind]int
	// Complete is false if there are rows that were not looked at, or findings of a kind that are left out.
	Complete bool
}

// The bounds of a check.
const (
	maxChecked  = 200_000 // rows of a table
	maxFindings = 10_000  // of a kind
	maxOthers   = 20      // documents of a finding
)

// CheckEvidence goes through the desk and returns what is found of some kinds. The viewer of ctx must be staff.
func (g *Graph) CheckEvidence(ctx context.Context, kinds []FindingKind) (*Evidence, error) {
	ctx = domain.WithStage(ctx, domain.Desk)
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	c := &check{reading: r, rows: g.maxChecked, most: g.maxFindings, out: &Evidence{Counts: map[FindingKind]int{}, Complete: true}}
	for _, kind := range kinds {
		c.out.Counts[kind] = 0
	}
	for _, part := range []struct {
		kinds []FindingKind
		run   func(context.Context) error
	}{
		{[]FindingKind{NoCitation}, c.citations},
		{[]FindingKind{NoArchiveCopy, NoReliability}, c.sources},
		{[]FindingKind{EndBeforeStart}, c.periods},
		{[]FindingKind{ParentCycle}, c.parents},
		{[]FindingKind{OwnershipOver100, ParentCycle, OutsideLifetime, CountryConflict}, c.graph},
	} {
		if slices.ContainsFunc(part.kinds, c.wants) {
			if err := part.run(ctx); err != nil {
				return nil, err
			}
		}
	}
	sort.Slice(c.out.Findings, func(i, j int) bool { return c.out.Findings[i].Compare(&c.out.Findings[j]) < 0 })
	return c.out, nil
}

// check is a check of evidence while it runs.
type check struct {
	*reading
	rows, most int
	out        *Evidence
}

func (c *check) wants(kind FindingKind) bool { _, ok := c.out.Counts[kind]; return ok }

// add adds a finding of a wanted kind.
func (c *check) add(f Finding) {
	if !c.wants(f.Kind) {
		return
	}
	if c.out.Counts[f.Kind] == c.most {
		c.out.Complete = false
		return
	}
	f.Others = f.Others[:min(len(f.Others), maxOthers)]
	c.out.Counts[f.Kind]++
	c.out.Findings = append(c.out.Findings, f)
}

// each calls fn with each row of a query without a limit, up to a bound; past it the result is not complete.
func (c *check) each(ctx context.Context, bound int, query string, width int, fn func(at func(n int) store.Value)) error {
	values, err := c.values(ctx, query+" LIMIT ?", width, append(slices.Clone(c.args), bound+1)...)
	if err != nil {
		return err
	}
	for i := 0; i < values.Len(); i += width {
		if i/width == bound {
			c.out.Complete = false
			break
		}
		fn(func(n int) store.Value { return values.At(i + n) })
	}
	return nil
}
