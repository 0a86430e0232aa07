package ownership

import (
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
)

// Range is a share that is known to lie between two bounds, both included.
type Range struct{ Min, Max domain.Share }

// Exactly returns the range of a share that is known.
func Exactly(s domain.Share) Range { return Range{s, s} }

// Unknown returns the range of a share of which nothing is known: 0 to 100.
func Unknown() Range { return Range{0, domain.FullShare} }

// Stake is a relationship of kind OWNS: one entity holds a share in another.
type Stake struct {
	ID    domain.ID // of the relationship
	Owner domain.ID
	Owned domain.ID
	Share Range
	// Since and Until are as precise as they are known, or empty. An empty Since has
	// begun; an empty Until has not ended.
	Since, Until domain.Date
	Confidence   string // a term of domain.Confidences
}

// Control is a relationship of kind CONTROLS. It never adds to a share.
type Control struct {
	ID           domain.ID // of the relationship
	Controller   domain.ID
	Controlled   domain.ID
	Since, Until domain.Date
	Confidence   string
}

// Doubt is a reason why the share of a stake on a day is a range.
type Doubt string

// The doubts about a stake.
const (
	UnknownShare  Doubt = "UNKNOWN_SHARE"  // the share is stated as 0 to 100
	ShareRange    Doubt = "SHARE_RANGE"    // the share is stated as a narrower range
	UncertainDate Doubt = "UNCERTAIN_DATE" // the stake may not have begun, or have ended
	LowConfidence Doubt = "LOW_CONFIDENCE" // the confidence is lower than Params.Certain
)

// standing says whether something holds on a day.
type standing uint8

const (
	off   standing = iota // not begun, or ended
	maybe                 // a partial date leaves it open
	on
)

// standingOn returns whether what is dated since and until holds on a day. It
// does if it began on or before the day and did not end on or before the day.
//
// A partial date is some day of its year or month. So a Since of 2019 leaves it open
// from the first day of 2019 to the last but one, and has begun on the last; an Until of 2019
// leaves it open on the same days, and has ended on the last.
func standingOn(since, until, day domain.Date) standing {
	begun, ended := passed(since, day), passed(until, day)
	if since == "" {
		begun = on
	}
	switch {
	case begun == off || ended == on:
		return off
	case begun == maybe || ended == maybe:
		return maybe
	}
	return on
}

// passed returns whether the day of a date, which may be partial, is on or before a
// day. No date has not passed.
func passed(d, day domain.Date) standing {
	switch {
	case d == "" || d[:min(len(d), len(day))] > day[:min(len(d), len(day))]:
		return off
	case d.LastDay() <= day:
		return on
	}
	return maybe
}

// onDay returns the range of the share of a stake on a day, and the doubts that
// make it a range. A stake that does not hold then has the range 0 to 0; one that
// may not hold has a Min of 0.
func (s Stake) onDay(p Params) (Range, []Doubt) {
	var doubts []Doubt
	r := s.Share
	switch {
	case r == Unknown():
		doubts = append(doubts, UnknownShare)
	case r.Min < r.Max:
		doubts = append(doubts, ShareRange)
	}
	switch standingOn(s.Since, s.Until, p.AsOf) {
	case off:
		return Range{}, nil
	case maybe:
		r.Min = 0
		doubts = append(doubts, UncertainDate)
	}
	if !certain(s.Confidence, p.Certain) {
		r.Min = 0
		doubts = append(doubts, LowConfidence)
	}
	if r.Min == r.Max {
		doubts = nil
	}
	return r, doubts
}

// certain reports whether a confidence is at least another. Every confidence is at
// least the empty one.
func certain(confidence, least string) bool {
	i := slices.Index(domain.Confidences, confidence)
	return least == "" || i >= 0 && i <= slices.Index(domain.Confidences, least)
}

// check returns an error of KindInvalid for a stake that cannot be.
func (s Stake) check() error {
	if s.Share.Min < 0 || s.Share.Min > s.Share.Max || s.Share.Max > domain.FullShare {
		return domain.Invalid("stake %s: %s to %s is not a range of shares", s.ID, s.Share.Min, s.Share.Max)
	}
	for _, d := range []domain.Date{s.Since, s.Until} {
		if d == "" {
			continue
		}
		if _, err := domain.ParseDate(string(d)); err != nil {
			return domain.Invalid("stake %s: %v", s.ID, err)
		}
	}
	return nil
}
