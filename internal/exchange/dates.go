package exchange

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// dateFormat is a format of dates, such as "DD/MM/YYYY", with the layout of package
// time for it.
type dateFormat struct{ pattern, layout string }

var (
	formatToken = regexp.MustCompile(`[A-Za-z]+|[0-9]+|[^A-Za-z0-9]+`)
	// The keys are the parts of patterns and of the example 2 January 2006.
	formatTokens = map[string]string{
		"YYYY": "2006", "MM": "01", "M": "1", "DD": "02", "D": "2", "MMM": "Jan", "MMMM": "January",
		"2006": "2006", "01": "01", "1": "1", "02": "02", "2": "2", "Jan": "Jan", "January": "January",
	}
)

// parseDateFormat parses a format of --date-format: a pattern such as DD/MM/YYYY, or
// the date 2 January 2006 as it is written in the format.
func parseDateFormat(pattern string) (dateFormat, error) {
	const want = "want YYYY, MM or M, DD or D, MMM (Jan) or MMMM (January), such as DD/MM/YYYY; or how the second of January 2006 is written, such as 2 January 2006"
	var layout strings.Builder
	parts := map[byte]int{}
	for _, token := range formatToken.FindAllString(pattern, -1) {
		part := formatTokens[token]
		if part == "" {
			if strings.ContainsAny(token[:1], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") {
				return dateFormat{}, fmt.Errorf("%q is not understood in the date format %q: %s", token, pattern, want)
			}
			layout.WriteString(token)
			continue
		}
		layout.WriteString(part)
		switch part {
		case "2006":
			parts['Y']++
		case "02", "2":
			parts['D']++
		default:
			parts['M']++
		}
	}
	if parts['Y'] != 1 || parts['M'] > 1 || parts['D'] > 1 || parts['D'] > parts['M'] {
		return dateFormat{}, fmt.Errorf("the date format %q has no year, month and day, each once: %s", pattern, want)
	}
	return dateFormat{pattern, layout.String()}, nil
}

// readDate parses a date in one of the formats or, if there are none, as YYYY, YYYY-MM
// or YYYY-MM-DD. A date that could be two dates is an error.
func readDate(text string, formats []dateFormat) (domain.Date, error) {
	if text == "" {
		return "", nil
	}
	if len(formats) == 0 {
		date, err := domain.ParseDate(text)
		if err != nil {
			return "", fmt.Errorf("%w%s", err, adviseFormat(text))
		}
		return date, nil
	}
	var found domain.Date
	var by string
	for _, format := range formats {
		date, ok := format.read(text)
		switch {
		case !ok, date == found:
		case found != "":
			return "", fmt.Errorf("%q is %s by %s and %s by %s: which of them is said with one --date-format", text, found, by, date, format.pattern)
		default:
			found, by = date, format.pattern
		}
	}
	if found == "" {
		var patterns []string
		for _, format := range formats {
			patterns = append(patterns, format.pattern)
		}
		return "", fmt.Errorf("%q is not a date of the form %s", text, strings.Join(patterns, " or "))
	}
	return found, nil
}

func (f dateFormat) read(text string) (domain.Date, bool) {
	t, err := time.Parse(f.layout, text)
	if err != nil {
		return "", false
	}
	precision := "2006-01-02"
	switch {
	case !strings.Contains(f.layout, "1") && !strings.Contains(f.layout, "Jan"):
		precision = "2006"
	case !strings.Contains(strings.ReplaceAll(f.layout, "2006", ""), "2"):
		precision = "2006-01"
	}
	date, err := domain.ParseDate(t.Format(precision))
	return date, err == nil
}

var numericDate = regexp.MustCompile(`^(\d{1,2})([/.-])(\d{1,2})[/.-]\d{4}$`)

// adviseFormat returns advice on the --date-format that a date could have.
func adviseFormat(text string) string {
	m := numericDate.FindStringSubmatch(text)
	if m == nil {
		return "; say with --date-format how dates are written"
	}
	day := strings.Join([]string{"D", "M", "YYYY"}, m[2])
	month := strings.Join([]string{"M", "D", "YYYY"}, m[2])
	first, _ := strconv.Atoi(m[1])
	second, _ := strconv.Atoi(m[3])
	switch {
	case first > 12 && second <= 12:
		return "; with --date-format " + day + " it is"
	case second > 12 && first <= 12:
		return "; with --date-format " + month + " it is"
	}
	return fmt.Sprintf("; it could be --date-format %s or %s", day, month)
}
