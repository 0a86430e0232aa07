package coerce

import (
	"encoding/json"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
)

// What a scalar takes, as messages say it.
const (
	wantInt     = "a whole number between -2147483648 and 2147483647"
	wantLong    = "a whole number between -9007199254740991 and 9007199254740991"
	wantFloat   = "a finite number"
	wantBoolean = "true or false"
	wantID      = "a string or a whole number"
)

// maxLong is the largest Long: the largest whole number that every reader of JSON keeps
// exactly.
const maxLong = 1<<53 - 1

// textScalars has the scalars whose values are strings, and what each takes. What may
// stand in the string is checked where it is read. Other custom scalars take any value.
var textScalars = map[string]string{
	"String":      "a string",
	"DateTime":    `a time such as "2024-05-31T09:30:00Z"`,
	"Date":        `a date such as "2023-04-26"`,
	"URL":         `an address such as "https://example.org/"`,
	"Markdown":    "a string",
	"LanguageTag": `a language tag such as "en"`,
	"CountryCode": `a country code such as "CN"`,
}

// scalar coerces a decoded JSON value, which is not null, to a scalar.
func scalar(name string, v any) (any, string) {
	switch name {
	case "Int":
		if n, ok := whole(v, 32); ok {
			return n, ""
		}
		return nil, cannot(name, v, wantInt)
	case "Long":
		if n, ok := whole(v, 64); ok && -maxLong <= n && n <= maxLong {
			return n, ""
		}
		return nil, cannot(name, v, wantLong)
	case "Float":
		if f, ok := float(v); ok {
			return f, ""
		}
		return nil, cannot(name, v, wantFloat)
	case "Boolean":
		if b, ok := v.(bool); ok {
			return b, ""
		}
		return nil, cannot(name, v, wantBoolean)
	case "ID":
		if s, ok := v.(string); ok {
			return s, ""
		}
		if s, ok := wholeText(v); ok {
			return s, ""
		}
		return nil, cannot(name, v, wantID)
	}
	if want := textScalars[name]; want != "" {
		if s, ok := v.(string); ok {
			return s, ""
		}
		return nil, cannot(name, v, want)
	}
	return v, ""
}

// whole returns a decoded number that is whole and fits into bits.
func whole(v any, bits int) (int64, bool) {
	text, ok := wholeText(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, bits)
	return n, err == nil
}

// wholeText returns the decimal notation of a decoded number that is whole: "20" for 20,
// 20.0 and 2e1.
func wholeText(v any) (string, bool) {
	switch n := v.(type) {
	case int64:
		return strconv.FormatInt(n, 10), true
	case int:
		return strconv.Itoa(n), true
	case float64:
		if n != math.Trunc(n) || math.IsInf(n, 0) {
			return "", false
		}
		return strconv.FormatFloat(n, 'f', 0, 64), true
	case json.Number:
		return wholeNumber(string(n))
	}
	return "", false
}

// maxExponent bounds the numbers with an exponent that are taken as whole numbers.
const maxExponent = 400

// wholeNumber is wholeText of a number of JSON.
func wholeNumber(text string) (string, bool) {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			return "0", true
		}
		return text, text != ""
	}
	if _, exponent, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		if e, err := strconv.Atoi(exponent); err != nil || e > maxExponent || e < -maxExponent {
			return "", false
		}
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() {
		return "", false
	}
	return r.Num().String(), true
}

// float returns a decoded number that is finite.
func float(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsInf(n, 0) && !math.IsNaN(n)
	case int64:
		return float64(n), true
	case int:
		return float64(n), true
	case json.Number:
		f, err := strconv.ParseFloat(string(n), 64)
		return f, err == nil
	}
	return 0, false
}

// scalarLiteral coerces a literal, which is neither null nor a variable, to a scalar.
func (c *coercion) scalarLiteral(name string, v *ast.Value) (any, string) {
	var value any
	switch v.Kind {
	case ast.IntValue:
		switch name {
		case "Int", "Long":
			bits, want := 32, wantInt
			if name == "Long" {
				bits, want = 64, wantLong
			}
			n, err := strconv.ParseInt(v.Raw, 10, bits)
			if err != nil || name == "Long" && (n < -maxLong || n > maxLong) {
				return nil, cannot(name, json.Number(v.Raw), want)
			}
			return n, ""
		case "ID":
			return v.Raw, ""
		}
		value = json.Number(v.Raw)
	case ast.FloatValue:
		// A literal with a fraction or an exponent is no whole number, whatever its value.
		switch value = json.Number(v.Raw); name {
		case "Int":
			return nil, cannot(name, value, wantInt)
		case "Long":
			return nil, cannot(name, value, wantLong)
		case "ID":
			return nil, cannot(name, value, wantID)
		}
	case ast.StringValue, ast.BlockValue:
		value = v.Raw
	case ast.BooleanValue:
		value = v.Raw == "true"
	case ast.EnumValue:
		if name != "JSON" { // the name of a value, where there are no names
			return nil, name + " cannot represent the name " + v.Raw
		}
		value = v.Raw
	case ast.ListValue, ast.ObjectValue:
		value = c.untyped(v)
	}
	return scalar(name, value)
}

// untyped returns a literal for a scalar that takes any value. Numbers are json.Number.
// A variable that was not given is absent in an object, and null in a list.
func (c *coercion) untyped(v *ast.Value) any {
	switch v.Kind {
	case ast.Variable:
		return c.variables[v.Raw]
	case ast.IntValue, ast.FloatValue:
		return json.Number(v.Raw)
	case ast.BooleanValue:
		return v.Raw == "true"
	case ast.NullValue:
		return nil
	case ast.ListValue:
		list := make([]any, len(v.Children))
		for i, element := range v.Children {
			list[i] = c.untyped(element.Value)
		}
		return list
	case ast.ObjectValue:
		object := make(map[string]any, len(v.Children))
		for _, field := range v.Children {
			if c.isGiven(field.Value) {
				object[field.Name] = c.untyped(field.Value)
			}
		}
		return object
	}
	return v.Raw
}
