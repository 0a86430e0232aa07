package knowledge

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// cited returns the condition that a row is cited: that a citation refers to a source that is not in the trash.
func cited(column, id string) string {
	return "EXISTS (SELECT 1 FROM citations c JOIN sources s ON s.id = c.source_id WHERE c." + column + " = " + id + " AND s.deleted_at IS NULL)"
}

const addSource = "Cite the source that it is from, or delete it."

// citations finds claims without a source.
func (c *check) citations(ctx context.Context) error {
	err := c.each(ctx, c.most, "SELECT r.id, r.kind FROM relationships r WHERE NOT "+cited("relationship_id", "r.id")+" AND "+c.where+" ORDER BY r.id", 2,
		func(at func(int) store.Value) {
			c.add(Finding{Kind: NoCitation, Severity: Doubtful, Document: domain.ID(at(0).Int()), Path: "citations",
				Message: fmt.Sprintf("The relationship (%s) has no source.", at(1).Text), Advice: addSource})
		})
	if err != nil {
		return err
	}
	for _, of := range []struct{ rows, owner, documents, column, list, what, label string }{
		{"listings", "entity_id", "entities", "listing_id", "listings", "listing", "x.authority"},
		{"observations", "narrative_id", "narratives", "observation_id", "observations", "observation", "x.observed_on"},
		{"edition_items", "edition_id", "editions", "item_id", "items", "item", "x.headline"},
	} {
		err := c.each(ctx, c.most, "SELECT x."+of.owner+", x.position, "+of.label+" FROM "+of.rows+" x JOIN "+of.documents+" d ON d.id = x."+of.owner+
			" WHERE d.deleted_at IS NULL AND NOT "+cited(of.column, "x.id")+" ORDER BY x."+of.owner+", x.position", 3,
			func(at func(int) store.Value) {
				message := fmt.Sprintf("The %s has no source.", of.what)
				if label := string(at(2).Text); label != "" {
					message = fmt.Sprintf("The %s “%s” has no source.", of.what, label)
				}
				c.add(Finding{Kind: NoCitation, Severity: Doubtful, Document: domain.ID(at(0).Int()),
					Path: fmt.Sprintf("%s[%d].citations", of.list, at(1).Int()), Message: message, Advice: addSource})
			})
		if err != nil {
			return err
		}
	}
	return c.each(ctx, c.most, "SELECT f.report_id, f.position, f.label FROM footnotes f JOIN reports d ON d.id = f.report_id WHERE d.deleted_at IS NULL"+
		" AND NOT EXISTS (SELECT 1 FROM sources s WHERE s.id = f.source_id AND s.deleted_at IS NULL) ORDER BY f.report_id, f.position", 3,
		func(at func(int) store.Value) {
			c.add(Finding{Kind: NoCitation, Severity: Improvable, Document: domain.ID(at(0).Int()), Path: fmt.Sprintf("footnotes[%d].source", at(1).Int()),
				Message: fmt.Sprintf("The footnote [^%s] has no source.", at(2).Text), Advice: "Add its source, as in [@source-slug, p. 3], unless it is a remark."})
		})
}

// sources finds sources that say too little of themselves.
func (c *check) sources(ctx context.Context) error {
	empty := func(column string) string { return "(s." + column + " IS NULL OR s." + column + " = '')" }
	for _, of := range []struct {
		kind                          FindingKind
		condition, path, text, advice string
	}{
		{NoArchiveCopy, empty("archive_url") + " AND NOT " + empty("url"), "archiveUrl", "The source “%s” has an address and no archive copy.",
			"Archive the page, at the Wayback Machine for one, and give its address: pages change and vanish."},
		{NoReliability, empty("reliability"), "reliability", "The source “%s” has no reliability.", "Rate the publisher from A to F on the Admiralty scale."},
	} {
		if !c.wants(of.kind) {
			continue
		}
		err := c.each(ctx, c.most, "SELECT s.id, s.title FROM sources s WHERE s.deleted_at IS NULL AND "+of.condition+" ORDER BY s.id", 2,
			func(at func(int) store.Value) {
				c.add(Finding{Kind: of.kind, Severity: Improvable, Document: domain.ID(at(0).Int()), Path: of.path,
					Message: fmt.Sprintf(of.text, at(1).Text), Advice: of.advice})
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// periods finds what certainly ends before it begins.
func (c *check) periods(ctx context.Context) error {
	const alive = "d.deleted_at IS NULL"
	for _, of := range []struct{ from, id, position, since, until, condition, path string }{
		{"relationships d", "d.id", "0", "d.since", "d.until", alive, "until"},
		{"entities d", "d.id", "0", "d.start_date", "d.end_date", alive, "endDate"},
		{"listings x JOIN entities d ON d.id = x.entity_id", "d.id", "x.position", "x.since", "x.until", alive, "listings[%d].until"},
		{"narratives d", "d.id", "0", "d.first_observed", "d.last_observed", alive, "lastObserved"},
		{"editions d", "d.id", "0", "d.period_start", "d.period_end", alive, "periodEnd"},
	} {
		// The texts of dates are compared to the precision of the shorter one, as [domain.Date.After] does.
		short := "CASE WHEN length(" + of.since + ") < length(" + of.until + ") THEN length(" + of.since + ") ELSE length(" + of.until + ") END"
		err := c.each(ctx, c.most, "SELECT "+of.id+", "+of.position+", "+of.since+", "+of.until+" FROM "+of.from+" WHERE "+of.condition+
			" AND "+of.since+" <> '' AND "+of.until+" <> '' AND substr("+of.since+", 1, "+short+") > substr("+of.until+", 1, "+short+") ORDER BY 1, 2", 4,
			func(at func(int) store.Value) {
				since, until := domain.Date(at(2).Text), domain.Date(at(3).Text)
				path := of.path
				if of.position != "0" {
					path = fmt.Sprintf(path, at(1).Int())
				}
				c.add(Finding{Kind: EndBeforeStart, Severity: Contradiction, Document: domain.ID(at(0).Int()), Path: path,
					Message: fmt.Sprintf("The end, %s, is before the beginning, %s.", until, since), Advice: "Correct one of the dates, or clear the one that is not known."})
			})
		if err != nil {
			return err
		}
	}
	return nil
}

// parents finds tags and narratives that are above themselves.
func (c *check) parents(ctx context.Context) error {
	for _, of := range []struct{ table, name string }{{"tags", "label"}, {"narratives", "title"}} {
		parent, names := map[domain.ID]domain.ID{}, map[domain.ID]string{}
		var ids []domain.ID
		err := c.each(ctx, c.rows, "SELECT d.id, d.parent_id, d."+of.name+" FROM "+of.table+" d WHERE d.deleted_at IS NULL AND d.parent_id IS NOT NULL ORDER BY d.id", 3,
			func(at func(int) store.Value) {
				id := domain.ID(at(0).Int())
				ids = append(ids, id)
				parent[id], names[id] = domain.ID(at(1).Int()), string(at(2).Text)
			})
		if err != nil {
			return err
		}
		passed := map[domain.ID]domain.ID{} // by the walk that first came there
		for _, id := range ids {
			at := id
			for at != 0 && passed[at] == 0 {
				passed[at] = id
				at = parent[at]
			}
			if at == 0 || passed[at] != id {
				continue // it ends, or is where an earlier walk was
			}
			cycle := []domain.ID{at}
			for next := parent[at]; next != at; next = parent[next] {
				cycle = append(cycle, next)
			}
			first := slices.Index(cycle, slices.Min(cycle))
			cycle = slices.Concat(cycle[first:], cycle[:first])
			c.add(Finding{Kind: ParentCycle, Severity: Contradiction, Document: cycle[0], Path: "parent", Others: cycle[1:],
				Message: fmt.Sprintf("“%s” is above itself: %s.", names[cycle[0]], domain.Count(len(cycle), "parent leads", "parents lead")+" back to it"),
				Advice:  "Clear the parent that is wrong."})
		}
	}
	return nil
}
