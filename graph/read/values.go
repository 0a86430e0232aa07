package read

import (
	"math"
	"strconv"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// readTime reads a DateTime. A day alone stands for its first moment in UTC,
// so that a filter can be written by hand.
func readTime(raw any) (any, string) {
	const want = `want a time such as "2024-05-31T09:30:00Z", or a day`
	s, ok := raw.(string)
	if !ok {
		return nil, want + ", not " + describe(raw)
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		t, err := time.Parse(layout, s)
		if err == nil {
			t = t.UTC()
			if t.Year() < 1 || t.Year() > 9999 {
				break
			}
			return t, ""
		}
	}
	return nil, want
}

// readNumber reads a whole number as it comes out of a decoder.
func (f Field) readNumber(raw any) (any, string) {
	const want = "want a whole number"
	text, ok := raw.(string) // GraphQL clients may send a variable so
	if !ok {
		if text, ok = domain.DecimalText(raw); !ok {
			return nil, want + ", not " + describe(raw)
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, want
	}
	limit := int64(math.MaxInt32)
	if f.Kind == Long {
		limit = GreatestNumber
	}
	if n > limit || n < -limit-1 {
		return nil, want + " of at most " + strconv.FormatInt(limit, 10)
	}
	return n, ""
}

// GreatestNumber is the largest whole number that a JSON reader with floating point keeps exactly.
const GreatestNumber = 1<<53 - 1
