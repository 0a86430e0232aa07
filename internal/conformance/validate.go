package conformance

// validationOperations are cases of the rules of operations.
func validationOperations() []Case {
	cases := section(Validation, "Operation Name Uniqueness",
		document("different-names", `query A { __typename } query B { b: __typename }`, data(`{"b":"%Query%"}`), operation("B")),
		document("same-name", `query A { __typename } query A { b: __typename }`, refused(), operation("A")),
		document("same-name-of-another-kind", `query A { __typename } mutation A { __typename }`, refused(), operation("A"), needs(NeedsMutation)),
		document("fragment-of-the-same-name", `query A { ...A } fragment A on %Query% { __typename }`, data(typename)),
	)
	cases = append(cases, section(Validation, "Lone Anonymous Operation",
		document("two-shorthands", `{ __typename } { __typename }`, refused()),
		document("with-a-named-one", `{ __typename } query A { __typename }`, refused()),
		document("named-one-is-chosen", `query A { __typename } query { __typename }`, refused(), operation("A")),
	)...)
	cases = append(cases, section(Validation, "Operation Type Existence",
		document("all-operations-are-validated", `query A { __typename } query B { nothingOfThisName }`, refused(), operation("A")),
	)...)
	return append(cases, section(Validation, "Single Root Field",
		document("two-fields", `subscription { a: %event% %selection% b: %event% %selection% }`, refused()),
		document("two-fields-in-fragment", `subscription { ...F } fragment F on %Subscription% { a: %event% %selection% b: %event% %selection% }`, refused()),
		document("one-more-in-inline-fragment", `subscription { a: %event% %selection% ... { b: %event% %selection% } }`, refused()),
		document("introspection", `subscription { __typename }`, refused()),
		document("introspection-with-alias", `subscription { a: __typename }`, refused()),
		document("introspection-in-fragment", `subscription { ...F } fragment F on %Subscription% { __typename }`, refused()),
		document("introspection-beside-a-field", `subscription { %event% %selection% __typename }`, refused()),
		document("two-in-an-operation-not-chosen", `query A { __typename } subscription B { a: %event% %selection% b: %event% %selection% }`, refused(), operation("A"), needs(NeedsSubscription)),
		document("skip-at-the-root", `subscription { %event% @skip(if: false) %selection% }`, refused(), since(September2025)),
		document("include-at-the-root", `subscription { %event% @include(if: true) %selection% }`, refused(), since(September2025)),
		document("include-by-variable-at-the-root", `subscription ($a: Boolean!) { a: %event% @include(if: $a) %selection% b: %event% @skip(if: $a) %selection% }`, refused(), variables(`{"a": true}`), since(September2025)),
		document("include-on-spread-at-the-root", `subscription { ...F @include(if: true) } fragment F on %Subscription% { %event% %selection% }`, refused(), since(September2025)),
		document("skip-on-inline-fragment-at-the-root", `subscription { ... @skip(if: false) { %event% %selection% } }`, refused(), since(September2025)),
		document("skip-in-fragment-at-the-root", `subscription { ...F } fragment F on %Subscription% { %event% @skip(if: false) %selection% }`, refused(), since(September2025)),
		document("empty", `subscription { }`, refused()),
	)...)
}

// validationFields are cases of the rules of fields.
func validationFields() []Case {
	cases := section(Validation, "Field Selections",
		document("unknown-field", "{ nothingOfThisName }", refusedAt("1:3")),
		document("unknown-nested-field", "{ __schema { nothingOfThisName } }", refusedAt("1:14")),
		document("unknown-field-with-alias", "{ name: nothingOfThisName }", refusedAt("1:3", "1:9")),
		document("unknown-field-in-fragment", "{ ...F } fragment F on %Query% { nothingOfThisName }", refused()),
		document("unknown-field-in-inline-fragment", "{ ... on %Query% { nothingOfThisName } }", refused()),
		document("unknown-field-that-is-skipped", "{ __typename nothingOfThisName @skip(if: true) }", refused()),
		document("unknown-field-beside-a-good-one", "{ __typename nothingOfThisName }", refusedAt("1:14")),
		document("field-of-another-type", "{ __schema { enumValues { name } } }", refused()),
		document("field-of-a-possible-type", "{ named { barks } }", refused(), needs("Query.named")),
		document("field-of-interface", "{ named { name } }", data(`{"named":[{"name":"Rex"},{"name":"Tom"}]}`), needs("Query.named")),
		document("field-of-union", "{ pets { name } }", refused(), needs("Query.pets")),
	)
	return append(cases, section(Validation, "Leaf Field Selections",
		document("selection-of-a-scalar", "{ __typename { name } }", refused()),
		document("selection-of-an-enum", `{ __type(name: "Int") { kind { name } } }`, refused()),
		document("no-selection-of-an-object", "{ __schema }", refusedAt("1:3")),
		document("no-selection-of-a-list", "{ __schema { types } }", refusedAt("1:14")),
		document("no-selection-of-an-interface", "{ named }", refused(), needs("Query.named")),
		document("no-selection-of-a-union", "{ pets }", refused(), needs("Query.pets")),
		document("list-of-scalars", `{ __schema { directives { locations } } }`, succeeds()),
	)...)
}

// validationMerging are cases of fields with one response name.
func validationMerging() []Case {
	return section(Validation, "Field Selection Merging",
		document("same-field-twice", "{ __typename __typename }", data(typename)),
		document("same-alias-and-field", "{ a: __typename a: __typename }", data(`{"a":"%Query%"}`)),
		document("same-arguments", `{ __type(name: "Int") { name } __type(name: "Int") { kind } }`, data(`{"__type":{"name":"Int","kind":"SCALAR"}}`)),
		document("same-variable", `query ($n: String!) { __type(name: $n) { name } __type(name: $n) { kind } }`, data(`{"__type":{"name":"Int","kind":"SCALAR"}}`), variables(`{"n": "Int"}`)),
		document("arguments-in-another-order", `{ __type(name: "%Query%") { ...A ...B } } fragment A on __Type { kind } fragment B on __Type { kind }`, data(`{"__type":{"kind":"OBJECT"}}`)),
		document("other-field", `{ __schema { queryType { a: name a: kind } } }`, refused()),
		document("alias-is-another-field", `{ __schema { queryType { kind: name kind } } }`, refused()),
		document("other-arguments", `{ __type(name: "Int") { name } __type(name: "ID") { name } }`, refused()),
		document("other-variable", `query ($a: String!, $b: String!) { __type(name: $a) { name } __type(name: $b) { name } }`, refused(), variables(`{"a": "Int", "b": "Int"}`)),
		document("variable-and-literal", `query ($a: String!) { __type(name: $a) { name } __type(name: "Int") { name } }`, refused(), variables(`{"a": "Int"}`)),
		document("argument-and-its-default", `{ __type(name: "Int") { fields { name } fields(includeDeprecated: false) { name } } }`, refused()),
		document("in-fragment", `{ __schema { queryType { a: name ...F } } } fragment F on __Type { a: kind }`, refused()),
		document("in-two-fragments", `{ __schema { queryType { ...F ...G } } } fragment F on __Type { a: name } fragment G on __Type { a: kind }`, refused()),
		document("in-inline-fragments", `{ __schema { queryType { ... { a: name } ... on __Type { a: kind } } } }`, refused()),
		document("deep", `{ __schema { queryType { fields { a: name } } } __schema { queryType { fields { a: description } } } }`, refused()),
		document("deep-in-fragments", `{ ...F ...G } fragment F on %Query% { __schema { queryType { a: name } } } fragment G on %Query% { __schema { queryType { a: kind } } }`, refused()),
		document("skipped-field-counts", `{ __schema { queryType { a: name a: kind @skip(if: true) } } }`, refused()),
		document("other-directives", `{ __typename @skip(if: true) __typename @include(if: true) }`, data(typename)),
		document("selections-are-merged", `{ __schema { queryType { name } } __schema { queryType { kind } } }`, data(`{"__schema":{"queryType":{"name":"%Query%","kind":"OBJECT"}}}`)),
		document("same-alias-in-other-objects", `{ __schema { queryType { a: name } directives { a: isRepeatable } } }`, succeeds()),
		document("other-fields-of-other-objects", `{ pets { ... on Dog { n: barks } ... on Cat { n: size } } }`, refused(), needs("Query.pets")),
		document("same-shape-of-other-objects", `{ pets { ... on Dog { n: size } ... on Cat { n: size } } }`, data(`{"pets":[{"n":30},{"n":20}]}`), needs("Query.pets")),
		document("other-nullability-of-other-objects", `{ pets { ... on Dog { n: barks } ... on Cat { n: size } } }`, refused(), needs("Query.pets")),
		document("other-scalar-of-other-objects", `{ pets { ... on Dog { n: barks } ... on Cat { n: purrs } } }`, refused(), needs("Query.pets")),
		document("interface-and-object", `{ named { a: name ... on Dog { a: barks } } }`, refused(), needs("Query.named")),
		document("other-integers", `{ required(value: 1) required(value: 2) }`, refused(), needs("Query.required")),
		document("same-object-in-another-order", `{ echoPoint(value: {x: 1, y: 2}) echoPoint(value: {y: 2, x: 1}) }`, data(`{"echoPoint":"{\"x\":1,\"y\":2,\"z\":5}"}`), needs("Query.echoPoint"), recommended),
	)
}

// validationArguments are cases of the rules of arguments.
func validationArguments() []Case {
	cases := section(Validation, "Argument Names",
		document("unknown", `{ __type(name: "Int", nothingOfThisName: 1) { name } }`, refused()),
		document("unknown-null", `{ __type(name: "Int", nothingOfThisName: null) { name } }`, refused()),
		document("unknown-of-a-field-without-arguments", `{ __schema(a: 1) { queryType { name } } }`, refused()),
		document("unknown-of-a-directive", `{ __typename @include(if: true, a: 1) }`, refused()),
		document("case-counts", `{ __type(Name: "Int") { name } }`, refused()),
	)
	cases = append(cases, section(Validation, "Argument Uniqueness",
		document("twice", `{ __type(name: "Int", name: "ID") { name } }`, refused()),
		document("twice-the-same", `{ __type(name: "Int", name: "Int") { name } }`, refused()),
		document("twice-of-a-directive", `{ __typename @include(if: true, if: true) }`, refused()),
	)...)
	return append(cases, section(Validation, "Required Arguments",
		document("missing", `{ __type { name } }`, refused()),
		document("null", `{ __type(name: null) { name } }`, refused()),
		document("missing-in-skipped-field", `{ __typename __type @skip(if: true) { name } }`, refused()),
		document("missing-of-skip", `{ __typename @skip }`, refused()),
		document("missing-of-include", `{ __typename @include }`, refused()),
		document("null-of-skip", `{ __typename @skip(if: null) }`, refused()),
		document("with-default-is-optional", `{ withNonNullDefault }`, data(`{"withNonNullDefault":7}`), needs("Query.withNonNullDefault")),
		document("with-default-is-not-null", `{ withNonNullDefault(value: null) }`, refused(), needs("Query.withNonNullDefault")),
		document("with-default-of-nullable", `{ withDefault(value: null) }`, data(`{"withDefault":null}`), needs("Query.withDefault")),
	)...)
}

// validationFragments are cases of the rules of fragments.
func validationFragments() []Case {
	cases := section(Validation, "Fragment Declarations",
		document("same-name", `{ ...F } fragment F on %Query% { __typename } fragment F on %Query% { a: __typename }`, refused()),
		document("unknown-type", `{ ...F } fragment F on NothingOfThisName { __typename }`, refused()),
		document("unknown-type-inline", `{ ... on NothingOfThisName { __typename } }`, refused()),
		document("on-scalar", `{ ...F } fragment F on String { __typename }`, refused()),
		document("on-scalar-inline", `{ __schema { queryType { ... on String { __typename } } } }`, refused()),
		document("on-enum", `{ __schema { queryType { ... on __TypeKind { __typename } } } }`, refused()),
		document("on-input-object", `{ ...F } fragment F on Point { x }`, refused(), needs("Point.x")),
		document("unused", `{ __typename } fragment F on %Query% { __typename }`, refused()),
		document("used-by-unused", `{ __typename } fragment F on %Query% { ...G } fragment G on %Query% { __typename }`, refused()),
		document("used-by-another-operation", `query A { __typename } query B { ...F } fragment F on %Query% { __typename }`, data(typename), operation("A")),
	)
	return append(cases, section(Validation, "Fragment Spreads",
		document("unknown", `{ ...NothingOfThisName }`, refused()),
		document("unknown-in-fragment", `{ ...F } fragment F on %Query% { ...NothingOfThisName }`, refused()),
		document("case-counts", `{ ...f } fragment F on %Query% { __typename }`, refused()),
		document("cycle-of-one", `{ ...F } fragment F on %Query% { __typename ...F }`, refused()),
		document("cycle-of-two", `{ ...F } fragment F on %Query% { ...G } fragment G on %Query% { ...F }`, refused()),
		document("cycle-of-three", `{ ...F } fragment F on %Query% { ...G } fragment G on %Query% { ...H } fragment H on %Query% { ...F }`, refused()),
		document("cycle-through-a-field", `{ __schema { queryType { ...F } } } fragment F on __Type { name ofType { ...F } }`, refused()),
		document("cycle-through-inline-fragment", `{ ...F } fragment F on %Query% { ... { ...F } }`, refused()),
		document("cycle-behind-the-first", `{ ...F } fragment F on %Query% { ...G } fragment G on %Query% { ...G }`, refused()),
		document("twice-is-no-cycle", `{ ...F ...F } fragment F on %Query% { ...G ...G } fragment G on %Query% { __typename }`, data(typename)),
		document("impossible-object", `{ ... on __Type { name } }`, refused()),
		document("impossible-object-in-fragment", `{ ...F } fragment F on __Type { name }`, refused()),
		document("impossible-root-below", `{ __schema { ... on %Query% { __typename } } }`, refused()),
		document("impossible-object-of-union", `{ pets { ... on Nest { ok } } }`, refused(), needs("Query.pets")),
		document("object-of-union", `{ pets { ... on Dog { barks } } }`, data(`{"pets":[{"barks":7},{}]}`), needs("Query.pets")),
		document("interface-of-union", `{ pets { ... on Named { name } } }`, data(`{"pets":[{"name":"Rex"},{"name":"Tom"}]}`), needs("Query.pets")),
		document("union-of-interface", `{ named { ... on Pet { ... on Cat { purrs } } } }`, data(`{"named":[{},{"purrs":true}]}`), needs("Query.named")),
		document("object-in-object-of-union", `{ pets { ... on Dog { ... on Cat { purrs } } } }`, refused(), needs("Query.pets")),
		document("interface-in-object", `{ pets { ... on Dog { ... on Named { name } } } }`, data(`{"pets":[{"name":"Rex"},{}]}`), needs("Query.pets")),
	)...)
}

// validationValues are cases of the rules of values that the coercion of types has not.
func validationValues() []Case {
	return section(Validation, "Values of Correct Type",
		document("integer-for-string", `{ __type(name: 1) { name } }`, refusedAt("1:16")),
		document("list-for-string", `{ __type(name: ["Int"]) { name } }`, refused()),
		document("in-skipped-field", `{ __typename __type(name: 1) @skip(if: true) { name } }`, refused()),
		document("in-fragment", `{ ...F } fragment F on %Query% { __type(name: 1) { name } }`, refused()),
		document("in-operation-not-chosen", `query A { __typename } query B { __type(name: 1) { name } }`, refused(), operation("A")),
		document("in-default", `query ($n: String! = 1) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("null-in-default-of-non-null", `query ($n: String! = null) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("of-a-directive", `{ __typename @skip(if: "true") }`, refused()),
	)
}

// validationDirectives are cases of the rules of directives.
func validationDirectives() []Case {
	return section(Validation, "Directives",
		document("unknown", `{ __typename @nothingOfThisName }`, refused()),
		document("unknown-on-operation", `query @nothingOfThisName { __typename }`, refused()),
		document("unknown-on-variable", `query ($n: String! @nothingOfThisName) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("unknown-on-fragment", `{ ...F } fragment F on %Query% @nothingOfThisName { __typename }`, refused()),
		document("unknown-on-spread", `{ ...F @nothingOfThisName } fragment F on %Query% { __typename }`, refused()),
		document("unknown-on-inline-fragment", `{ ... @nothingOfThisName { __typename } }`, refused()),
		document("case-counts", `{ __typename @Skip(if: false) }`, refused()),
		document("skip-on-operation", `query @skip(if: true) { __typename }`, refused()),
		document("include-on-mutation", `mutation @include(if: true) { __typename }`, refused()),
		document("include-on-fragment", `{ ...F } fragment F on %Query% @include(if: true) { __typename }`, refused()),
		document("include-on-variable", `query ($n: String! @include(if: true)) { __type(name: $n) { name } }`, refused(), variables(`{"n": "Int"}`)),
		document("deprecated-on-field", `{ __typename @deprecated }`, refused()),
		document("specified-by-on-field", `{ __typename @specifiedBy(url: "https://example.org") }`, refused()),
		document("one-of-on-field", `{ __typename @oneOf }`, refused()),
		document("skip-twice", `{ __typename @skip(if: false) @skip(if: false) }`, refused()),
		document("include-twice-on-spread", `{ ...F @include(if: true) @include(if: true) } fragment F on %Query% { __typename }`, refused()),
		document("include-twice-inline", `{ ... @include(if: true) @include(if: true) { __typename } }`, refused()),
		document("twice-in-two-fields", `{ a: __typename @include(if: true) b: __typename @include(if: true) }`, data(`{"a":"%Query%","b":"%Query%"}`)),
	)
}
