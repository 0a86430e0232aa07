package syntax_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/syntax"
)

// writer writes a random document in which gqlparser and the specification agree: no
// empty selection sets, block strings of one line, and no "\r\n", after which gqlparser's
// columns begin at 2.
type writer struct {
	*rapid.T
	strings.Builder
	depth int
}

func (w *writer) oneOf(some ...string) string { return rapid.SampledFrom(some).Draw(w.T, "token") }

func (w *writer) times(least, most int, write func()) {
	for range rapid.IntRange(least, most).Draw(w.T, "times") {
		write()
	}
}

// put writes a token, and something that is ignored.
func (w *writer) put(token string) {
	w.WriteString(token)
	w.WriteString(w.oneOf(" ", " ", "\n", "\r", "\t", ",", " # é😀 {\n", "\ufeff ", "  ,\n\n"))
}

func (w *writer) name() string {
	return w.oneOf("a", "b2", "_c", "query", "fragment", "true", "null", "type", "__typename", "aVeryLongNameOfAField")
}

func (w *writer) document() string {
	w.times(1, 3, func() {
		switch w.oneOf("short", "operation", "fragment") {
		case "short":
			w.selectionSet()
		case "operation":
			w.description()
			w.put(w.oneOf("query", "mutation", "subscription"))
			w.times(0, 1, func() { w.put(w.name()) })
			w.times(0, 1, w.variables)
			w.directives(false)
			w.selectionSet()
		default:
			w.description()
			w.put("fragment")
			w.put(w.name())
			w.put("on")
			w.put(w.name())
			w.directives(false)
			w.selectionSet()
		}
	})
	return w.String()
}

func (w *writer) description() {
	w.times(0, 1, func() { w.put(w.oneOf(`"about"`, `"""about it"""`, `""`)) })
}

func (w *writer) variables() {
	w.put("(")
	w.times(1, 3, func() {
		w.description()
		w.put("$")
		w.put(w.name())
		w.put(":")
		w.typeReference()
		w.times(0, 1, func() {
			w.put("=")
			w.value(true)
		})
		w.directives(true)
	})
	w.put(")")
}

func (w *writer) typeReference() {
	if w.depth++; w.depth < 5 && w.oneOf("named", "list") == "list" {
		w.put("[")
		w.typeReference()
		w.put("]")
	} else {
		w.put(w.name())
	}
	w.depth--
	w.times(0, 1, func() { w.put("!") })
}

func (w *writer) selectionSet() {
	w.depth++
	w.put("{")
	w.times(1, 3, func() {
		switch w.oneOf("field", "field", "spread", "inline") {
		case "field":
			w.put(w.name())
			w.times(0, 1, func() {
				w.put(":")
				w.put(w.name())
			})
			w.times(0, 1, func() { w.arguments(false) })
			w.directives(false)
			if w.depth < 3 {
				w.times(0, 1, w.selectionSet)
			}
		case "spread":
			w.put("...")
			w.put(w.name())
			w.directives(false)
		default:
			w.put("...")
			w.times(0, 1, func() {
				w.put("on")
				w.put(w.name())
			})
			w.directives(false)
			if w.depth < 3 {
				w.selectionSet()
			} else {
				w.put("{ a }")
			}
		}
	})
	w.put("}")
	w.depth--
}

func (w *writer) directives(constant bool) {
	w.times(0, 1, func() {
		w.put("@")
		w.put(w.name())
		w.times(0, 1, func() { w.arguments(constant) })
	})
}

func (w *writer) arguments(constant bool) {
	w.put("(")
	w.times(1, 2, func() {
		w.put(w.name())
		w.put(":")
		w.value(constant)
	})
	w.put(")")
}

func (w *writer) value(constant bool) {
	w.depth++
	defer func() { w.depth-- }()
	kind := w.oneOf("scalar", "scalar", "list", "object", "variable")
	switch {
	case kind == "list" && w.depth < 4:
		w.put("[")
		w.times(0, 3, func() { w.value(constant) })
		w.put("]")
	case kind == "object" && w.depth < 4:
		w.put("{")
		w.times(0, 3, func() {
			w.put(w.name())
			w.put(":")
			w.value(constant)
		})
		w.put("}")
	case kind == "variable" && !constant:
		w.put("$")
		w.put(w.name())
	default:
		w.put(w.oneOf("0", "-0", "12", "-3", "99999999999999999999", "1.5", "-0.25", "1e3", "2E-7", "1.5e+10", "true", "false", "null", "ENUM",
			`""`, `"text"`, `"é😀 # {"`, `"\"\\\/\b\f\n\r\t\u00e9\u{1F600}\uD83D\uDE00"`, `""""""`, `"""one line"""`, `"""é \n \""" "" """`))
	}
}

// treeOptions compares trees. gqlparser puts the position of a spread behind its dots,
// that of a directive behind the "@", that of a list type behind the bracket, and the
// column of a string behind its quotation marks.
func treeOptions() cmp.Options {
	return cmp.Options{
		cmpopts.EquateEmpty(),
		cmpopts.IgnoreTypes(&ast.CommentGroup{}),
		cmpopts.IgnoreTypes(&ast.Source{}),
		cmpopts.IgnoreFields(ast.QueryDocument{}, "Position"),
		cmpopts.IgnoreFields(ast.Directive{}, "Position"),
		cmpopts.IgnoreFields(ast.FragmentSpread{}, "Position"),
		cmpopts.IgnoreFields(ast.InlineFragment{}, "Position"),
		cmpopts.IgnoreFields(ast.Type{}, "Position"),
		cmpopts.IgnoreFields(ast.Value{}, "Position"),
		cmpopts.IgnoreFields(ast.Position{}, "End"), // of names that are not ASCII before them
	}
}

// On documents without what gqlparser has wrong, both parsers return the same tree.
func TestSameTreeAsGqlparser(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := (&writer{T: t}).document()
		want, err := parser.ParseQuery(&ast.Source{Input: text})
		if err != nil {
			t.Fatalf("%q: gqlparser: %v", text, err)
		}
		got, _, err := syntax.Parse(text, maxTokens)
		if err != nil {
			t.Fatalf("%q: got %v, want a document", text, err)
		}
		if diff := cmp.Diff(want, got, treeOptions()); diff != "" {
			t.Fatalf("%q:\n%s", text, diff)
		}
	})
}

// What gqlparser accepts and we refuse, or the other way round. A row that fails because
// gqlparser has changed is to be removed, here and in docs/graphql.md.
func TestDifferencesFromGqlparser(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text           string
		theirs, itself bool // accepted
	}{
		{"", true, false},
		{`{ f(a: """a"""") }`, true, false},
		{`{ f(a: "\uD800") }`, true, false},
		{"{ f(a: [1x]) }", true, false},
		{"{ f(a: [0xF]) }", true, false},
		{"{ f(a: [1.5a]) }", true, false},
		{"fragment F($a: Int) on T { a }", true, false},
		{"query($a: Int @b(c: $d)) { a }", true, false},
		{"{ f(a: \"\xff\") }", true, false},
		{"{}", false, true},
		{"{ a {} }", false, true},
		{"{ f(a: \"\x07\") }", false, true},
		{"{ f(a: \"\"\"\x07\"\"\") }", false, true},
		{"{ a } # \x07", false, true},
		{`{ f(a: "\u{000000000041}") }`, false, true},
	} {
		_, err := parser.ParseQuery(&ast.Source{Input: row.text})
		if got := err == nil; got != row.theirs {
			t.Errorf("%q: gqlparser accepts it: got %t (%v), want %t", row.text, got, err, row.theirs)
		}
		_, _, err = syntax.Parse(row.text, maxTokens)
		if got := err == nil; got != row.itself {
			t.Errorf("%q: accepted: got %t (%v), want %t", row.text, got, err, row.itself)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"{a}", "query Q($a: [Int!]! = [1.5 \"b\"] @c) @d { a: b(c: {d: $e}) { ...F ... on T @f { g } } } fragment F on T {}",
		`{ f(a: """ b\""" `, `{ f(a: "\uD83D\uDE00\u{41}") }`, "\ufeff{ a # \r\n}", "\"\"\"\n  a\r\n b\"\"\" query { a }",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, tokens, err := syntax.Parse(text, 500)
		if err != nil {
			if doc != nil {
				t.Fatal("got a document and an error")
			}
			return
		}
		if tokens > 500 || tokens > len(text) {
			t.Errorf("got %d tokens of %d bytes", tokens, len(text))
		}
		runes := []rune(text)
		for _, op := range doc.Operations {
			at := op.Position
			word := string(runes[at.Start:at.End])
			if word != "{" && word != string(op.Operation) {
				t.Errorf("got %q at the position of an operation", word)
			}
			if again := syntax.TokenAfter(at, 0); *again != *at {
				t.Errorf("got %v, want %v", again, at)
			}
		}
	})
}

const typicalQuery = `
# The reports of a front page.
query Reports($first: Int = 20, $after: String, $filter: ReportFilter) @inContext(stage: LIVE) {
  reports(first: $first, after: $after, filter: $filter, orderBy: {field: PUBLISHED_AT, direction: DESC}) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges {
      cursor
      node {
        ...card
        tags(first: 5) { edges { node { slug name } } }
        entities(first: 10, filter: {kind: {in: [ACTOR, MALWARE]}}) {
          edges { share node { id slug displayName ... on Actor { country aliases } } }
        }
      }
    }
  }
}

fragment card on Report {
  id slug title summary(format: HTML) publishedAt
  cover { url(width: 640) alt }
}
`

func BenchmarkParse(b *testing.B) {
	b.Run("syntax", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := syntax.Parse(typicalQuery, maxTokens); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("gqlparser", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: typicalQuery}, maxTokens); err != nil {
				b.Fatal(err)
			}
		}
	})
}
