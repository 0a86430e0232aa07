package exchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// listingMerger merges the rows of a company into the listings that the desk has. There
// is one listing for each start, and one for rows without a start. Rows with the same
// start share it, with a citation for each that says something of its own.
type listingMerger struct {
	im           *companyImport
	list         []any
	importedOnly bool // citations can be added to existing listings
	changed      bool
	added        map[string]bool // the starts of new listings
	notes        []RowMessage
}

func newListingMerger(im *companyImport) *listingMerger {
	return &listingMerger{im: im, added: map[string]bool{}}
}

// load sets the listings that the desk has.
func (o *listingMerger) load(stored []any, ours bool) {
	o.importedOnly = ours
	for _, l := range stored {
		o.list = append(o.list, maps.Clone(l.(fields)))
	}
}

// find returns the listing of the list with a start; nil if there is none.
func (o *listingMerger) find(start string) fields {
	for _, l := range o.list {
		if textOf(l, "authority") == o.im.params.Authority && textOf(l, "programme") == o.im.params.Programme && textOf(l, "since") == start {
			return l.(fields)
		}
	}
	return nil
}

func (o *listingMerger) add(row companyRow) {
	listing := o.find(row.start)
	if listing == nil {
		listing = fields{"authority": o.im.params.Authority, "programme": o.im.params.Programme}
		if row.start != "" {
			listing["since"] = row.start
		}
		o.list, o.changed, o.added[row.start] = append(o.list, listing), true, true
	}
	if o.importedOnly || o.added[row.start] {
		o.cite(listing, row)
	}
	o.end(listing, row)
}

// end updates the end of a listing. Of two different ends the later is used, in any
// order of the rows, and a note is added.
func (o *listingMerger) end(listing fields, row companyRow) {
	known := domain.Date(textOf(listing, "until"))
	end := domain.Date(row.end)
	if end == "" || end == known {
		return
	}
	later := end > known
	if known != "" {
		chosen := known
		if later {
			chosen = end
		}
		o.notes = append(o.notes, RowMessage{[]Place{row.place},
			fmt.Sprintf("the listing that began %s ends %s here and %s elsewhere: %s is stored", orNoDay(row.start), end, known, chosen)})
	}
	if later {
		listing["until"], o.changed = row.end, true
	}
}

func orNoDay(date string) string {
	if date == "" {
		return "on no date"
	}
	return date
}

// cite adds the citation of a row to a listing. A citation that only names the source
// is left out if another says more.
func (o *listingMerger) cite(listing fields, row companyRow) {
	citation := fields{"source": o.im.source.String()}
	if row.url != "" {
		citation["locator"] = row.url
	}
	if row.note != "" {
		citation["quote"] = row.note
	}
	citations, _ := listing["citations"].([]any)
	bare := func(c any) bool { return textOf(c, "locator") == "" && textOf(c, "quote") == "" }
	ofSource := func(c any) bool { return textOf(c, "source") == textOf(citation, "source") }
	if slices.ContainsFunc(citations, func(c any) bool {
		return ofSource(c) && (bare(citation) || compareCitations(c, citation) == 0)
	}) {
		return
	}
	citations = slices.DeleteFunc(slices.Clone(citations), func(c any) bool { return ofSource(c) && bare(c) })
	citations = append(citations, citation)
	slices.SortStableFunc(citations, compareCitations)
	listing["citations"], o.changed = citations, true
}

func compareCitations(a, b any) int {
	for _, field := range []string{"source", "locator", "quote"} {
		if c := cmp.Compare(textOf(a, field), textOf(b, field)); c != 0 {
			return c
		}
	}
	return 0
}

// sorted returns the listings in an order that does not depend on that of the rows,
// unless an editor has written the document.
func (o *listingMerger) sorted() []any {
	if o.importedOnly {
		slices.SortStableFunc(o.list, func(a, b any) int {
			for _, field := range []string{"authority", "programme", "since", "until"} {
				if c := cmp.Compare(textOf(a, field), textOf(b, field)); c != 0 {
					return c
				}
			}
			return 0
		})
	}
	return o.list
}
