package syntax_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/internal/syntax"
)

const maxTokens = 15_000

// parse parses a document that is right.
func parse(t testing.TB, text string) *ast.QueryDocument {
	t.Helper()
	doc, _, err := syntax.Parse(text, maxTokens)
	if err != nil {
		t.Fatalf("%s: got %v, want a document", text, err)
	}
	return doc
}

// syntaxError returns the error of a document that is wrong, as "line:column: message".
func syntaxError(t testing.TB, text string) string {
	t.Helper()
	doc, _, err := syntax.Parse(text, maxTokens)
	located, ok := errors.AsType[*gqlerror.Error](err)
	if !ok || doc != nil {
		t.Fatalf("%q: got %v and a document %t, want an error of syntax", text, err, doc != nil)
	}
	if len(located.Locations) != 1 {
		t.Fatalf("%q: got %v, want one location", text, located)
	}
	return fmt.Sprintf("%s: %s", located.Locations[0], located.Message)
}

// argument returns the value of the argument of { f(a: …) }.
func argument(t testing.TB, literal string) *ast.Value {
	t.Helper()
	return parse(t, "{ f(a: "+literal+") }").Operations[0].SelectionSet[0].(*ast.Field).Arguments[0].Value
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ text, want string }{
		// 2.1 Source text
		{"", `1:1: want an operation or a fragment, found the end of the document`},
		{" \n# only a comment", `2:17: want an operation or a fragment, found the end of the document`},
		{"{ a % }", `1:5: unexpected character "%"`},
		{"{ a(b: 'c') }", `1:8: unexpected character "'"; strings stand in double quotes`},
		{"{ é }", `1:3: unexpected character "é"`},
		{"{ a\x00 }", `1:4: unexpected character U+0000`},
		{"{ a\u00a0}", `1:4: unexpected character U+00A0`},
		{"{\n a\xff }", `2:3: the document is not UTF-8: unexpected byte 0xFF`},
		{"{ a(b: \"\xed\xa0\x80\") }", `1:9: the document is not UTF-8: unexpected byte 0xED`},
		{"{ a \\ }", `1:5: unexpected character "\"`},
		// 2.1.7 Punctuators
		{"{ a .. b }", `1:5: unexpected character "."; a spread has three dots`},
		{"{ a.b }", `1:4: unexpected character "."; a spread has three dots`},
		{"{ a & b }", `1:5: want a field, "..." or "}", found "&"`},
		{"{ a ! }", `1:5: want a field, "..." or "}", found "!"`},
		{"{ a | b }", `1:5: want a field, "..." or "}", found "|"`},
		{"{ a = b }", `1:5: want a field, "..." or "}", found "="`},
		{"{ a } }", `1:7: want an operation or a fragment, found "}"`},
		{"{ a }}", `1:6: want an operation or a fragment, found "}"`},
		{"{ a ]", `1:5: want a field, "..." or "}", found "]"`},
		// 2.3 Document
		{"query { a } foo { b }", `1:13: want an operation or a fragment, found "foo"`},
		{"query { a } 12", `1:13: want an operation or a fragment, found "12"`},
		{`type Query { a: Int }`, `1:1: a request has operations and fragments only; "type" defines a type or a directive`},
		{"{ a }\nextend type Query { a: Int }", `2:1: a request has operations and fragments only; "extend" defines a type or a directive`},
		{"{ a }\n\"A number.\" scalar Long", `2:13: a request has operations and fragments only; "scalar" defines a type or a directive`},
		{"directive @a on FIELD { b }", `1:1: a request has operations and fragments only; "directive" defines a type or a directive`},
		// 2.4 Operations
		{"query", `1:6: want "{", found the end of the document`},
		{"query Q", `1:8: want "{", found the end of the document`},
		{"query Q Q { a }", `1:9: want "{", found "Q"`},
		{"query 5 { a }", `1:7: want "{", found "5"`},
		{"Query { a }", `1:1: want an operation or a fragment, found "Query"`},
		{"query Q() { a }", `1:9: want a variable, as in "$id: ID!", found ")"`},
		{"query Q(a: Int) { a }", `1:9: want a variable, as in "$id: ID!", found "a"`},
		// 2.5 Selection sets, 2.2 descriptions
		{"{", `1:2: want a field, "..." or "}", found the end of the document`},
		{"{ a", `1:4: want a field, "..." or "}", found the end of the document`},
		{"{ a { b }", `1:10: want a field, "..." or "}", found the end of the document`},
		{"{ a { ,, }", `1:11: want a field, "..." or "}", found the end of the document`},
		{`{ "a" }`, `1:3: want a field, "..." or "}", found a string`},
		{`{ "about a" a }`, `1:3: want a field, "..." or "}", found a string`},
		{`"about it" { a }`, `1:1: a description needs the keyword "query" behind it; an operation without one cannot be described`},
		{`"one" "two" query { a }`, `1:7: want an operation or a fragment after its description, found a string`},
		{`"nothing"`, `1:10: want an operation or a fragment after its description, found the end of the document`},
		{`query "late" Q { a }`, `1:7: want "{", found a string`},
		{`query Q($a: Int "late") { a }`, `1:23: want a variable, as in "$id: ID!", found ")"`},
		// 2.7 Arguments
		{"{ a() }", `1:5: want an argument, found ")"`},
		{"{ a(b) }", `1:6: want ":" and a value, found ")"`},
		{"{ a(b:) }", `1:7: want a value, found ")"`},
		{"{ a(b: 1", `1:9: want an argument or ")", found the end of the document`},
		{"{ a(b: 1 2) }", `1:10: want an argument or ")", found "2"`},
		{`{ a("b": 1) }`, `1:5: want an argument, found a string`},
		// 2.8 Field aliases
		{"{ a: }", `1:6: want the name of a field, found "}"`},
		{"{ : a }", `1:3: want a field, "..." or "}", found ":"`},
		{"{ a: b: c }", `1:7: want a field, "..." or "}", found ":"`},
		{"{ a: ... }", `1:6: want the name of a field, found "..."`},
		// 2.9 Fragments
		{"{ ... }", `1:7: want the name of a fragment, "on", "@" or "{" after "...", found "}"`},
		{"{ ... on }", `1:10: want a type after "on", found "}"`},
		{"{ ... on { a } }", `1:10: want a type after "on", found "{"`},
		{"{ ... on T }", `1:12: want "{", found "}"`},
		{"{ ... @a }", `1:10: want "{", found "}"`},
		{"fragment on on T { a }", `1:10: want the name of a fragment, which cannot be "on"`},
		{"fragment F { a }", `1:12: want "on" and a type, found "{"`},
		{"fragment F T { a }", `1:12: want "on" and a type, found "T"`},
		{"fragment F on { a }", `1:15: want a type after "on", found "{"`},
		{"fragment F on T", `1:16: want "{", found the end of the document`},
		{"fragment { a }", `1:10: want the name of a fragment, found "{"`},
		{"fragment F($a: Int) on T { a }", `1:11: want "on" and a type, found "("; a fragment has no variables of its own`},
		{"{ ...F(a: 1) }", `1:7: want a field, "..." or "}", found "("`},
		// 2.10.1 Int, 2.10.2 Float
		{"{ f(a: 00) }", `1:9: a number cannot begin with 0 and another digit: 00`},
		{"{ f(a: 01) }", `1:9: a number cannot begin with 0 and another digit: 01`},
		{"{ f(a: -01) }", `1:10: a number cannot begin with 0 and another digit: -01`},
		{"{ f(a: -) }", `1:9: want a digit after "-", found ")"`},
		{"{ f(a: -a) }", `1:9: want a digit after "-", found "a"`},
		{"{ f(a: +1) }", `1:8: unexpected character "+"`},
		{"{ f(a: .5) }", `1:8: unexpected character "."; a spread has three dots`},
		{"{ f(a: 1.) }", `1:10: want a digit after "1.", found ")"`},
		{"{ f(a: 1.e3) }", `1:10: want a digit after "1.", found "e"`},
		{"{ f(a: 1e) }", `1:10: want a digit after "1e", found ")"`},
		{"{ f(a: 1e+) }", `1:11: want a digit after "1e+", found ")"`},
		{"{ f(a: 1x) }", `1:9: a number cannot be followed by "x": 1`},
		{"{ f(a: 0xF1) }", `1:9: a number cannot be followed by "x": 0`},
		{"{ f(a: 0b10) }", `1:9: a number cannot be followed by "b": 0`},
		{"{ f(a: 1_000) }", `1:9: a number cannot be followed by "_": 1`},
		{"{ f(a: 1.5.3) }", `1:11: a number cannot be followed by ".": 1.5`},
		{"{ f(a: 1e3.4) }", `1:11: a number cannot be followed by ".": 1e3`},
		{"{ f(a: 1.5f) }", `1:11: a number cannot be followed by "f": 1.5`},
		{"{ f(a: [1...]) }", `1:11: want a digit after "1.", found "."`},
		{"{ f(a: 1", `1:9: want an argument or ")", found the end of the document`},
		{"{ f(a: 1.", `1:10: want a digit after "1.", found the end of the document`},
		// 2.10.4 String
		{`{ f(a: "b) }`, `1:8: the string that begins here does not end`},
		{"{ f(a: \"b\n\") }", `1:8: the string that begins here does not end in its line`},
		{"{ f(a: \"b\r\") }", `1:8: the string that begins here does not end in its line`},
		{`{ f(a: "b\") }`, `1:8: the string that begins here does not end`},
		{`{ f(a: "\`, `1:8: the string that begins here does not end`},
		{`{ f(a: "\x41") }`, `1:9: unknown escape sequence: "\" and "x"`},
		{`{ f(a: "\'") }`, `1:9: unknown escape sequence: "\" and "'"`},
		{"{ f(a: \"\\\n\") }", `1:9: unknown escape sequence: "\" and U+000A`},
		{`{ f(a: "\u12") }`, `1:9: want four hexadecimal digits, or digits in braces, after "\u"`},
		{`{ f(a: "\u00gz") }`, `1:9: want four hexadecimal digits, or digits in braces, after "\u"`},
		{`{ f(a: "\U0041") }`, `1:9: unknown escape sequence: "\" and "U"`},
		{`{ f(a: "\u{}") }`, `1:9: want hexadecimal digits and "}" after "\u{"`},
		{`{ f(a: "\u{41") }`, `1:9: want hexadecimal digits and "}" after "\u{"`},
		{`{ f(a: "\u{4 1}") }`, `1:9: want hexadecimal digits and "}" after "\u{"`},
		{`{ f(a: "\u{110000}") }`, `1:9: "\u{…}" must be a Unicode scalar value: at most 10FFFF, and no surrogate`},
		{`{ f(a: "\u{100000041}") }`, `1:9: "\u{…}" must be a Unicode scalar value: at most 10FFFF, and no surrogate`},
		{`{ f(a: "\u{FFFFFFFFFFFFFFFFFFFF}") }`, `1:9: "\u{…}" must be a Unicode scalar value: at most 10FFFF, and no surrogate`},
		{`{ f(a: "\u{D83D}") }`, `1:9: "\u{…}" must be a Unicode scalar value: at most 10FFFF, and no surrogate`},
		{`{ f(a: "\uD800") }`, `1:9: "\uD800" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uDFFF") }`, `1:9: "\uDFFF" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uDE00\uD83D") }`, `1:9: "\uDE00" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uD83D\uD83D") }`, `1:9: "\uD83D" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uD83Dx") }`, `1:9: "\uD83D" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uD83D\u{DE00}") }`, `1:9: "\uD83D" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: "\uD83D\uDE") }`, `1:9: "\uD83D" is half of a surrogate pair: want the leading half and then the trailing one`},
		{`{ f(a: """b) }`, `1:8: the block string that begins here does not end: want """`},
		{`{ f(a: """b"") }`, `1:8: the block string that begins here does not end: want """`},
		{`{ f(a: """b\""") }`, `1:8: the block string that begins here does not end: want """`},
		{`{ f(a: """a\\""") }`, `1:8: the block string that begins here does not end: want """`},
		{`{ f(a: """a"""") }`, `1:15: the string that begins here does not end`},
		{`{ f(a: """"a"""") }`, `1:16: the string that begins here does not end`},
		{"{\n  f(a: \"\"\"\n\n\"\"\", b: ?) }", `4:9: unexpected character "?"`},
		{`{ f(a: "b" "c") }`, `1:12: want an argument or ")", found a string`},
		// 2.10.6 Enum, 2.10.7 List, 2.10.8 Input object
		{"{ f(a: [1) }", `1:10: want a value, found ")"`},
		{"{ f(a: [1", `1:10: want a value or "]", found the end of the document`},
		{"{ f(a: {b}) }", `1:10: want ":" and a value, found "}"`},
		{"{ f(a: {b: 1) }", `1:13: want a field of the object or "}", found ")"`},
		{`{ f(a: {"b": 1}) }`, `1:9: want a field of the object or "}", found a string`},
		{"{ f(a: {b: 1", `1:13: want a field of the object or "}", found the end of the document`},
		// 2.11 Variables
		{"query($a) { a }", `1:9: want ":" and the type of the variable, found ")"`},
		{"query($a:) { a }", `1:10: want a type, found ")"`},
		{"query($: Int) { a }", `1:8: want the name of a variable, found ":"`},
		{"query($a: Int = ) { a }", `1:17: want a value, found ")"`},
		{"query($a: Int = $b) { a }", `1:17: a variable cannot stand here; want a constant`},
		{"query($a: [Int] = [1, $b]) { a }", `1:23: a variable cannot stand here; want a constant`},
		{"query($a: In = {b: $c}) { a }", `1:20: a variable cannot stand here; want a constant`},
		{"query($a: Int @b(c: $d)) { a }", `1:21: a variable cannot stand here; want a constant`},
		{"query($a: Int", `1:14: want a variable, as in "$id: ID!", found the end of the document`},
		{"{ f(a: $) }", `1:9: want the name of a variable, found ")"`},
		{"{ f(a: $1) }", `1:9: want the name of a variable, found "1"`},
		// 2.12 Type references
		{"query($a: Int!!) { a }", `1:15: want a variable, as in "$id: ID!", found "!"`},
		{"query($a: !Int) { a }", `1:11: want a type, found "!"`},
		{"query($a: [Int) { a }", `1:15: want "]", found ")"`},
		{"query($a: []) { a }", `1:12: want a type, found "]"`},
		// 2.13 Directives
		{"{ a @ }", `1:7: want the name of a directive, found "}"`},
		{"{ a @b() }", `1:8: want an argument, found ")"`},
		{"query Q @b ($a: Int) { a }", `1:13: want an argument, found "$"`},
		// Long tokens are cut.
		{"{ f(a: b) " + strings.Repeat("9", 50), `1:11: want a field, "..." or "}", found "` + strings.Repeat("9", 40) + `…"`},
	} {
		if got := syntaxError(t, row.text); got != row.want {
			t.Errorf("%q:\ngot  %s\nwant %s", row.text, got, row.want)
		}
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{a}", "\ufeff{ a }", "{ a\ufeff b }", "{,a,,b,}", "{ a # c }\n}", "{ a #\x00\x07\u2028 \r}", "{ a } #",
		"{}", "query {}", "query Q {}", "{ a {} }", "{ a { } b { # none\n } }", "{ ... {} ... on T {} }", "{ a } fragment F on T {}",
		"query query { query }", "mutation mutation { fragment }", "subscription on { on }", "{ on: on(on: on) @on }", "{ true: false(null: null) }",
		"fragment fragment on on { on }", "{ ...query ...fragment ...true }", "query Q($query: on = on) { a(a: $query) }",
		`"about Q" query Q("about a" $a: Int, """about b""" $b: [Int!]! = [1] @c(d: 1) @e) @f(g: $a) { a }`,
		"\"\"\"\n about F\n\"\"\" fragment F on T { a }", `"" mutation { a }`,
		"{ f(a: $ b) }", "query($ a : Int){f(a:$a)}", "{ f(a: []) }", "{ f(a: {}) }", "{ f(a: [[], {a: []}]) }", "{ f(a: [1 2,3]) }",
		"{ f(a: {a: 1 b: 2}) }", "{ f(a: 0, b: -0, c: 1e50, d: 1E-5, e: -1.5e+3, f: 0.0, g: 0e0) }",
		"{ f(a: 123456789012345678901234567890, b: -99999999999999999999.5) }", "{ f(a: [1\"b\"\"\"\"c\"\"\"\"d\"]) }",
		"{ a @b @b @c(d: {e: $f}) }", "{ a } query Q { a } query Q { a }", "{ ... @a { b } ...F @c }", "{ ...on T { a } }", "{ ...onT }",
	} {
		parse(t, text)
	}
}

func TestStrings(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ literal, want string }{
		{`""`, ""}, {`"a"`, "a"}, {`"é €😀"`, "é €😀"}, {`" a "`, " a "}, {`"#,{}"`, "#,{}"},
		{"\"\t\x00\x07\u007f\u0085\u2028\"", "\t\x00\x07\u007f\u0085\u2028"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"}, {`"a\nb"`, "a\nb"}, {`"\\n"`, `\n`}, {`"é\u00e9é"`, "ééé"},
		{`"\u0041\u004a\u004A"`, "AJJ"}, {`"\u0000"`, "\x00"}, {`"\uD7FF\uE000\uFFFF"`, "\ud7ff\ue000\uffff"},
		{`"\u{41}\u{0}\u{1F600}\u{10FFFF}\u{000000000041}"`, "A\x00😀\U0010FFFFA"},
		{`"\uD83D\uDE00"`, "😀"}, {`"x\ud83d\ude00\u0041"`, "x😀A"}, {`"\uFFFD"`, "\ufffd"},
		// Block strings
		{`""""""`, ""}, {`"""a"""`, "a"}, {`"""" """`, `" `}, {`"""a"b""c"""`, `a"b""c`}, {`"""\""""""`, `"""`}, {`"""a\"""b\"""c"""`, `a"""b"""c`},
		{`"""\n\u0041\"""\\x"""`, `\n\u0041"""\\x`}, {`"""\\"""a"""`, `\"""a`},
		{"\"\"\"\x00\x07\"\"\"", "\x00\x07"}, {`"""é😀"""`, "é😀"},
		// The first line does not count for the common indent.
		{"\"\"\"a\n  b\n  c\"\"\"", "a\nb\nc"}, {"\"\"\"a\n  b\n    c\"\"\"", "a\nb\n  c"}, {"\"\"\"  a\n  b\"\"\"", "  a\nb"}, {"\"\"\"    a\n  b\n c\"\"\"", "    a\n b\nc"},
		{"\"\"\"\n  a\n    b\n\n  c\n\"\"\"", "a\n  b\n\nc"}, {"\"\"\"\n\ta\n\t\tb\"\"\"", "a\n\tb"}, {"\"\"\"\n \ta\n  b\"\"\"", "a\nb"},
		// Lines of white space alone do not count for it, and lose as much.
		{"\"\"\"\n    a\n  \n      \n    b\"\"\"", "a\n\n  \nb"},
		// Blank lines go at the begin and the end, and only there.
		{"\"\"\"\n\n \t\na\n\nb\n \n\"\"\"", "a\n\nb"}, {"\"\"\"   \"\"\"", ""}, {"\"\"\"\n\n\"\"\"", ""}, {"\"\"\" \n a \n \"\"\"", "a "}, {"\"\"\"a \"\"\"", "a "},
		// All line terminators
		{"\"\"\"a\r\n  b\r  c\n  d\"\"\"", "a\nb\nc\nd"}, {"\"\"\"\r\r\n\na\r\n\rb\"\"\"", "a\n\nb"},
		{"\"\"\"a\u2028  b\n  c\"\"\"", "a\u2028  b\nc"}, {"\"\"\"a\n\u00a0 b\n  c\"\"\"", "a\n\u00a0 b\n  c"},
	} {
		v := argument(t, row.literal)
		if v.Raw != row.want {
			t.Errorf("%s: got %q, want %q", row.literal, v.Raw, row.want)
		}
		kind := ast.StringValue
		if strings.HasPrefix(row.literal, `"""`) {
			kind = ast.BlockValue
		}
		if v.Kind != kind {
			t.Errorf("%s: got kind %d, want %d", row.literal, v.Kind, kind)
		}
	}
}

func TestDescriptions(t *testing.T) {
	t.Parallel()
	doc := parse(t, `"Q" query Q("a" $a: Int, $b: Int) { f } """ F """ fragment F on T { f } query R { f }`)
	got := []string{
		doc.Operations[0].Description, doc.Operations[0].VariableDefinitions[0].Description, doc.Operations[0].VariableDefinitions[1].Description,
		doc.Fragments[0].Description, doc.Operations[1].Description,
	}
	if diff := cmp.Diff([]string{"Q", "a", "", " F ", ""}, got); diff != "" {
		t.Error(diff)
	}
}

// An empty selection set differs from none.
func TestEmptySelectionSets(t *testing.T) {
	t.Parallel()
	set := parse(t, "{ a b {} }").Operations[0].SelectionSet
	if got := set[0].(*ast.Field).SelectionSet; got != nil {
		t.Errorf("a: got %v, want nil", got)
	}
	if got := set[1].(*ast.Field).SelectionSet; got == nil || len(got) != 0 {
		t.Errorf("b: got %v, want an empty one that is not nil", got)
	}
}

func TestPositions(t *testing.T) {
	t.Parallel()
	text := "\ufeff# é😀\r\"é😀\" query Q(\"d\" $v: [Int!] = [1]) @d {\r\n" +
		"  al: field(a: {b: \"é\\n😀\"}) @e\n" +
		"  \"\"\" # not a field"
	text = text[:strings.LastIndex(text, "\n")] + "\n\t... on T @f { x }\r  ...F\n}\nfragment F on T { y }"
	doc := parse(t, text)
	op := doc.Operations[0]
	v := op.VariableDefinitions[0]
	field := op.SelectionSet[0].(*ast.Field)
	runes := []rune(text)
	for _, row := range []struct {
		what         string
		at           *ast.Position
		line, column int
		token        string
	}{
		{"operation", op.Position, 2, 6, "query"},
		{"operation's name", syntax.TokenAfter(op.Position, 1), 2, 12, "Q"},
		{"variable", v.Position, 2, 18, "$"},
		{"type", v.Type.Position, 2, 22, "["},
		{"element type", v.Type.Elem.Position, 2, 23, "Int"},
		{"default", v.DefaultValue.Position, 2, 31, "["},
		{"element of the default", v.DefaultValue.Children[0].Value.Position, 2, 32, "1"},
		{"directive", op.Directives[0].Position, 2, 36, "@"},
		{"field", field.Position, 3, 3, "al"},
		{"field's name", syntax.TokenAfter(field.Position, 2), 3, 7, "field"},
		{"argument", field.Arguments[0].Position, 3, 13, "a"},
		{"object", field.Arguments[0].Value.Position, 3, 16, "{"},
		{"object's field", field.Arguments[0].Value.Children[0].Position, 3, 17, "b"},
		{"string", field.Arguments[0].Value.Children[0].Value.Position, 3, 20, `"é\n😀"`},
		{"after the string", syntax.TokenAfter(field.Arguments[0].Value.Children[0].Value.Position, 1), 3, 26, "}"},
		{"inline fragment", op.SelectionSet[1].GetPosition(), 4, 2, "..."},
		{"type condition", syntax.TokenAfter(op.SelectionSet[1].GetPosition(), 2), 4, 9, "T"},
		{"spread", op.SelectionSet[2].GetPosition(), 5, 3, "..."},
		{"fragment", doc.Fragments[0].Position, 7, 1, "fragment"},
		{"fragment's type", syntax.TokenAfter(doc.Fragments[0].Position, 3), 7, 15, "T"},
	} {
		if row.at.Line != row.line || row.at.Column != row.column {
			t.Errorf("%s: got %d:%d, want %d:%d", row.what, row.at.Line, row.at.Column, row.line, row.column)
		}
		if got := string(runes[row.at.Start:row.at.End]); got != row.token {
			t.Errorf("%s: got %q, want %q", row.what, got, row.token)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		tokens     int
		want       string // of the error
	}{
		{"AsManyTokens", "{a b c}", 5, ""},
		{"TooManyTokens", "{a b c}", 4, "the document has more than 4 tokens"},
		{"CommentsAreNoTokens", "{a # b c d e f\n,,,}", 3, ""},
		{"ErrorBeforeTheBound", "{a ! b c d}", 4, `input:1:4: want a field, "..." or "}", found "!"`},
		{"DeepSelections", strings.Repeat("{a", syntax.MaxNesting) + strings.Repeat("}", syntax.MaxNesting), maxTokens, ""},
		{"TooDeepSelections", strings.Repeat("{a", syntax.MaxNesting+1), maxTokens, "the document is nested more than 1000 levels deep"},
		{"TooDeepInlineFragments", strings.Repeat("{...", syntax.MaxNesting+1), maxTokens, "the document is nested more than 1000 levels deep"},
		{"TooDeepLists", "{f(a:" + strings.Repeat("[", syntax.MaxNesting), maxTokens, "the document is nested more than 1000 levels deep"},
		{"TooDeepObjects", "{f(a:" + strings.Repeat("{b:", syntax.MaxNesting), maxTokens, "the document is nested more than 1000 levels deep"},
		{"TooDeepTypes", "query($a:" + strings.Repeat("[", syntax.MaxNesting+1), maxTokens, "the document is nested more than 1000 levels deep"},
		{"LevelsEnd", strings.Repeat("{a{b{c}}}", syntax.MaxNesting), maxTokens, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := syntax.Parse(row.text, row.tokens)
			if got := fmt.Sprint(err); got != row.want && (err != nil || row.want != "") {
				t.Errorf("got %s, want %s", got, row.want)
			}
			_, isSize := errors.AsType[*syntax.SizeError](err)
			if want := strings.HasPrefix(row.want, "the document"); isSize != want {
				t.Errorf("got %T, want a SizeError: %t", err, want)
			}
		})
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{"{a}": 3, `query Q($a: [Int!]! = [1.5 "b"]) { ...F @c }`: 23, "{}": 2} {
		if _, got, err := syntax.Parse(text, maxTokens); got != want || err != nil {
			t.Errorf("%s: got %d tokens and %v, want %d", text, got, err, want)
		}
	}
}

func TestTypeSystemDefinitions(t *testing.T) {
	t.Parallel()
	_, _, err := syntax.Parse("{ a } type T { a: Int }", maxTokens)
	if located, _ := errors.AsType[*gqlerror.Error](err); located == nil || located.Rule != syntax.ExecutableDefinitions {
		t.Errorf("got %#v, want the rule %s", err, syntax.ExecutableDefinitions)
	}
}
