package domain

import (
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Date is a calendar date in ISO 8601 of the precision that is known: a year
// ("2014"), a month ("2023-04") or a day ("2023-04-26"). The empty string is
// no date. As text, dates sort in order of time.
type Date string

var dateForm = regexp.MustCompile(`^\d{4}(-\d{2}(-\d{2})?)?$`)

// ParseDate parses a date and checks that it is in the calendar. The error is of
// KindInvalid.
func ParseDate(s string) (Date, error) {
	layouts := map[int]string{4: "2006", 7: "2006-01", 10: "2006-01-02"}
	layout, ok := layouts[len(s)]
	if ok && dateForm.MatchString(s) {
		if _, err := time.Parse(layout, s); err == nil {
			return Date(s), nil
		}
	}
	return "", Invalid("%q is not a date: want YYYY, YYYY-MM or YYYY-MM-DD", clip(s, 40))
}

// After reports whether d is certainly later than e. They are compared to the
// precision of the less precise one.
func (d Date) After(e Date) bool {
	if d == "" || e == "" {
		return false
	}
	n := min(len(d), len(e))
	return strings.Compare(string(d[:n]), string(e[:n])) > 0
}

// FirstDay returns the first day that the date can mean: of its year or month, or the day itself; empty for no date.
func (d Date) FirstDay() Date {
	switch len(d) {
	case len("2006"):
		return d + "-01-01"
	case len("2006-01"):
		return d + "-01"
	}
	return d
}

// LastDay returns the last day that the date can mean: of its year or month, or the day itself; empty for no date.
func (d Date) LastDay() Date {
	switch len(d) {
	case len("2006"):
		return d + "-12-31"
	case len("2006-01"):
		if first, err := time.Parse("2006-01", string(d)); err == nil {
			return Date(first.AddDate(0, 1, -1).Format(time.DateOnly))
		}
	}
	return d
}

// MayHold reports whether what began and ended at two dates held at a day, or may have. Each date may be empty, which is no
// beginning or no end, or partial. What ends on a day does not hold at it.
func MayHold(since, until, day Date) bool {
	return !since.After(day) && (until == "" || until.LastDay() > day)
}

// MarshalGQL writes the date as a GraphQL string, or null for no date.
func (d Date) MarshalGQL(w io.Writer) {
	if d == "" {
		_, _ = io.WriteString(w, "null")
		return
	}
	_, _ = io.WriteString(w, strconv.Quote(string(d)))
}

// UnmarshalGQL reads a GraphQL Date.
func (d *Date) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok {
		return Invalid("a date is a string such as \"2023-04-26\", not %T", v)
	}
	p, err := ParseDate(s)
	*d = p
	return err
}
