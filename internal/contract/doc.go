// Package contract compares what a release promised to clients and operators with what the present version promises:
// the GraphQL schema, JSON at /v1, commands with their flags and variables, and metrics. It finds what breaks those who
// use it. Additions break no client, and what the release had marked as deprecated may go.
package contract

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// breaks are the changes that were found, each as one line.
type breaks struct {
	now   time.Time
	lines []string
}

func (b *breaks) add(format string, args ...any) {
	b.lines = append(b.lines, fmt.Sprintf(format, args...))
}

func (b *breaks) sorted() []string {
	slices.Sort(b.lines)
	return slices.Compact(b.lines)
}

// until matches the day up to which something that is deprecated stays.
var until = regexp.MustCompile(`\buntil (\d{4}-\d\d-\d\d)\b`)

// StaysUntil returns the day up to which something that is deprecated stays, as its reason says: "… until 2027-06-30".
func StaysUntil(reason string) (time.Time, error) {
	m := until.FindStringSubmatch(reason)
	if m == nil {
		return time.Time{}, fmt.Errorf("want \"until\" and a day, such as 2027-06-30, in %q", reason)
	}
	return time.Parse(time.DateOnly, m[1])
}

// removed adds a break for something that is gone, unless it was deprecated and its day is over.
func (b *breaks) removed(what, reason string, deprecated bool) {
	if !deprecated {
		b.add("%s was removed", what)
		return
	}
	if day, err := StaysUntil(reason); err != nil || b.now.Before(day.AddDate(0, 0, 1)) {
		b.add("%s was removed before its day: %s", what, reason)
	}
}
