package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/scalar"
	"github.com/redthread-api/redthread/internal/domain"
)

const (
	maxListValues = 100  // of one list
	maxListText   = 2000 // bytes of a text in a list, as many as a filter takes
)

// parseParameters returns the values of the parameters in a query string, and all errors
// in it.
func (r *route) parseParameters(query url.Values) (values map[string]any, wrong []ParameterError) {
	values = map[string]any{}
	var known []string
	for _, p := range r.parameters {
		if p.path {
			continue
		}
		known = append(known, p.name)
		given, ok := query[p.name]
		if !ok {
			if p.required() {
				wrong = append(wrong, ParameterError{Parameter: p.name, Detail: "is required"})
			}
			continue
		}
		value, err := p.parse(given)
		if err != nil {
			wrong = append(wrong, ParameterError{Parameter: p.name, Detail: err.Error()})
			continue
		}
		values[p.name] = value
	}
	return values, append(wrong, unknownParameters(query, known)...)
}

// unknownParameters returns an error, with the known parameters, for each unknown one.
func unknownParameters(query url.Values, known []string) []ParameterError {
	there := "there are none here"
	if len(known) > 0 {
		slices.Sort(known)
		there = "there are " + strings.Join(known, ", ")
	}
	var wrong []ParameterError
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if !slices.Contains(known, name) {
			wrong = append(wrong, ParameterError{Parameter: name, Detail: "is no parameter; " + there})
		}
	}
	return wrong
}

// variablesOf returns the variables of the executed query for values of parameters.
func (r *route) variablesOf(values map[string]any) map[string]any {
	variables := map[string]any{}
	arguments := map[string]any{} // arguments
	for _, p := range r.parameters {
		value, given := values[p.name]
		if given && p.direct {
			variables[p.name] = value
		}
		if initial := p.fallback(); !given && initial != nil {
			value, _ = initial.Value(nil) // it was valid when it was loaded
			given = true
		}
		if given {
			arguments[p.name] = value
		}
	}
	for _, a := range r.arguments {
		if filled, ok := a.fill(arguments); ok {
			variables[a.variable] = filled
		}
	}
	return variables
}

// parse reads the values that were given for a parameter.
func (p *parameter) parse(given []string) (any, error) {
	if !p.list() {
		if len(given) > 1 {
			return nil, fmt.Errorf("is given %d times; want it once", len(given))
		}
		return p.parseOne(given[0])
	}
	list := []any{}
	var wrong []string
	for _, values := range given {
		for one := range strings.SplitSeq(values, ",") {
			value, err := p.parseOne(one)
			if err != nil && !slices.Contains(wrong, err.Error()) && len(wrong) < domain.MaxProblems {
				wrong = append(wrong, err.Error())
			}
			list = append(list, value)
		}
	}
	if wrong != nil {
		return nil, errors.New(strings.Join(wrong, "; "))
	}
	if len(list) > maxListValues {
		return nil, fmt.Errorf("has %d values; at most %d", len(list), maxListValues)
	}
	return list, nil
}

func (p *parameter) parseOne(text string) (any, error) {
	if text == "" {
		return nil, fmt.Errorf("has no value; leave it out instead")
	}
	if p.def.Kind == ast.Enum {
		var names []string
		for _, v := range p.def.EnumValues {
			if strings.EqualFold(v.Name, text) {
				return v.Name, nil
			}
			names = append(names, v.Name)
		}
		return nil, fmt.Errorf("%q is none of %s", clip(text), strings.Join(names, ", "))
	}
	switch p.def.Name {
	case "String":
		// A route may make other conditions of its lists, where an error names what the client has not written.
		switch {
		case p.free:
		case p.list() && len(text) > maxListText:
			return nil, fmt.Errorf("a text of %d bytes is too long; at most %d", len(text), maxListText)
		case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
			return nil, fmt.Errorf("%q has characters that no text here can have: leave control characters out", clip(text))
		}
	case "Int":
		n, err := strconv.ParseInt(text, 10, 32)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%q is not a whole number", clip(text))
		case p.most > 0 && (n < int64(p.least) || n > int64(p.most)):
			return nil, fmt.Errorf("want %d to %d, not %d", p.least, p.most, n)
		}
		return n, nil
	case "Float":
		if !decimal.MatchString(text) {
			return nil, fmt.Errorf("%q is not a number, such as 50 or 33.4", clip(text))
		}
		return json.Number(text), nil
	case "Boolean":
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("want true or false, not %q", clip(text))
		}
		return text == "true", nil
	case "DateTime":
		if _, err := scalar.UnmarshalDateTime(text); err != nil {
			return nil, fmt.Errorf("%q is not a time: want RFC 3339, such as 2024-05-31T09:30:00Z", clip(text))
		}
	case "Date":
		if _, err := domain.ParseDate(text); err != nil {
			return nil, fmt.Errorf("%q is not a date: want a year, month or day, such as 2023, 2023-04 or 2023-04-26", clip(text))
		}
	}
	return text, nil
}

// decimal is a number as JSON has it, without an exponent.
var decimal = regexp.MustCompile(`^-?(0|[1-9]\d{0,17})(\.\d{1,18})?$`)

// clip shortens a client's text that an error quotes.
func clip(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
