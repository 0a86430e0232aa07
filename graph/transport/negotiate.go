package transport

import (
	"mime"
	"strconv"
	"strings"
)

// The media types of responses.
const (
	typeResponse = "application/graphql-response+json"
	typeJSON     = "application/json"
	typeEvents   = "text/event-stream"
)

// accepted is which of the available media types a client accepts.
type accepted struct {
	single       string // the type of a single response; empty: it accepts none
	stream       bool   // it accepts a stream of events
	preferStream bool   // it prefers that
}

func (a accepted) none() bool { return a.single == "" && !a.stream }

// negotiate reads the header Accept by the rules of RFC 9110: for each type
// the most specific range counts, and the greatest q-value wins. Where that
// leaves a choice, a type that is named wins over one that only falls under a
// wildcard; of those that are named, application/graphql-response+json wins.
//
// Of the types under a wildcard application/json wins, and so it does where
// there is no such header, which by RFC 9110 is the same. The public audit
// suite requires that. GraphQL over HTTP, September 2026, requires clients to send the
// header and leaves the choice to the server where they don't: such clients are old
// ones, and people who try requests by hand.
//
// */* does not include an event stream: a client that reads one names it.
func negotiate(header []string) accepted {
	ranges := readAccept(strings.Join(header, ","))
	newer, older := weightOf(ranges, typeResponse), weightOf(ranges, typeJSON)
	a, best := accepted{single: typeResponse}, newer
	if older.greater(newer) || older == newer && older.specific < rangeExact {
		a.single, best = typeJSON, older
	}
	if best.q == 0 {
		a.single = ""
	}
	if events := weightOf(ranges, typeEvents); events.q > 0 && events.specific > rangeAny {
		a.stream = true
		a.preferStream = events.greater(best)
	}
	return a
}

// How specific a media range is.
const (
	rangeAny      = iota + 1 // */*
	rangeSubtypes            // text/*
	rangeExact
)

// mediaRange is an element of Accept.
type mediaRange struct {
	name string
	q    float64
}

// weight is a client's preference for a media type.
type weight struct {
	q        float64
	specific int
}

func (w weight) greater(than weight) bool {
	if w.q != than.q {
		return w.q > than.q
	}
	return w.specific > than.specific
}

func weightOf(ranges []mediaRange, name string) weight {
	family, _, _ := strings.Cut(name, "/")
	var found weight
	for _, r := range ranges {
		specific := 0
		switch r.name {
		case name:
			specific = rangeExact
		case family + "/*":
			specific = rangeSubtypes
		case "*/*":
			specific = rangeAny
		default:
			continue
		}
		if specific > found.specific || specific == found.specific && r.q > found.q {
			found = weight{r.q, specific}
		}
	}
	return found
}

// readAccept reads the ranges of the header, leaving out those that are not
// valid and those of another charset than UTF-8.
func readAccept(header string) []mediaRange {
	if strings.TrimSpace(strings.ReplaceAll(header, ",", "")) == "" {
		return []mediaRange{{"*/*", 1}}
	}
	var ranges []mediaRange
	for _, element := range splitList(header) {
		name, parameters, err := mime.ParseMediaType(element)
		if err != nil || !isUTF8(parameters["charset"]) {
			continue
		}
		q := 1.0
		if given, ok := parameters["q"]; ok {
			if q, err = strconv.ParseFloat(given, 64); err != nil || !(q >= 0 && q <= 1) {
				continue
			}
		}
		ranges = append(ranges, mediaRange{name, q})
	}
	return ranges
}

// splitList splits a header at the commas that are not in a quoted string.
func splitList(header string) []string {
	var elements []string
	begin, quoted := 0, false
	for i := 0; i < len(header); i++ {
		switch {
		case quoted && header[i] == '\\':
			i++
		case header[i] == '"':
			quoted = !quoted
		case header[i] == ',' && !quoted:
			elements = append(elements, header[begin:i])
			begin = i + 1
		}
	}
	return append(elements, header[begin:])
}

// isUTF8 reports whether a charset is UTF-8, which is the default.
func isUTF8(charset string) bool {
	return charset == "" || strings.EqualFold(charset, "utf-8")
}
