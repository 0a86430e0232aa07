package graph

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/knowledge/ownership"
)

// The bounds of what is returned about ownership.
const (
	maxLists     = 10
	maxWalkDepth = 20
	maxOwnership = 100
)

// exposureNotice is what each answer about exposure says of itself.
const exposureNotice = "Computed from the ownership that is published here, as of the day that is given; shares that are not published are not " +
	"in it. This is information, and no legal advice."

// day returns the day of an argument, or today.
func (r *Resolver) day(ctx context.Context, problems *domain.Problems, asOf *domain.Date) domain.Date {
	if asOf == nil {
		read.DependOnClock(ctx)
		return domain.Date(r.now().UTC().Format(time.DateOnly))
	}
	knowledge.CheckDay(problems, "asOf", *asOf)
	return *asOf
}

// listRule reads an OwnershipListInput, with the rule that applies on a day where a known one is meant. Listings count that the rule covers.
func listRule(problems *domain.Problems, path string, in filter, day domain.Date) ownership.Rule {
	text := func(name string) string { s, _ := in[name].(string); return s }
	rule := ownership.Rule{Comparison: ownership.AtLeast, Together: true, ListingCounts: true}
	switch threshold, given := in["threshold"], text("rule"); {
	case threshold != nil && given != "":
		problems.Add(path+".rule", "give rule or threshold, not both")
	case threshold != nil:
		if err := rule.Threshold.UnmarshalGQL(threshold); err != nil {
			problems.Add(path+".threshold", "%s", err)
			return rule
		}
		if c := text("comparison"); c != "" {
			rule.Comparison = ownership.Comparison(c)
		}
		if together, ok := in["together"].(bool); ok {
			rule.Together = together
		}
		if rule.Validate() != nil {
			problems.Add(path+".threshold", "%s is no threshold: want more than 0, and at most 100", rule.Threshold)
		}
	default:
		known, ok := ownership.FindRule(cmp.Or(given, text("authority")), text("programme"), day)
		switch {
		case ok:
			rule = known
		case given != "":
			problems.Add(path+".rule", "no rule of %q is known for this list; known are OFAC, EU and UK", given)
		default:
			problems.Add(path+".authority", "no rule is known for this list: give rule, or threshold")
		}
		for _, name := range []string{"comparison", "together"} {
			if in[name] != nil {
				problems.Add(path+"."+name, "it goes with threshold")
			}
		}
	}
	for _, name := range []string{"authority", "programme"} {
		if s := text(name); !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
			problems.Add(path+"."+name, "%q has characters that no name has: leave control characters out", s)
		}
	}
	rule.Authority, rule.Programme = text("authority"), text("programme")
	return rule
}

// checkList adds a problem if the viewer sees no listing on a list, which may be misspelt: that nothing is reached by it is no answer.
// A list with a known rule may have none yet.
func (r *Resolver) checkList(ctx context.Context, problems *domain.Problems, path string, rule ownership.Rule) error {
	known := slices.ContainsFunc(ownership.Rules(), func(k ownership.Rule) bool { return k.Authority == rule.Authority })
	if rule.Authority == "" || known && rule.Programme == "" {
		return nil
	}
	if found, err := r.knowledge.HasList(ctx, knowledge.List{Authority: rule.Authority, Programme: rule.Programme}); err != nil || found {
		return err
	}
	lists, err := r.knowledge.Lists(ctx)
	if err != nil {
		return err
	}
	var authorities, programmes []string
	for _, rule := range ownership.Rules() {
		authorities = append(authorities, rule.Authority)
	}
	unnamed := false
	for _, l := range lists {
		authorities = append(authorities, l.Authority)
		if l.Authority == rule.Authority {
			known, unnamed = true, unnamed || l.Programme == ""
			if l.Programme != "" {
				programmes = append(programmes, l.Programme)
			}
		}
	}
	switch {
	case !known:
		problems.Add(path+".authority", "nothing is listed by it; authorities are %s", someOf(authorities))
	case programmes != nil:
		problems.Add(path+".programme", "nothing is listed by %s under it; programmes are %s", rule.Authority, someOf(programmes))
	case unnamed:
		problems.Add(path+".programme", "the listings of %s are under no programme: leave it out", rule.Authority)
	}
	return nil
}

// someOf returns names in their order, each once, and of many the first.
func someOf(names []string) string {
	const most = 20
	slices.Sort(names)
	names = slices.Compact(names)
	if n := len(names) - most; n > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), n)
	}
	return strings.Join(names, ", ")
}

func (r entityResolver) Exposure(ctx context.Context, obj *db.Entity, lists []filter, asOf *domain.Date, first int) ([]*model.Exposure, error) {
	ctx = domain.WithStage(ctx, read.StageOf(catalog.Entities, obj))
	var problems domain.Problems
	day := r.day(ctx, &problems, asOf)
	checkRange(&problems, "first", first, 1, maxOwnership)
	if len(lists) > maxLists {
		problems.Add("lists", "%d are too many; at most %d", len(lists), maxLists)
	}
	var rules []ownership.Rule
	for i, list := range lists[:min(len(lists), maxLists)] {
		rules = append(rules, listRule(&problems, fmt.Sprintf("lists.%d", i), list, day))
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Relationships.Table, catalog.Entities.Table)
	stakes, err := r.knowledge.Above(ctx, day, obj.ID)
	if err != nil {
		return nil, err
	}
	listings, err := r.knowledge.ListingsOf(ctx, day, stakes.Entities)
	if err != nil {
		return nil, err
	}
	if lists == nil {
		rules = knownRules(listings, day)
	}
	for i, rule := range rules {
		if slices.ContainsFunc(listings, func(l knowledge.Listing) bool { return rule.Covers(l.Authority, l.Programme) }) {
			continue
		}
		if err := r.checkList(ctx, &problems, fmt.Sprintf("lists.%d", i), rule); err != nil {
			return nil, err
		}
	}
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	var newest time.Time
	if selects(ctx, "newestChange") {
		if newest, err = r.knowledge.Newest(ctx, stakes.Edges); err != nil {
			return nil, err
		}
	}
	o := &ownershipView{Resolver: r.Resolver, stakes: stakes}
	economic := selects(ctx, "economic")
	type result struct {
		rule     ownership.Rule
		decision ownership.Decision
		economic ownership.Economic
	}
	var results []result
	for _, rule := range rules {
		listed := listedBy(rule, listings)
		q := ownership.Query{Target: obj.ID, Rule: rule, Listed: listed, Controls: stakes.Controls, Limit: first}
		decision, err := stakes.Graph.Decide(q)
		if err != nil {
			return nil, err
		}
		one := result{rule: rule, decision: decision}
		if economic {
			one.economic = stakes.Graph.Economic(obj.ID, slices.DeleteFunc(listed, func(id domain.ID) bool { return id == obj.ID }), first)
		}
		results = append(results, one)
		o.want(&one.decision, &one.economic)
	}
	if err := o.read(ctx); err != nil {
		return nil, err
	}
	var own []*db.Listing
	if selects(ctx, "listings") {
		if own, err = catalog.EntityListings.List(ctx, obj); err != nil {
			return nil, err
		}
	}
	out := []*model.Exposure{}
	for _, one := range results {
		d := &one.decision
		e := &model.Exposure{
			Rule: ruleOf(one.rule), AsOf: day, Verdict: string(d.Verdict), Held: rangeOf(d.Held), Through: o.entities[d.Through],
			Listings: []*db.Listing{}, Holders: []*model.OwnershipStep{}, Chains: o.chains(d.Chains), Open: []*model.OpenStake{}, Controls: []*db.Relationship{},
			Contradictions: []*model.OwnershipContradiction{}, Truncated: d.Truncated, Complete: stakes.Complete,
			RelationshipCount: len(stakes.Edges), Notice: exposureNotice,
			Economic: &model.EconomicShare{Share: rangeOf(one.economic.Held), Exact: one.economic.Exact, Chains: o.chains(one.economic.Chains)},
		}
		if !newest.IsZero() {
			e.NewestChange = &newest
		}
		for _, l := range own {
			if slices.ContainsFunc(listings, func(k knowledge.Listing) bool { return k.ID == l.ID && one.rule.Covers(k.Authority, k.Programme) }) {
				e.Listings = append(e.Listings, l)
			}
		}
		for _, h := range d.Holders {
			e.Holders = append(e.Holders, o.step(&h.Step))
		}
		for _, open := range d.Open {
			e.Open = append(e.Open, &model.OpenStake{Step: o.step(&open.Step), AtMin: string(open.AtMin), AtMax: string(open.AtMax)})
		}
		for _, c := range d.Controls {
			if row := o.relationships[c.Control.ID]; row != nil {
				e.Controls = append(e.Controls, row)
			}
		}
		for _, c := range d.Contradictions {
			e.Contradictions = append(e.Contradictions, &model.OwnershipContradiction{Entity: o.entities[c.Entity], Sum: c.Sum})
		}
		out = append(out, e)
	}
	return out, nil
}

// knownRules returns the rules that are known for the lists of listings, and apply on a day.
func knownRules(listings []knowledge.Listing, day domain.Date) []ownership.Rule {
	var rules []ownership.Rule
	for _, rule := range ownership.Rules() {
		if rule.AppliesOn(day) && slices.ContainsFunc(listings, func(l knowledge.Listing) bool { return rule.Covers(l.Authority, l.Programme) }) {
			rules = append(rules, rule)
		}
	}
	return rules
}

// listedBy returns the entities with a listing that a rule covers.
func listedBy(rule ownership.Rule, listings []knowledge.Listing) []domain.ID {
	var ids []domain.ID
	for _, l := range listings {
		if rule.Covers(l.Authority, l.Programme) && !slices.Contains(ids, l.Entity) {
			ids = append(ids, l.Entity)
		}
	}
	return ids
}

func ruleOf(r ownership.Rule) *model.OwnershipRule {
	optional := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return &model.OwnershipRule{Authority: r.Authority, Programme: optional(r.Programme), Threshold: r.Threshold, Comparison: string(r.Comparison),
		Together: r.Together, ControlTest: r.ControlTest, Title: optional(r.Title), URL: optional(r.URL)}
}

func rangeOf(r ownership.Range) *model.ShareRange { return &model.ShareRange{Min: r.Min, Max: r.Max} }

// ownershipView reads the rows of what is returned about ownership.
type ownershipView struct {
	*Resolver
	stakes        *knowledge.Stakes
	ids           []domain.ID
	edges         []knowledge.Edge
	entities      map[domain.ID]*db.Entity
	relationships map[domain.ID]*db.Relationship
}

// want adds what a decision and an economic share refer to.
func (o *ownershipView) want(d *ownership.Decision, e *ownership.Economic) {
	step := func(s *ownership.Step) {
		o.ids = append(o.ids, s.Stake.Owner, s.Stake.Owned)
		o.edges = append(o.edges, o.stakes.Edges[s.Stake.ID])
	}
	if d.Through != 0 {
		o.ids = append(o.ids, d.Through)
	}
	for i := range d.Holders {
		step(&d.Holders[i].Step)
	}
	for i := range d.Open {
		step(&d.Open[i].Step)
	}
	for _, chain := range slices.Concat(d.Chains, e.Chains) {
		for i := range chain.Steps {
			step(&chain.Steps[i])
		}
	}
	for _, c := range d.Controls {
		o.edges = append(o.edges, o.stakes.Edges[c.Control.ID])
	}
	for _, c := range d.Contradictions {
		o.ids = append(o.ids, c.Entity)
	}
}

func (o *ownershipView) read(ctx context.Context) (err error) {
	o.entities, o.relationships, err = o.ofGraph(ctx, o.ids, o.edges)
	return err
}

func (o *ownershipView) step(s *ownership.Step) *model.OwnershipStep {
	doubts := []string{}
	for _, d := range s.Doubts {
		doubts = append(doubts, string(d))
	}
	return &model.OwnershipStep{Relationship: o.relationships[s.Stake.ID], Owner: o.entities[s.Stake.Owner], Owned: o.entities[s.Stake.Owned],
		Share: rangeOf(s.Share), Doubts: doubts}
}

func (o *ownershipView) chains(all []ownership.Chain) []*model.OwnershipChain {
	out := []*model.OwnershipChain{}
	for _, c := range all {
		one := &model.OwnershipChain{Share: rangeOf(c.Share), Sure: c.Sure}
		for i := range c.Steps {
			one.Steps = append(one.Steps, o.step(&c.Steps[i]))
		}
		out = append(out, one)
	}
	return out
}

func (r entityResolver) Owners(ctx context.Context, obj *db.Entity, asOf *domain.Date, maxDepth, first int) (*model.Holdings, error) {
	return r.holdings(ctx, obj, asOf, maxDepth, first, r.knowledge.Above, (*ownership.Graph).Owners)
}

func (r entityResolver) Holdings(ctx context.Context, obj *db.Entity, asOf *domain.Date, maxDepth, first int) (*model.Holdings, error) {
	return r.holdings(ctx, obj, asOf, maxDepth, first, r.knowledge.Below, (*ownership.Graph).Holdings)
}

func (r entityResolver) holdings(
	ctx context.Context, obj *db.Entity, asOf *domain.Date, maxDepth, first int,
	load func(context.Context, domain.Date, ...domain.ID) (*knowledge.Stakes, error),
	walk func(*ownership.Graph, domain.ID, ownership.WalkParams) ownership.Walk,
) (*model.Holdings, error) {
	ctx = domain.WithStage(ctx, read.StageOf(catalog.Entities, obj))
	var problems domain.Problems
	day := r.day(ctx, &problems, asOf)
	checkRange(&problems, "maxDepth", maxDepth, 1, maxWalkDepth)
	checkRange(&problems, "first", first, 1, maxOwnership)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Relationships.Table)
	stakes, err := load(ctx, day, obj.ID)
	if err != nil {
		return nil, err
	}
	found := walk(stakes.Graph, obj.ID, ownership.WalkParams{Depth: maxDepth, Limit: first})
	o := &ownershipView{Resolver: r.Resolver, stakes: stakes, ids: []domain.ID{obj.ID}}
	for _, h := range found.Holdings {
		o.ids = append(o.ids, h.Entity)
	}
	var between []ownership.Step
	if selects(ctx, "stakes") {
		for _, s := range stakes.Graph.Steps() {
			if slices.Contains(o.ids, s.Stake.Owner) && slices.Contains(o.ids, s.Stake.Owned) {
				between = append(between, s)
				o.edges = append(o.edges, stakes.Edges[s.Stake.ID])
			}
		}
	}
	if err := o.read(ctx); err != nil {
		return nil, err
	}
	out := &model.Holdings{AsOf: day, Holdings: []*model.Holding{}, Stakes: []*model.OwnershipStep{}, Truncated: found.Truncated, Complete: stakes.Complete}
	for i := range between {
		out.Stakes = append(out.Stakes, o.step(&between[i]))
	}
	for _, h := range found.Holdings {
		if e := o.entities[h.Entity]; e != nil {
			out.Holdings = append(out.Holdings, &model.Holding{Entity: e, Depth: h.Depth, Share: rangeOf(h.Share), Exact: h.Exact})
		}
	}
	return out, nil
}

func (r queryResolver) ExposureReport(ctx context.Context, list filter, asOf *domain.Date, first, offset int) (*model.ExposureReport, error) {
	var problems domain.Problems
	day := r.day(ctx, &problems, asOf)
	rule := listRule(&problems, "list", list, day)
	checkRange(&problems, "first", first, 0, maxOwnership)
	checkOffset(&problems, offset)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	read.DependOnTables(ctx, r.reader, catalog.Relationships.Table, catalog.Entities.Table)
	listings, err := r.knowledge.ListingsBy(ctx, day, rule.Authority)
	if err != nil {
		return nil, err
	}
	listed := listedBy(rule, listings)
	if len(listed) == 0 {
		if err := r.checkList(ctx, &problems, "list", rule); err != nil {
			return nil, err
		}
		if err := problems.Err("the arguments are not right"); err != nil {
			return nil, err
		}
	}
	stakes, err := r.knowledge.Below(ctx, day, listed...)
	if err != nil {
		return nil, err
	}
	report, err := stakes.Graph.Reach(rule, listed)
	if err != nil {
		return nil, err
	}
	found := report.Findings
	reached := make([]domain.ID, len(found))
	for i := range found {
		reached[i] = found[i].Entity
	}
	keys, err := r.knowledge.NameKeys(ctx, reached)
	if err != nil {
		return nil, err
	}
	sort.Slice(found, func(i, j int) bool {
		a, b := &found[i], &found[j]
		return cmp.Or(cmp.Compare(verdictRank[a.Verdict], verdictRank[b.Verdict]), strings.Compare(keys[a.Entity], keys[b.Entity]), cmp.Compare(a.Entity, b.Entity)) < 0
	})
	out := &model.ExposureReport{Rule: ruleOf(rule), AsOf: day, Entries: []*model.ExposureEntry{}, TotalCount: len(found), Complete: stakes.Complete, Notice: exposureNotice}
	found = found[min(offset, len(found)):]
	found = found[:min(first, len(found))]
	var ids []domain.ID
	for _, f := range found {
		ids = append(ids, f.Entity)
		if f.Through != 0 {
			ids = append(ids, f.Through)
		}
	}
	entities, _, err := r.ofGraph(ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		if e := entities[f.Entity]; e != nil {
			out.Entries = append(out.Entries, &model.ExposureEntry{Entity: e, Verdict: string(f.Verdict), Held: rangeOf(f.Held), Through: entities[f.Through]})
		}
	}
	return out, nil
}

// verdictRank orders the verdicts of a report.
var verdictRank = map[ownership.Verdict]int{ownership.Listed: 0, ownership.Blocked: 1, ownership.Undetermined: 2, ownership.NotBlocked: 3}
