package coerce_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator/core"

	"github.com/redthread-api/redthread/graph/coerce"
	"github.com/redthread-api/redthread/internal/domain"
)

const schemaText = `
scalar Long scalar Date scalar JSON
enum Color { RED GREEN }
input Point { x: Int! y: Int = 7 tags: [String!] }
input By @oneOf { id: ID slug: String }
input Filter { slug: Operators and: [Filter!] }
input Operators { eq: String in: [String!] }
type Query {
  f(int: Int float: Float id: ID string: String bool: Boolean long: Long date: Date json: JSON
    color: Color! = RED colors: [Color!] grid: [[Int]] point: Point by: By filter: Filter ids: [ID!]): Int
}`

func schemaOf(t testing.TB) *ast.Schema {
	t.Helper()
	schema, err := gqlparser.LoadSchema(&ast.Source{Input: schemaText})
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func decodeJSON(t testing.TB, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

func TestVariables(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	for _, tt := range []struct{ typ, given, want string }{
		{"Int", `20`, `int64 20`},
		{"Int", `20.0`, `int64 20`},
		{"Int", `2e1`, `int64 20`},
		{"Int", `-0`, `int64 0`},
		{"Int", `2147483647`, `int64 2147483647`},
		{"Int", `2147483648`, `$v: Int cannot represent 2147483648; want a whole number between -2147483648 and 2147483647`},
		{"Int", `1e999999999`, `$v: Int cannot represent 1e999999999; want a whole number between -2147483648 and 2147483647`},
		{"Int", `1.5`, `$v: Int cannot represent 1.5; want a whole number between -2147483648 and 2147483647`},
		{"Int", `"20"`, `$v: Int cannot represent "20"; want a whole number between -2147483648 and 2147483647`},
		{"Int", `true`, `$v: Int cannot represent true; want a whole number between -2147483648 and 2147483647`},
		{"Int", `null`, `<nil> <nil>`},
		{"Int!", `null`, `$v: is null; want Int!`},
		{"Int!", ``, `$v: is missing; want Int!`},
		{"Int! = 5", ``, `int64 5`},
		{"Int = 5", `null`, `<nil> <nil>`},
		{"Float", `1`, `float64 1`},
		{"Float", `1.5e1`, `float64 15`},
		{"Float", `1e400`, `$v: Float cannot represent 1e400; want a finite number`},
		{"Float", `"1"`, `$v: Float cannot represent "1"; want a finite number`},
		{"ID", `"a"`, `string a`},
		{"ID", `99999999999999999999`, `string 99999999999999999999`},
		{"ID", `1.5`, `$v: ID cannot represent 1.5; want a string or a whole number`},
		{"ID", `true`, `$v: ID cannot represent true; want a string or a whole number`},
		{"String", `1`, `$v: String cannot represent 1; want a string`},
		{"String", `["a"]`, `$v: String cannot represent a list; want a string`},
		{"Boolean", `"true"`, `$v: Boolean cannot represent "true"; want true or false`},
		{"Boolean", `1`, `$v: Boolean cannot represent 1; want true or false`},
		{"Long", `9007199254740991`, `int64 9007199254740991`},
		{"Long", `"1"`, `$v: Long cannot represent "1"; want a whole number between -9007199254740991 and 9007199254740991`},
		{"Date", `2014`, `$v: Date cannot represent 2014; want a date such as "2023-04-26"`},
		{"JSON", `{"a": [1]}`, `map[string]interface {} map[a:[1]]`},
		{"Color", `"RED"`, `string RED`},
		{"Color", `"red"`, `$v: "red" is not a value of Color; letter case counts`},
		{"Color", `1`, `$v: Color cannot represent 1; want the name of a value`},
		{"[Color!]", `"RED"`, `[]interface {} [RED]`},
		{"[Color!]", `["RED", null, "x"]`, `$v[1]: is null; want Color!|$v[2]: "x" is not a value of Color; letter case counts`},
		{"[Color!]", `null`, `<nil> <nil>`},
		{"[[Int]]", `1`, `[]interface {} [[1]]`},
		{"[[Int]]", `[1, [2, 3], null]`, `[]interface {} [[1] [2 3] <nil>]`},
		{"Point", `{"x": 1}`, `map[string]interface {} map[x:1 y:7]`},
		{"Point", `{"x": 1, "y": null, "tags": "a"}`, `map[string]interface {} map[tags:[a] x:1 y:<nil>]`},
		{"Point", `{"y": "1", "z": 2, "a": 3}`, `$v.x: is missing; want Int!|$v.y: Int cannot represent "1"; want a whole number between -2147483648 and 2147483647|` +
			`$v.a: Point has no such field|$v.z: Point has no such field`},
		{"Point", `{"x": 1, "__typename": "Point"}`, `$v.__typename: Point has no such field`},
		{"Point", `[{"x": 1}]`, `$v: Point cannot represent a list; want an object`},
		{"By", `{"id": "a"}`, `map[string]interface {} map[id:a]`},
		{"By", `{}`, `$v: want exactly one field of By, not none`},
		{"By", `{"id": "a", "slug": null}`, `$v: want exactly one field of By, not id, slug`},
		{"By", `{"id": null}`, `$v.id: is null; want a value, as the one field of By`},
		{"Filter", `{"and": [{"slug": {"eq": 1}}]}`, `$v.and[0].slug.eq: String cannot represent 1; want a string`},
	} {
		typ, _, _ := strings.Cut(tt.typ, " ")
		doc, errs := gqlparser.LoadQueryWithRules(schema, fmt.Sprintf(`query($v: %s) { f(%s: $v) }`, tt.typ, argumentOf[strings.TrimRight(typ, "!")]), nil)
		if errs != nil {
			t.Fatal(errs)
		}
		given := map[string]any{}
		if tt.given != "" {
			given = decodeJSON(t, `{"v": `+tt.given+`}`)
		}
		before := fmt.Sprint(given)
		values, list := coerce.Variables(schema, doc.Operations[0], given)
		got := fmt.Sprintf("%T %v", values["v"], values["v"])
		if len(list) > 0 {
			messages := make([]string, len(list))
			for i, err := range list {
				messages[i] = err.Message
			}
			got = strings.Join(messages, "|")
		}
		if got != tt.want {
			t.Errorf("%s = %s:\ngot  %s\nwant %s", tt.typ, tt.given, got, tt.want)
		}
		if after := fmt.Sprint(given); after != before {
			t.Errorf("%s = %s: the given values became %s", tt.typ, tt.given, after)
		}
	}
}

// argumentOf has the argument of f of each type.
var argumentOf = map[string]string{
	"Int": "int", "Float": "float", "ID": "id", "String": "string", "Boolean": "bool", "Long": "long", "Date": "date", "JSON": "json",
	"Color": "color", "[Color!]": "colors", "[[Int]]": "grid", "Point": "point", "By": "by", "Filter": "filter",
}

func TestVariablesErrorsAreBoundedAndNameFields(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	doc := gqlparser.MustLoadQueryWithRules(schema, `query($v: [Color!], $w: Filter) { f(colors: $v, filter: $w) }`, nil)
	_, errs := coerce.Variables(schema, doc.Operations[0], decodeJSON(t, `{"v": [`+strings.Repeat(`1, `, 50)+`1]}`))
	if len(errs) != 20 {
		t.Errorf("got %d errors, want 20", len(errs))
	}
	_, errs = coerce.Variables(schema, doc.Operations[0], decodeJSON(t, `{"w": {"and": [{"slug": {"in": [1]}}]}}`))
	if len(errs) != 1 || errs[0].Path != nil || errs[0].Locations[0].Line != 1 {
		t.Fatalf("got %v", errs)
	}
	want := []domain.FieldError{{Path: "$w.and[0].slug.in[0]", Message: "String cannot represent 1; want a string"}}
	if diff := cmp.Diff(want, errs[0].Extensions["fields"]); diff != "" {
		t.Error(diff)
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	for _, tt := range []struct{ document, variables, want string }{
		{`{ f }`, `{}`, `map[color:RED]`},
		{`{ f(int: 5, float: 5, id: 5000, string: "s", bool: true, long: 5000000000, date: "2014") }`, `{}`,
			`map[bool:true color:RED date:2014 float:5 id:5000 int:5 long:5000000000 string:s]`},
		{`{ f(json: {a: [1, "x", null, true, 1.5]}) }`, `{}`, `map[color:RED json:map[a:[1 x <nil> true 1.5]]]`},
		{`{ f(colors: RED, grid: 1, ids: 5) }`, `{}`, `map[color:RED colors:[RED] grid:[[1]] ids:[5]]`},
		{`{ f(point: {x: 1}) }`, `{}`, `map[color:RED point:map[x:1 y:7]]`},
		{`query($c: Color) { f(color: $c) }`, `{}`, `map[color:RED]`},
		{`query($c: Color) { f(color: $c) }`, `{"c": null}`, `color: the variable $c is null; want Color!`},
		{`query($c: Color = GREEN) { f(color: $c) }`, `{}`, `map[color:GREEN]`},
		{`query($c: Color = GREEN) { f(color: $c) }`, `{"c": null}`, `color: the variable $c is null; want Color!`},
		{`query($i: Int) { f(int: $i) }`, `{}`, `map[color:RED]`},
		{`query($i: Int) { f(int: $i) }`, `{"i": null}`, `map[color:RED int:<nil>]`},
		{`query($s: String) { f(filter: {slug: {eq: $s}}) }`, `{}`, `map[color:RED filter:map[slug:map[]]]`},
		{`query($s: String) { f(filter: {slug: {eq: $s}}) }`, `{"s": null}`, `map[color:RED filter:map[slug:map[eq:<nil>]]]`},
		{`query($y: Int) { f(point: {x: 1, y: $y}) }`, `{}`, `map[color:RED point:map[x:1 y:7]]`},
		{`query($s: String!) { f(filter: {and: [{slug: {in: [$s]}}]}) }`, `{"s": "a"}`, `map[color:RED filter:map[and:[map[slug:map[in:[a]]]]]]`},
		{`query($s: String!) { f(by: {slug: $s}) }`, `{"s": "a"}`, `map[by:map[slug:a] color:RED]`},
		{`query($j: JSON) { f(json: {a: $j, b: [$j]}) }`, `{}`, `map[color:RED json:map[b:[<nil>]]]`},
	} {
		doc, errs := gqlparser.LoadQueryWithRules(schema, tt.document, nil)
		if errs != nil {
			t.Errorf("%s: %v", tt.document, errs)
			continue
		}
		variables, list := coerce.Variables(schema, doc.Operations[0], decodeJSON(t, tt.variables))
		if list != nil {
			t.Fatal(list)
		}
		if got := arguments(t, schema, doc, variables); got != tt.want {
			t.Errorf("%s with %s:\ngot  %s\nwant %s", tt.document, tt.variables, got, tt.want)
		}
	}
}

// What validation refuses is refused here as well.
func TestArgumentsWithoutValidation(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	for document, want := range map[string]string{
		`{ f(int: 2147483648) }`:                  `int: Int cannot represent 2147483648; want a whole number between -2147483648 and 2147483647`,
		`{ f(int: 5.0) }`:                         `int: Int cannot represent 5.0; want a whole number between -2147483648 and 2147483647`,
		`{ f(id: 99999999999999999999) }`:         `map[color:RED id:99999999999999999999]`,
		`{ f(string: 5) }`:                        `string: String cannot represent 5; want a string`,
		`{ f(id: 1.5) }`:                          `id: ID cannot represent 1.5; want a string or a whole number`,
		`{ f(color: "RED") }`:                     `color: Color cannot represent "RED"; want the name of a value`,
		`{ f(colors: [RED, BLUE]) }`:              `colors[1]: BLUE is not a value of Color; letter case counts`,
		`{ f(bool: RED) }`:                        `bool: Boolean cannot represent the name RED`,
		`{ f(point: {}) }`:                        `point.x: is missing; want Int!`,
		`{ f(point: 5) }`:                         `point: Point cannot represent 5; want an object`,
		`{ f(color: null) }`:                      `color: is null; want Color!`,
		`{ f(by: {id: 1, slug: "a"}) }`:           `by: want exactly one field of By, not id, slug`,
		`query($s: String) { f(by: {slug: $s}) }`: `by.slug: is null; want a value, as the one field of By`,
		`query($s: String) { f(filter: {slug: {in: ["a", $s]}}) }`: `filter.slug.in[1]: the variable $s is null; want String!`,
	} {
		doc, err := parseOnly(schema, document)
		if err != nil {
			t.Fatal(err)
		}
		if got := arguments(t, schema, doc, map[string]any{}); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", document, got, want)
		}
	}
}

func arguments(t testing.TB, schema *ast.Schema, doc *ast.QueryDocument, variables map[string]any) string {
	t.Helper()
	field := doc.Operations[0].SelectionSet[0].(*ast.Field)
	got, err := coerce.Arguments(t.Context(), &graphql.OperationContext{Variables: variables}, schema, field, plain)
	if problem, ok := errors.AsType[*domain.Error](err); ok {
		if problem.Kind != domain.KindInvalid || len(problem.Fields) == 0 {
			t.Errorf("got %+v", problem)
		}
		texts := make([]string, len(problem.Fields))
		for i, f := range problem.Fields {
			texts[i] = f.Path + ": " + f.Message
		}
		return strings.Join(texts, "|")
	}
	return fmt.Sprint(got)
}

func TestRememberedArgumentsAreDecodedOnce(t *testing.T) {
	t.Parallel()
	schema := schemaOf(t)
	doc := gqlparser.MustLoadQueryWithRules(schema, `query($c: Color!) { f(color: $c) g: f(color: $c) }`, nil)
	op := &graphql.OperationContext{Variables: map[string]any{"c": "RED"}}
	calls := 0
	count := func(_ context.Context, arguments map[string]any) (map[string]any, error) {
		calls++
		if calls == 1 {
			return nil, errors.New("not decoded")
		}
		return arguments, nil
	}
	coerce.Remember(op)
	field := doc.Operations[0].SelectionSet[0].(*ast.Field)
	if _, err := coerce.Arguments(t.Context(), op, schema, field, count); err == nil {
		t.Error("got no error of decode")
	}
	for range 3 { // an error is not remembered
		got, err := coerce.Arguments(t.Context(), op, schema, field, count)
		if err != nil || fmt.Sprint(got) != "map[color:RED]" {
			t.Fatalf("got %v %v", got, err)
		}
	}
	if calls != 2 {
		t.Errorf("got %d calls of decode, want 2", calls)
	}
	other := doc.Operations[0].SelectionSet[1].(*ast.Field)
	if _, err := coerce.Arguments(t.Context(), op, schema, other, count); err != nil || calls != 3 {
		t.Errorf("another field: got %d calls of decode and %v, want 3", calls, err)
	}
}

func plain(_ context.Context, arguments map[string]any) (map[string]any, error) {
	return arguments, nil
}

func BenchmarkArguments(b *testing.B) {
	schema := schemaOf(b)
	for name, document := range map[string]string{
		"Literal":  `{ f(color: GREEN) }`,
		"Variable": `query($c: Color!) { f(color: $c) }`,
		"Object":   `query($s: String) { f(int: 5, filter: {slug: {eq: $s}}) }`,
	} {
		doc := gqlparser.MustLoadQueryWithRules(schema, document, nil)
		field := doc.Operations[0].SelectionSet[0].(*ast.Field)
		variables := map[string]any{"c": "RED", "s": "x"}
		op := &graphql.OperationContext{Variables: variables}
		b.Run(name+"/Coerce", func(b *testing.B) {
			for b.Loop() {
				_, _ = coerce.Arguments(b.Context(), op, schema, field, plain)
			}
		})
		remembered := &graphql.OperationContext{Variables: variables}
		coerce.Remember(remembered)
		b.Run(name+"/Remembered", func(b *testing.B) {
			for b.Loop() {
				_, _ = coerce.Arguments(b.Context(), remembered, schema, field, plain)
			}
		})
		b.Run(name+"/ArgumentMap", func(b *testing.B) {
			for b.Loop() {
				_, _ = plain(b.Context(), field.ArgumentMap(variables))
			}
		})
	}
}

// parseOnly parses a document and sets what validation sets, without its errors.
func parseOnly(schema *ast.Schema, document string) (*ast.QueryDocument, error) {
	doc, err := parser.ParseQuery(&ast.Source{Input: document})
	if err != nil {
		return nil, err
	}
	core.Walk(schema, doc, new(core.Events))
	return doc, nil
}
