package coerce

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// step is a step to a value inside another: the name of an argument, a variable or an
// input field, or an element of a list where the name is empty.
type step struct {
	name  string
	index int
}

// position returns the steps to a value as text: filter.and[0].slug.
func position(at []step) string {
	var b strings.Builder
	for i, s := range at {
		switch {
		case s.name == "":
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		case i == 0:
			b.WriteString(s.name)
		default:
			b.WriteString("." + s.name)
		}
	}
	return b.String()
}

// maxShown is how many characters of a text a message shows.
const maxShown = 60

// show returns a value as a message names it.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		if utf8.RuneCountInString(v) > maxShown {
			v = string([]rune(v)[:maxShown]) + "…"
		}
		return strconv.Quote(v)
	case json.Number:
		return number(v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprint(v)
}

// number returns a number as a message names it.
func number(n json.Number) string {
	if len(n) > maxShown {
		return string(n[:maxShown]) + "…"
	}
	return string(n)
}

// cannot returns the message that a value does not fit a type.
func cannot(typ string, v any, want string) string {
	return typ + " cannot represent " + show(v) + "; want " + want
}

// listed returns the names of fields as a message lists them.
func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
