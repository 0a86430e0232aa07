package knowledge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// checkedEntity is what is compared of an entity.
type checkedEntity struct {
	kind, name, country string
	start, end          domain.Date
}

// checked are the entities and relationships of a check.
type checked struct {
	entities map[domain.ID]*checkedEntity
	edges    []Edge // in the order of their ids
}

func (c *checked) name(id domain.ID) string {
	if e := c.entities[id]; e != nil {
		return e.name
	}
	return id.String() // there were more entities than are read
}

// graph finds what entities and relationships contradict each other in.
func (c *check) graph(ctx context.Context) error {
	all := &checked{entities: map[domain.ID]*checkedEntity{}}
	err := c.each(ctx, c.rows, "SELECT e.id, e.kind, e.name, e.country, e.start_date, e.end_date FROM entities e WHERE e.deleted_at IS NULL ORDER BY e.id", 6,
		func(at func(int) store.Value) {
			all.entities[domain.ID(at(0).Int())] = &checkedEntity{string(at(1).Text), string(at(2).Text), strings.ToUpper(string(at(3).Text)),
				domain.Date(at(4).Text), domain.Date(at(5).Text)}
		})
	if err != nil {
		return err
	}
	if c.wants(CountryConflict) {
		if err := c.identifiers(ctx, all); err != nil {
			return err
		}
	}
	values, err := c.values(ctx, "SELECT "+edgeColumns+" FROM relationships r WHERE "+c.where+" ORDER BY r.id LIMIT ?", edgeWidth, c.rows+1)
	if err != nil {
		return err
	}
	all.edges = edgesIn(values, edgeWidth)
	if len(all.edges) > c.rows {
		all.edges, c.out.Complete = all.edges[:c.rows], false
	}
	for i := range all.edges {
		c.lifetimes(all, &all.edges[i])
		c.location(all, &all.edges[i])
	}
	c.ownership(all)
	c.subsidiaries(all)
	return nil
}

// notInLife are the kinds of relationships that what is no more, or not yet, may well have.
var notInLife = []string{"SUCCEEDS", "AMENDS", "RELATED_TO"}

// lifetimes finds the dates of a relationship that are certainly outside of those of its ends.
func (c *check) lifetimes(all *checked, r *Edge) {
	if slices.Contains(notInLife, r.Kind) {
		return
	}
	for _, id := range []domain.ID{r.From, r.To} {
		e := all.entities[id]
		if e == nil || e.kind == "EVENT" {
			continue
		}
		find := func(path, format string, args ...any) {
			c.add(Finding{Kind: OutsideLifetime, Severity: Doubtful, Document: r.ID, Path: path, Others: []domain.ID{id}, Message: fmt.Sprintf(format, args...),
				Advice: "Check the dates of the relationship and of the entity, and whether a predecessor is meant."})
		}
		switch {
		case e.start.After(r.Since):
			find("since", "It begins in %s, before %s does (%s).", r.Since, e.name, e.start)
		case r.Since == "" && e.start.After(r.Until):
			find("until", "It ends in %s, before %s begins (%s).", r.Until, e.name, e.start)
		}
		switch {
		case r.Since.After(e.end):
			find("since", "It begins in %s, after %s has ended (%s).", r.Since, e.name, e.end)
		case r.Until.After(e.end):
			find("until", "It ends in %s, after %s has (%s).", r.Until, e.name, e.end)
		}
	}
}

// location finds an entity that is in another country than the place where it is.
func (c *check) location(all *checked, r *Edge) {
	from, to := all.entities[r.From], all.entities[r.To]
	if r.Kind != "LOCATED_IN" || r.Until != "" || r.Confidence == "POSSIBLE" || from == nil || to == nil || to.kind != "COUNTRY" && to.kind != "PLACE" ||
		from.country == "" || to.country == "" || from.country == to.country {
		return
	}
	c.add(Finding{Kind: CountryConflict, Severity: Doubtful, Document: r.From, Path: "country", Others: []domain.ID{r.ID, r.To},
		Message: fmt.Sprintf("The country of %s is %s, and it is located in %s, the country of which is %s.", from.name, from.country, to.name, to.country),
		Advice:  "Correct the country, or give the relationship an end if it has moved."})
}

// identifiers finds identifiers that are of another country than the entity.
func (c *check) identifiers(ctx context.Context, all *checked) error {
	return c.each(ctx, c.rows, "SELECT i.entity_id, i.position, i.scheme, i.value FROM entity_identifiers i JOIN entities d ON d.id = i.entity_id"+
		" WHERE d.deleted_at IS NULL AND i.scheme IN ('ISIN', 'Isin', 'isin', 'USCC', 'Uscc', 'uscc') ORDER BY i.entity_id, i.position", 4,
		func(at func(int) store.Value) {
			id, scheme, value := domain.ID(at(0).Int()), strings.ToUpper(string(at(2).Text)), strings.ToUpper(string(at(3).Text))
			e := all.entities[id]
			if e == nil || e.country == "" {
				return
			}
			f := Finding{Kind: CountryConflict, Document: id, Path: fmt.Sprintf("identifiers[%d].value", at(1).Int())}
			switch {
			case scheme == "USCC" && e.country != "CN":
				f.Severity = Doubtful
				f.Message = fmt.Sprintf("The country of %s is %s, and it has a number of the register of China (USCC %s).", e.name, e.country, value)
				f.Advice = "Correct the country or the identifier, or give the identifier to the company in China if there are two."
			case scheme == "ISIN" && isinCountry(value) != "" && isinCountry(value) != e.country:
				f.Severity = Improvable
				f.Message = fmt.Sprintf("The country of %s is %s, and its security %s is of %s.", e.name, e.country, value, isinCountry(value))
				f.Advice = "Check whether the security was issued abroad, which is common, or belongs to another company."
			default:
				return
			}
			c.add(f)
		})
}

// isinCountry returns the country of an ISIN; empty where its prefix is none, as XS of Euroclear is.
func isinCountry(isin string) string {
	if len(isin) != 12 || isin[0] < 'A' || isin[0] > 'Z' || isin[1] < 'A' || isin[1] > 'Z' || isin[0] == 'X' && isin[1] != 'K' || isin[0] == 'Q' || isin[:2] == "EU" || isin[:2] == "ZZ" {
		return ""
	}
	return isin[:2]
}

// stakeAt is the least of a stake, from the first day on which it surely holds up to the day at which it may have ended.
type stakeAt struct {
	from, to domain.Date
	least    domain.Share
	id       domain.ID
}

const (
	// present stands for the day of whatever has no end, and never for a day after all others.
	present domain.Date = "9999-00-00"
	never   domain.Date = "9999-99-99"
)

// surely returns the days between which something surely holds, the second one excluded. What has no end holds at present. What has
// no beginning surely holds at present alone, and on no day that is known if it has ended.
func surely(since, until domain.Date) (from, to domain.Date) {
	switch {
	case since == "" && until == "":
		return present, never
	case since == "":
		return never, never
	case until == "":
		return since.LastDay(), never
	}
	return since.LastDay(), until + domain.Date("-01-01"[min(len(until)-len("2006"), len("-01-01")):])
}

// ownership finds entities of which more than all is surely owned at one time.
func (c *check) ownership(all *checked) {
	if !c.wants(OwnershipOver100) {
		return
	}
	of := map[domain.ID][]stakeAt{}
	var owned []domain.ID
	for i := range all.edges {
		e := &all.edges[i]
		if e.Kind != "OWNS" || e.Share.Min == 0 || e.Confidence == "POSSIBLE" {
			continue
		}
		from, to := surely(e.Since, e.Until)
		if from >= to {
			continue
		}
		if of[e.To] == nil {
			owned = append(owned, e.To)
		}
		of[e.To] = append(of[e.To], stakeAt{from, to, e.Share.Min, e.ID})
	}
	for _, id := range owned {
		stakes := of[id]
		sum, day := mostOwned(stakes)
		if sum <= domain.FullShare {
			continue
		}
		var ids []domain.ID
		for _, s := range stakes {
			if s.from <= day && day < s.to {
				ids = append(ids, s.id)
			}
		}
		when := "at present"
		if day != present {
			when = "on " + string(day)
		}
		c.add(Finding{Kind: OwnershipOver100, Severity: Contradiction, Document: id, Path: "owners", Others: ids,
			Message: fmt.Sprintf("%s percent of %s is owned %s, by %s.", sum, all.name(id), when, domain.Count(len(ids), "stake", "stakes")),
			Advice:  "Look for a stake that has ended, that is in another one, or that is there twice, and correct its share or dates."})
	}
}

// mostOwned returns the greatest sum of stakes that hold at one time, and the first day on which it does.
func mostOwned(stakes []stakeAt) (most domain.Share, first domain.Date) {
	type event struct {
		day    domain.Date
		change domain.Share
	}
	var events []event
	for _, s := range stakes {
		events = append(events, event{s.from, s.least}, event{s.to, -s.least})
	}
	slices.SortFunc(events, func(a, b event) int { return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.change, b.change)) })
	var sum domain.Share
	for _, e := range events {
		if sum += e.change; sum > most {
			most, first = sum, e.day
		}
	}
	return most, first
}

// maxCycleDays is how many days are looked at for companies that may be above each other.
const maxCycleDays = 200

// subsidiaries finds companies that are surely their own parents at one time, through others.
func (c *check) subsidiaries(all *checked) {
	if !c.wants(ParentCycle) {
		return
	}
	type link struct {
		to       domain.ID
		from, by domain.Date // the days between which it surely holds
		id       domain.ID
	}
	up := map[domain.ID][]link{}
	var children []domain.ID
	for i := range all.edges {
		e := &all.edges[i]
		if from, by := surely(e.Since, e.Until); e.Kind == "SUBSIDIARY_OF" && e.Confidence != "POSSIBLE" && from < by {
			if up[e.From] == nil {
				children = append(children, e.From)
			}
			up[e.From] = append(up[e.From], link{e.To, from, by, e.ID})
		}
	}
	slices.Sort(children)
	for _, group := range components(children, func(id domain.ID, fn func(domain.ID)) {
		for _, l := range up[id] {
			fn(l.to)
		}
	}) {
		if len(group) == 1 {
			continue // no relationship is of an entity with itself
		}
		// A cycle that holds at a time holds on the day on which the last of its links begins.
		var days []domain.Date
		for _, id := range group {
			for _, l := range up[id] {
				days = append(days, l.from)
			}
		}
		slices.Sort(days)
		if days = slices.Compact(days); len(days) > maxCycleDays {
			days, c.out.Complete = days[:maxCycleDays], false
		}
		among := map[domain.ID]bool{}
		for _, id := range group {
			among[id] = true
		}
		for _, day := range days {
			var found []domain.ID // the relationships
			var names []string
			within := components(group, func(id domain.ID, fn func(domain.ID)) {
				for _, l := range up[id] {
					if l.from <= day && day < l.by && among[l.to] {
						fn(l.to)
					}
				}
			})
			i := slices.IndexFunc(within, func(g []domain.ID) bool { return len(g) > 1 })
			if i < 0 {
				continue
			}
			for _, id := range within[i] {
				names = append(names, all.name(id))
				for _, l := range up[id] {
					if l.from <= day && day < l.by && slices.Contains(within[i], l.to) {
						found = append(found, l.id)
					}
				}
			}
			slices.Sort(found)
			if rest := len(names) - 5; rest > 0 {
				names = append(names[:5], domain.Count(rest, "other", "others"))
			}
			c.add(Finding{Kind: ParentCycle, Severity: Contradiction, Document: within[i][0], Path: "outgoing", Others: found,
				Message: fmt.Sprintf("%s are subsidiaries of each other.", strings.Join(names[:len(names)-1], ", ")+" and "+names[len(names)-1]),
				Advice:  "Turn the relationship around that is the wrong way, or give it an end."})
			break
		}
	}
}

// components returns the strongly connected components of a graph, each sorted, in the order of their first members (R. Tarjan 1972). It does not
// recurse: chains can be long.
func components(nodes []domain.ID, next func(id domain.ID, fn func(domain.ID))) [][]domain.ID {
	type frame struct {
		id   domain.ID
		next []domain.ID
	}
	index, low, waiting := map[domain.ID]int{}, map[domain.ID]int{}, map[domain.ID]bool{}
	var stack []domain.ID
	var frames []frame
	var all [][]domain.ID
	enter := func(id domain.ID) {
		index[id], low[id], waiting[id] = len(index)+1, len(index)+1, true
		stack = append(stack, id)
		f := frame{id: id}
		next(id, func(to domain.ID) { f.next = append(f.next, to) })
		frames = append(frames, f)
	}
	for _, node := range nodes {
		if index[node] != 0 {
			continue
		}
		enter(node)
		for len(frames) > 0 {
			f := &frames[len(frames)-1]
			if len(f.next) > 0 {
				to := f.next[0]
				f.next = f.next[1:]
				if index[to] == 0 {
					enter(to)
				} else if waiting[to] {
					low[f.id] = min(low[f.id], index[to])
				}
				continue
			}
			if low[f.id] == index[f.id] {
				at := len(stack) - 1
				for stack[at] != f.id {
					at--
				}
				component := slices.Clone(stack[at:])
				stack = stack[:at]
				for _, id := range component {
					waiting[id] = false
				}
				slices.Sort(component)
				all = append(all, component)
			}
			id := f.id
			if frames = frames[:len(frames)-1]; len(frames) > 0 {
				parent := frames[len(frames)-1].id
				low[parent] = min(low[parent], low[id])
			}
		}
	}
	slices.SortFunc(all, func(a, b []domain.ID) int { return cmp.Compare(a[0], b[0]) })
	return all
}
