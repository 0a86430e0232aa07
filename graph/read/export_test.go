package read

// SetBounds changes from how many rows on a condition through a relation is tested row by
// row (few; set within another), and among how many rows a page must be found for that.
func (r *Reader) SetBounds(few, set, window int) {
	r.bounds = bounds{few: few, set: set, window: window}
}

// Texts returns how many texts of statements the reader remembers.
func (r *Reader) Texts() int { return r.texts.Len() }

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
