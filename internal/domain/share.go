package domain

import (
	"io"
	"strconv"
	"strings"
)

// Share is a part of a whole in millionths of a percent, so that shares add
// up exactly: 33.4 + 16.6 is 50, which matters under the 50 percent rule.
type Share int64

// FullShare is 100 percent.
const FullShare Share = 100_000_000

// ParseShare parses a percentage written in decimals: 0 to 100, with at most six
// digits after the point. The error is of KindInvalid.
func ParseShare(s string) (Share, error) {
	bad := Invalid("%q is not a share: want a percentage from 0 to 100 with at most 6 decimals", clip(s, 40))
	whole, frac, _ := strings.Cut(s, ".")
	if whole == "" || len(whole) > 3 || len(frac) > 6 || strings.HasSuffix(s, ".") {
		return 0, bad
	}
	for _, c := range whole + frac {
		if c < '0' || c > '9' {
			return 0, bad
		}
	}
	n, _ := strconv.ParseInt(whole+(frac + "000000")[:6], 10, 64)
	if Share(n) > FullShare {
		return 0, bad
	}
	return Share(n), nil
}

// String returns the percentage in decimals, without trailing zeros: "12.5".
func (s Share) String() string {
	out := strconv.FormatInt(int64(s/1_000_000), 10)
	if frac := int64(s % 1_000_000); frac != 0 {
		digits := strconv.FormatInt(frac+1_000_000, 10)[1:]
		out += "." + strings.TrimRight(digits, "0")
	}
	return out
}

// MarshalGQL writes the percentage as a GraphQL Float.
func (s Share) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, s.String()) }

// UnmarshalGQL reads a GraphQL Float or Int.
func (s *Share) UnmarshalGQL(v any) error {
	text, ok := DecimalText(v)
	if !ok {
		return Invalid("a share is a number from 0 to 100, not %T", v)
	}
	p, err := ParseShare(text)
	*s = p
	return err
}

// DecimalText returns the decimal notation of a decoded number: an int, a float,
// or a json.Number. ok is false for anything else.
func DecimalText(v any) (text string, ok bool) {
	switch n := v.(type) {
	case int:
		return strconv.Itoa(n), true
	case int64:
		return strconv.FormatInt(n, 10), true
	case float64:
		return strconv.FormatFloat(n, 'f', -1, 64), true
	case interface{ Int64() (int64, error) }: // json.Number, without importing it
		return v.(interface{ String() string }).String(), true
	}
	return "", false
}
