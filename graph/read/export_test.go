package read

import "github.com/redthread-api/redthread/internal/domain"

// SetBounds changes from how many rows on a condition through a relation is tested row by
// row (few; set within another), and among how many rows a page must be found for that,
// also where it could be found by links; with 0 none is.
func (r *Reader) SetBounds(few, set, window, links int) {
	r.bounds = bounds{few: few, set: set, window: window, links: links}
}

// Texts returns how many texts of statements the reader remembers.
func (r *Reader) Texts() int { return r.texts.Len() }

// CursorOf makes the cursor of a place in the list of all rows of a table.
func CursorOf(t *Table, by OrderBy, value any, id domain.ID) (string, error) {
	order := t.Orders[by.Field]
	o := ordering{Order: order, list: t.Name + " " + by.Field + " " + by.Direction + order.mark()}
	return o.encode(sortKey{value: value, id: id})
}

// CacheCounts sets from how many rows on counts of filtered lists are cached.
func (r *Reader) CacheCounts(from int) { r.countedFrom = from }

// CachedCounts returns how many counts of filtered lists are cached.
func (r *Reader) CachedCounts() int { return r.counted.Len() }

// Values returns all values of rows.
func (r *Rows) Values() []Value {
	var values []Value
	for row := range r.Len() {
		for column := range r.width {
			values = append(values, r.Value(row, column))
		}
	}
	return values
}
