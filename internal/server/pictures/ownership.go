package pictures

import (
	"context"
	_ "embed" // the query
	"encoding/json"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

//go:embed ownership.graphql
var ownershipDocument string

// ownershipChart returns the chart of owners.
func ownershipChart() drawing {
	return drawing{
		path: "/ownership.svg", mediaType: "image/svg+xml", document: ownershipDocument,
		parameters: []string{"of", "authority", "programme", "rule", "threshold", "comparison", "asOf", "maxDepth", "theme"},
		variables:  ownershipVariables, draw: drawOwnership,
		arguments: map[string]string{"filter": "of"},
	}
}

func ownershipVariables(p *parameters) map[string]any {
	v := map[string]any{"of": p.text("of"), "asOf": p.date("asOf"), "maxDepth": p.number("maxDepth", 10), "list": nil}
	if v["of"] == nil {
		p.problems.Add("of", "the id or slug of an entity is required")
	}
	if authority := p.text("authority"); authority != nil {
		list := map[string]any{"authority": authority}
		for _, name := range []string{"programme", "rule", "comparison"} {
			if text := p.text(name); text != nil {
				list[name] = text
			}
		}
		p.choice("comparison", nil, "AT_LEAST", "MORE_THAN")
		if text := p.values.Get("threshold"); text != "" {
			list["threshold"] = json.Number(text)
			if _, err := domain.ParseShare(text); err != nil {
				p.problems.Add("threshold", "%s", err)
			}
		}
		v["list"] = []any{list}
	} else {
		for _, name := range []string{"programme", "rule", "threshold", "comparison"} {
			if p.text(name) != nil {
				p.problems.Add(name, "it goes with authority")
			}
		}
	}
	return v
}

// stakeOf is a stake in a response.
type stakeOf struct {
	Relationship struct {
		ID, Confidence string
		Since, Until   domain.Date
	}
	Owner, Owned struct{ ID string }
	Share        struct{ Min, Max json.Number }
}

// exposureOf is what a list means for the entity.
type exposureOf struct {
	Verdict string
	Held    struct{ Min, Max json.Number }
	Rule    struct {
		Authority, Comparison string
		Programme             *string
		Threshold             json.Number
	}
	Chains []struct {
		Sure  bool
		Steps []struct{ Relationship struct{ ID string } }
	}
	Holders  []struct{ Relationship struct{ ID string } }
	Complete bool
}

func drawOwnership(ctx context.Context, data []byte, p *parameters) ([]byte, error) {
	var response struct {
		Entities struct {
			Nodes []struct {
				entity
				Owners struct {
					AsOf                domain.Date
					Truncated, Complete bool
					Holdings            []struct{ Entity entity }
					Stakes              []stakeOf
				}
				Exposure []exposureOf
			}
		}
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	if len(response.Entities.Nodes) == 0 {
		return nil, errNothing
	}
	of := &response.Entities.Nodes[0]
	chart := picture.Ownership{Frame: picture.Frame{Title: "Who owns " + of.Name, Subtitle: "As of " + string(of.Owners.AsOf), Lang: "en", Theme: p.theme}}
	focus := of.node(of.Owners.AsOf)
	focus.Focus = true
	chart.Nodes = append(chart.Nodes, focus)
	for _, h := range of.Owners.Holdings {
		chart.Nodes = append(chart.Nodes, h.Entity.node(of.Owners.AsOf))
	}
	counts, may := map[string]bool{}, map[string]bool{}
	if len(of.Exposure) > 0 {
		e := &of.Exposure[0]
		for _, chain := range e.Chains {
			for _, s := range chain.Steps {
				if chain.Sure {
					counts[s.Relationship.ID] = true
				} else {
					may[s.Relationship.ID] = true
				}
			}
		}
		for _, h := range e.Holders {
			if e.Verdict == string(picture.Undetermined) {
				may[h.Relationship.ID] = true
			} else {
				counts[h.Relationship.ID] = true
			}
		}
		chart.Verdict = e.verdict(of.Name)
	}
	for _, s := range of.Owners.Stakes {
		chart.Stakes = append(chart.Stakes, picture.Stake{ID: s.Relationship.ID, Owner: s.Owner.ID, Owned: s.Owned.ID, Min: share(s.Share.Min), Max: share(s.Share.Max),
			Confidence: s.Relationship.Confidence, Since: s.Relationship.Since, Until: s.Relationship.Until,
			Counts: counts[s.Relationship.ID], MayCount: may[s.Relationship.ID] && !counts[s.Relationship.ID]})
	}
	var notes []string
	if of.Owners.Truncated || !of.Owners.Complete {
		notes = append(notes, "There are more owners than are shown.")
	}
	if len(of.Exposure) > 1 {
		notes = append(notes, "Other lists have been asked as well: the verdict is that of the first.")
	}
	chart.Note = strings.Join(append(notes, "From published ownership only. No legal advice."), " ")
	return chart.SVG(ctx)
}

// verdict says what a list means for an entity.
func (e *exposureOf) verdict(name string) picture.Verdict {
	list := e.Rule.Authority
	if e.Rule.Programme != nil {
		list += ", " + *e.Rule.Programme
	}
	rule := "at least"
	if e.Rule.Comparison == "MORE_THAN" {
		rule = "more than"
	}
	held := e.Held.Min.String() + " %"
	if e.Held.Min != e.Held.Max {
		held = e.Held.Min.String() + " to " + e.Held.Max.String() + " %"
	}
	v := picture.Verdict{Outcome: picture.Outcome(e.Verdict),
		Detail: fmt.Sprintf("Owners that count hold %s; the rule asks for %s %s %%. List: %s.", held, rule, e.Rule.Threshold, list)}
	switch v.Outcome {
	case picture.Listed:
		v.Text = name + " is on the list."
	case picture.Blocked:
		v.Text = name + " is reached through its owners."
	case picture.NotBlocked:
		v.Text = name + " is not reached through its owners."
	default:
		v.Text = "Whether " + name + " is reached is open."
	}
	return v
}
