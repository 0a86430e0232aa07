package exchange

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// listingsOf puts the rows of a company to the listings that the desk has: one
// for each start, and one for rows without a start. Rows with the same start
// share it, each with a citation of its own if it says something of its own.
type listingsOf struct {
	im      *companyImport
	list    []any
	ours    bool // citations can be added to listings that are there
	changed bool
	fresh   map[string]bool // the starts of listings that are new
	notes   []BadRow
}

func newListings(im *companyImport) *listingsOf {
	return &listingsOf{im: im, fresh: map[string]bool{}}
}

// have takes the listings that the desk has.
func (o *listingsOf) have(stored []any, ours bool) {
	o.ours = ours
	for _, l := range stored {
		o.list = append(o.list, maps.Clone(l.(fields)))
	}
}

// find is the list's listing of a start.
func (o *listingsOf) find(start string) fields {
	for _, l := range o.list {
		if textOf(l, "authority") == o.im.params.Authority && textOf(l, "programme") == o.im.params.Programme && textOf(l, "since") == start {
			return l.(fields)
		}
	}
	return nil
}

func (o *listingsOf) add(row companyRow) {
	listing := o.find(row.start)
	if listing == nil {
		listing = fields{"authority": o.im.params.Authority, "programme": o.im.params.Programme}
		if row.start != "" {
			listing["since"] = row.start
		}
		o.list, o.changed, o.fresh[row.start] = append(o.list, listing), true, true
	}
	if o.ours || o.fresh[row.start] {
		o.cite(listing, row)
	}
	o.end(listing, row)
}

// end brings the end of a listing up to date. The latest is right, in whichever
// order they come; that there are two is noted.
func (o *listingsOf) end(listing fields, row companyRow) {
	known := domain.Date(textOf(listing, "until"))
	end := domain.Date(row.end)
	if end == "" || end == known {
		return
	}
	later := end > known
	if known != "" {
		kept := known
		if later {
			kept = end
		}
		o.notes = append(o.notes, BadRow{[]Place{row.place},
			fmt.Sprintf("the listing that began %s ends %s here and %s elsewhere: %s was kept", orNoDay(row.start), end, known, kept)})
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

// cite gives a listing the citation of a row. One that only names the source is
// left out where another says more.
func (o *listingsOf) cite(listing fields, row companyRow) {
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

// sorted is the list in an order that does not depend on that of the rows, if it
// is for the import to order.
func (o *listingsOf) sorted() []any {
	if o.ours {
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
