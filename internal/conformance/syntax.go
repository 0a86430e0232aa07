package conformance

// documents are cases of documents, operations and fragments.
func documents() []Case {
	cases := section(Language, "Document",
		document("no-operation", `fragment F on %Query% { __typename }`, refused()),
		document("text-after-the-end", `{ __typename } more`, refused()),
		document("number-after-the-end", `{ __typename } 1`, refused()),
		document("type-definition", `{ __typename } type T { a: Int }`, refused()),
		document("type-extension", `{ __typename } extend type %Query% { a: Int }`, refused()),
		document("schema-definition", `schema { query: %Query% } { __typename }`, refused()),
		document("directive-definition", `directive @a on FIELD { __typename }`, refused()),
		document("scalar-definition", `scalar A { __typename }`, refused()),
		document("fragments-first", `fragment F on %Query% { __typename } { ...F }`, data(typename)),
	)
	cases = append(cases, section(Language, "Operations",
		document("shorthand", `{ __typename }`, data(typename)),
		document("query-without-name", `query { __typename }`, data(typename)),
		document("query-with-name", `query Named { __typename }`, data(typename)),
		document("mutation-with-name", `mutation Named { __typename }`, data(`{"__typename":"%Mutation%"}`)),
		document("mutation-without-name", `mutation { __typename }`, data(`{"__typename":"%Mutation%"}`)),
		document("unknown-kind", `retrieve { __typename }`, refused()),
		document("two-names", `query One Two { __typename }`, refused()),
		document("name-only", `query Named`, refused()),
		document("name-before-kind", `Named query { __typename }`, refused()),
		document("no-variables-in-parentheses", `query () { __typename }`, refused()),
		document("shorthand-with-variables", `($a: Boolean!) { __typename @include(if: $a) }`, refused(), variables(`{"a": true}`)),
		document("variables-after-directives", `query @a ($b: Boolean!) { __typename }`, refused()),
		document("string-as-name", `query "Named" { __typename }`, refused()),
	)...)
	cases = append(cases, section(Language, "Fragments",
		document("named", `{ ...F } fragment F on %Query% { __typename }`, data(typename)),
		document("spread-without-space", `{...F}fragment F on %Query%{__typename}`, data(typename)),
		document("named-on", `{ ...on } fragment on on %Query% { __typename }`, refused()),
		document("without-type-condition", `{ ...F } fragment F { __typename }`, refused()),
		document("type-condition-is-list", `{ ...F } fragment F on [%Query%] { __typename }`, refused()),
		document("type-condition-is-non-null", `{ ...F } fragment F on %Query%! { __typename }`, refused()),
		document("two-type-conditions", `{ ...F } fragment F on %Query% on %Query% { __typename }`, refused()),
		document("without-name", `{ __typename } fragment on %Query% { __typename }`, refused()),
		document("variables", `{ ...F } fragment F($a: Boolean = true) on %Query% { __typename @include(if: $a) }`, refused()),
		document("arguments-of-spread", `{ ...F(a: true) } fragment F on %Query% { __typename }`, refused()),
		document("alias-of-spread", `{ a: ...F } fragment F on %Query% { __typename }`, refused()),
		document("selection-of-spread", `{ ...F { __typename } } fragment F on %Query% { __typename }`, refused()),
		document("fragment-in-selection", `{ fragment F on %Query% { __typename } }`, refused()),
	)...)
	return append(cases, section(Language, "Inline Fragments",
		document("with-type-condition", `{ ... on %Query% { __typename } }`, data(typename)),
		document("without-type-condition", `{ ... { __typename } }`, data(typename)),
		document("with-directive-only", `{ ... @include(if: true) { __typename } }`, data(typename)),
		document("on-without-type", `{ ... on { __typename } }`, refused()),
		document("without-selection-set", `{ ... on %Query% }`, refused()),
		document("nested", `{ ... { ... on %Query% { ... { __typename } } } }`, data(typename)),
		document("type-after-directive", `{ ... @include(if: true) on %Query% { __typename } }`, refused()),
	)...)
}

// selections are cases of selection sets, fields, arguments and aliases.
func selections() []Case {
	cases := section(Language, "Selection Sets",
		document("several-fields", `{ a: __typename b: __typename }`, data(`{"a":"%Query%","b":"%Query%"}`)),
		document("not-closed", `{ __typename`, refused()),
		document("not-opened", `query __typename }`, refused()),
		document("two-for-one-field", `{ __schema { queryType { name } } { __typename } }`, refused()),
		document("two-for-one-operation", `query A { __typename } { __typename }`, refused()),
		document("string-as-field", `{ "__typename" }`, refused()),
		document("number-as-field", `{ 1 }`, refused()),
		document("empty-operation", `{ }`, data(`{}`), since(September2026)),
		document("empty-named-operation", `query Named {}`, data(`{}`), since(September2026)),
		document("empty-mutation", `mutation { }`, data(`{}`), since(September2026)),
		document("empty-field", `{ __schema { } }`, data(`{"__schema":{}}`), since(September2026)),
		document("empty-field-of-null", `{ __type(name: "NothingOfThisName") {} }`, data(`{"__type":null}`), since(September2026)),
		document("empty-field-with-alias", `{ a: __type(name: "Int") {} }`, data(`{"a":{}}`), since(September2026)),
		document("empty-with-ignored-tokens", "{ __schema { , # nothing\n } }", data(`{"__schema":{}}`), since(September2026)),
		document("empty-in-list", `{ __type(name: "Boolean") { name } __schema { directives { } } }`, checks("an empty object for each directive", func(d struct {
			Schema struct{ Directives []map[string]any } `json:"__schema"`
		}) error {
			return eachEmpty(d.Schema.Directives)
		}), since(September2026)),
		document("empty-inline-fragment", `{ __typename ... { } }`, data(typename), since(September2026)),
		document("empty-inline-fragment-with-type", `{ __typename ... on %Query% { } }`, data(typename), since(September2026)),
		document("empty-fragment", `{ __typename ...F } fragment F on %Query% { }`, data(typename), since(September2026)),
		document("empty-fragment-only", `{ __schema { ...F } } fragment F on __Schema {}`, data(`{"__schema":{}}`), since(September2026)),
		document("empty-merged-with-full", `{ __schema { queryType { } } __schema { queryType { name } } }`, data(`{"__schema":{"queryType":{"name":"%Query%"}}}`), since(September2026)),
		document("empty-with-variables-and-directives", `query ($a: Boolean!) { __schema @include(if: $a) { } }`, data(`{"__schema":{}}`), variables(`{"a": true}`), since(September2026)),
		document("empty-of-a-scalar", `{ __typename { } }`, refused(), since(September2026)),
		document("missing-is-not-empty", `{ __schema }`, refused()),
		document("empty-braces-in-string", `{ __type(name: "{ }") { name } }`, data(isNoString)),
		document("error-behind-empty-set", "{ __schema { } nothingOfThisName }", refusedAt("1:16"), since(September2026)),
	)
	cases = append(cases, section(Language, "Arguments",
		document("one", `{ __type(name: "Int") { name } }`, data(`{"__type":{"name":"Int"}}`)),
		document("comma-follows", `{ __type(name: "Int",) { name } }`, data(`{"__type":{"name":"Int"}}`)),
		document("empty-parentheses", `{ __typename() }`, refused()),
		document("no-colon", `{ __type(name "Int") { name } }`, refused()),
		document("no-value", `{ __type(name: ) { name } }`, refused()),
		document("no-name", `{ __type("Int") { name } }`, refused()),
		document("string-as-name", `{ __type("name": "Int") { name } }`, refused()),
		document("not-closed", `{ __type(name: "Int" { name } }`, refused()),
		document("equals", `{ __type(name = "Int") { name } }`, refused()),
		document("after-selection-set", `{ __type { name } (name: "Int") }`, refused()),
	)...)
	cases = append(cases, section(Language, "Field Alias",
		document("alias", `{ other: __typename }`, data(`{"other":"%Query%"}`)),
		document("alias-of-itself", `{ __typename: __typename }`, data(typename)),
		document("space-around-colon", `{ other : __typename }`, data(`{"other":"%Query%"}`)),
		document("two-colons", `{ a:: __typename }`, refused()),
		document("two-aliases", `{ a: b: __typename }`, refused()),
		document("no-alias", `{ : __typename }`, refused()),
		document("no-field", `{ a: }`, refused()),
		document("alias-of-a-field-with-arguments", `{ int: __type(name: "Int") { called: name } }`, data(`{"int":{"called":"Int"}}`)),
	)...)
	return append(cases, section(Language, "Directives",
		document("on-field", `{ __typename @include(if: true) }`, data(typename)),
		document("several", `{ __typename @include(if: true) @skip(if: false) }`, data(typename)),
		document("on-fragment-spread", `{ ...F @include(if: true) } fragment F on %Query% { __typename }`, data(typename)),
		document("before-field", `{ @include(if: true) __typename }`, refused()),
		document("no-name", `{ __typename @ }`, refused()),
		document("before-arguments", `{ __type @include(if: true) (name: "Int") { name } }`, refused()),
		document("after-selection-set", `{ __schema { queryType { name } } @include(if: true) }`, refused()),
		document("two-ats", `{ __typename @@include(if: true) }`, refused()),
		document("empty-parentheses", `{ __typename @include() }`, refused()),
	)...)
}

func eachEmpty(list []map[string]any) error {
	if len(list) == 0 {
		return errNone
	}
	for _, m := range list {
		if m == nil || len(m) > 0 {
			return errNotEmpty
		}
	}
	return nil
}

// inputValues are cases of values, variables and references to types.
func inputValues() []Case {
	cases := section(Language, "Input Values",
		document("enum-for-string", inName(`String`), refused()),
		document("variable-in-default", `query ($a: String!, $b: String! = $a) { a: __type(name: $a) { name } b: __type(name: $b) { name } }`, refused(), variables(`{"a": "Int", "b": "Int"}`)),
		document("list-not-closed", inName(`["String"`), refused()),
		document("list-of-nothing-but-commas", inName(`[,,]`), refused()),
		document("list-closed-by-brace", inName(`["String"}`), refused()),
		document("object-without-colon", inName(`{a 1}`), refused()),
		document("object-without-value", inName(`{a:}`), refused()),
		document("object-with-string-as-name", inName(`{"a": 1}`), refused()),
		document("object-not-closed", inName(`{a: 1`), refused()),
		document("regular-expression", inName(`/String/`), refused()),
		document("null-for-non-null", inName(`null`), refused()),
		document("word-for-boolean", `{ __typename @include(if: yes) }`, refused()),
		document("capital-true", `{ __typename @include(if: True) }`, refused()),
		document("true", `{ __typename @skip(if: true) other: __typename @include(if: true) }`, data(`{"other":"%Query%"}`)),
		document("false", `{ __typename @skip(if: false) other: __typename @include(if: false) }`, data(typename)),
		literal("null", "String", `null`, accepts(`null`)),
		literal("capital-null", "String", `NULL`, refused()),
		literal("undefined", "String", `undefined`, refused()),
		literal("list-without-commas", "[Int]", `[1 2 3]`, accepts(`[1,2,3]`)),
		literal("list-with-commas-around", "[Int]", `[,1,,2,]`, accepts(`[1,2]`)),
		literal("enum-true", anyEnum, `true`, refused()),
		literal("enum-null-is-null", anyEnum, `null`, accepts(`null`)),
	)
	cases = append(cases, section(Language, "Variables",
		document("one", `query ($n: String!) { __type(name: $n) { name } }`, data(isString), variables(`{"n": "String"}`)),
		document("several-without-commas", `query ($a: String! $b: String!) { a: __type(name: $a) { name } b: __type(name: $b) { name } }`, data(`{"a":{"name":"Int"},"b":{"name":"ID"}}`), variables(`{"a": "Int", "b": "ID"}`)),
		document("no-name", `query ($: String!) { __typename }`, refused()),
		document("number-as-name", `query ($1: String!) { __type(name: $1) { name } }`, refused(), variables(`{"1": "Int"}`)),
		document("no-dollar", `query (n: String!) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("no-type", `query ($n) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("default", `query ($n: String! = "Int") { __type(name: $n) { name } }`, data(`{"__type":{"name":"Int"}}`)),
		document("default-before-type", `query ($n = "Int": String!) { __type(name: $n) { name } }`, refused()),
		document("default-missing", `query ($n: String! = ) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("as-field", `query ($n: String!) { $n }`, refused(), variables(`{"n": "__typename"}`)),
		document("as-type", `query ($n: String!) { ... on $n { __typename } }`, refused(), variables(`{"n": "Query"}`)),
		document("as-argument-name", `query ($n: String!) { __type($n: "Int") { name } }`, refused(), variables(`{"n": "name"}`)),
	)...)
	return append(cases, section(Language, "Type References",
		document("two-exclamation-marks", `query ($n: String!!) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("exclamation-mark-first", `query ($n: !String) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("exclamation-mark-apart", `query ($n: String !) { __type(name: $n) { name } }`, data(isString), variables(`{"n": "String"}`)),
		document("list-not-closed", `query ($n: [String!) { __typename }`, refused()),
		document("empty-list", `query ($n: []) { __typename }`, refused()),
		document("two-types-in-list", `query ($n: [String Int]) { __typename }`, refused()),
		document("question-mark", `query ($n: String?) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("generic", `query ($n: List<String>) { __typename }`, refused()),
	)...)
}

// descriptions are cases of descriptions in executable documents, which the edition of
// September 2025 allows.
func descriptions() []Case {
	return section(Language, "Descriptions",
		document("of-query", `"What it is for." query Named { __typename }`, data(typename), since(September2025)),
		document("of-query-without-name", `"What it is for." query { __typename }`, data(typename), since(September2025)),
		document("in-block-string", "\"\"\"\nWhat it is for.\n\"\"\"\nquery Named { __typename }", data(typename), since(September2025)),
		document("of-mutation", `"What it is for." mutation Named { __typename }`, data(`{"__typename":"%Mutation%"}`), since(September2025), needs(NeedsMutation)),
		document("of-fragment", `{ ...F } "What it is for." fragment F on %Query% { __typename }`, data(typename), since(September2025)),
		document("of-variable", `query ("Which type." $n: String!) { __type(name: $n) { name } }`, data(isString), variables(`{"n": "String"}`), since(September2025)),
		document("of-second-variable", `query ($a: Boolean!, """Which type.""" $n: String! = "String") { __type(name: $n) { name @include(if: $a) } }`, data(isString), variables(`{"a": true}`), since(September2025)),
		document("empty", `"" query Named { __typename }`, data(typename), since(September2025)),
		document("of-shorthand", `"What it is for." { __typename }`, refused()),
		document("two", `"One." "Two." query Named { __typename }`, refused()),
		document("of-nothing", `{ __typename } "What it is for."`, refused()),
		document("of-field", `{ "What it is for." __typename }`, refused()),
		document("of-argument", `{ __type("Which." name: "Int") { name } }`, refused()),
		document("of-inline-fragment", `{ "What it is for." ... on %Query% { __typename } }`, refused()),
		document("after-keyword", `query "What it is for." Named { __typename }`, refused()),
		document("number", `1 query Named { __typename }`, refused()),
	)
}
