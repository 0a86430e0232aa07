package picture

import (
	"strconv"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// A period is the days that a date may be: one, or all of a month or year.
type period struct {
	first, next time.Time // the first day, and the one after the last
}

// periodOf returns the days that a date may be. The error is of KindInvalid.
func periodOf(d domain.Date) (period, error) {
	if _, err := domain.ParseDate(string(d)); err != nil {
		return period{}, err
	}
	switch len(d) {
	case 4:
		t, _ := time.Parse("2006", string(d))
		return period{t, t.AddDate(1, 0, 0)}, nil
	case 7:
		t, _ := time.Parse("2006-01", string(d))
		return period{t, t.AddDate(0, 1, 0)}, nil
	}
	t, _ := time.Parse("2006-01-02", string(d))
	return period{t, t.AddDate(0, 0, 1)}, nil
}

// dateText returns a date in words, as precise as it is: "2014", "Apr 2023", "26 Apr 2023".
func dateText(d domain.Date) string {
	p, err := periodOf(d)
	if err != nil {
		return clean(string(d))
	}
	switch len(d) {
	case 4:
		return string(d)
	case 7:
		return p.first.Format("Jan 2006")
	}
	return p.first.Format("2 Jan 2006")
}

// spanText returns a span of time in words.
func spanText(since, until domain.Date) string {
	switch {
	case since == "" && until == "":
		return ""
	case since == "":
		return "until " + dateText(until)
	case until == "":
		return "since " + dateText(since)
	case since == until:
		return dateText(since)
	}
	return dateText(since) + " to " + dateText(until)
}

// days returns the time in days since 1970.
func days(t time.Time) float64 {
	return float64(t.Unix()) / 86400
}

// timeOf is the inverse of [days].
func timeOf(days float64) time.Time {
	return time.Unix(int64(days*86400), 0).UTC()
}

// A tick is a mark on an axis of time.
type tick struct {
	at    time.Time
	label string
}

// ticks returns marks from one time to another, at even steps of the calendar, at most
// limit of them.
func ticks(from, to time.Time, limit int) []tick {
	if to.Sub(from) < 62*24*time.Hour {
		return dayTicks(from, to, limit)
	}
	type step struct {
		months int
		layout string
	}
	steps := []step{{1, "Jan 2006"}, {3, "Jan 2006"}, {6, "Jan 2006"}, {12, "2006"}, {24, "2006"}, {60, "2006"},
		{120, "2006"}, {240, "2006"}, {600, "2006"}, {1200, "2006"}, {2400, "2006"}, {6000, "2006"}, {12000, "2006"}}
	for _, s := range steps {
		months := (to.Year()-from.Year())*12 + int(to.Month()) - int(from.Month())
		if months/s.months+1 > limit {
			continue
		}
		var out []tick
		first := (from.Year()*12 + int(from.Month()) - 1) / s.months * s.months
		for m := first; ; m += s.months {
			t := time.Date(m/12, time.Month(m%12+1), 1, 0, 0, 0, 0, time.UTC)
			if t.After(to) {
				break
			}
			if !t.Before(from) {
				out = append(out, tick{t, t.Format(s.layout)})
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return nil
}

// dayTicks returns marks for a short time.
func dayTicks(from, to time.Time, limit int) []tick {
	n := int(to.Sub(from).Hours()/24) + 1
	for _, step := range []int{1, 2, 7, 14, 28} {
		if n/step+1 > limit {
			continue
		}
		var out []tick
		for t := from.Truncate(24 * time.Hour); !t.After(to); t = t.AddDate(0, 0, step) {
			if !t.Before(from) {
				out = append(out, tick{t, t.Format("2 Jan 2006")})
			}
		}
		return out
	}
	return nil
}

// count writes a number with its thousands parted by thin spaces.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}
