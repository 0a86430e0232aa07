package schemaorg

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Narrative is a narrative, with those documents it refers to that the reader may
// see.
type Narrative struct {
	ID, URL, Title, Claim string
	Assessment            string // plain text

	Published *time.Time
	Updated   time.Time

	Tags                []string
	Targets, Amplifiers []Thing
	Parent              *Narrative
	Sightings           []Sighting
}

// Sighting is a place where a claim was seen.
type Sighting struct {
	URL, Platform, Language string
	Date                    domain.Date
}

// claim returns the claim of a narrative as a node.
func (n Narrative) claim() object {
	return node("Claim", n.URL).put("name", n.Title).put("text", n.Claim)
}

// Narrative writes a narrative as a Claim or, if its assessment begins with a verdict
// (see [Verdict]), as a ClaimReview of the claim.
func (p Publisher) Narrative(n Narrative) (json.RawMessage, error) {
	claim := n.claim().put("keywords", n.Tags).put("about", things(n.Targets)).put("mentions", things(n.Amplifiers))
	if n.Parent != nil {
		claim["isPartOf"] = n.Parent.claim()
	}
	var seen []object
	for _, s := range n.Sightings {
		if s.URL == "" {
			continue // an appearance is a work, which needs a URL
		}
		o := object{"@type": "CreativeWork", "url": s.URL}.put("datePublished", s.Date).put("inLanguage", s.Language)
		if s.Platform != "" {
			o["publisher"] = object{"@type": "Organization", "name": s.Platform}
		}
		seen = append(seen, o)
	}
	claim.put("appearance", seen)

	rating := rating(n.Assessment)
	if rating == nil {
		claim.put("identifier", n.ID).put("datePublished", n.Published).put("dateModified", formatTime(n.Updated))
		return document(claim.put("publisher", p.node()))
	}
	review := object{"@type": "ClaimReview"}.put("url", n.URL)
	if n.URL != "" {
		review["@id"] = n.URL + "#review" // the URL of the page itself identifies the claim
	}
	review.put("identifier", n.ID).put("claimReviewed", n.Claim).put("reviewRating", rating).put("reviewBody", n.Assessment)
	review.put("author", p.node()).put("publisher", p.node())
	review.put("datePublished", n.Published).put("dateModified", formatTime(n.Updated))
	return document(review.put("itemReviewed", claim))
}

// verdicts has the verdicts that an assessment may begin with, and their ratings: from
// 1, false, to 5, true; 0 for those that do not say how true a claim is.
var verdicts = map[string]int{
	"false": 1, "fabricated": 1, "mostly false": 2, "half true": 3, "partly true": 3, "partly false": 3,
	"mostly true": 4, "true": 5,
	"misleading": 0, "missing context": 0, "out of context": 0, "exaggerated": 0, "unproven": 0, "unsupported": 0, "satire": 0,
}

// Verdict returns the verdict that an assessment begins with, as in "False: the strait
// was open." It is empty if the text begins in another way: a verdict is never
// inferred.
func Verdict(assessment string) string {
	head, _, found := strings.Cut(assessment, ":")
	head = strings.Join(strings.Fields(head), " ")
	if _, known := verdicts[strings.ToLower(head)]; !found || !known {
		return ""
	}
	return head
}

func rating(assessment string) object {
	verdict := Verdict(assessment)
	if verdict == "" {
		return nil
	}
	o := object{"@type": "Rating", "alternateName": verdict}
	if value := verdicts[strings.ToLower(verdict)]; value > 0 {
		o["ratingValue"], o["worstRating"], o["bestRating"] = value, 1, 5
	}
	return o
}
