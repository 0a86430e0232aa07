package conformance

// executionRequests are cases of the choice of the operation and of variables.
func executionRequests() []Case {
	const two = `query A { a: __typename } query B { b: __typename }`
	cases := section(Execution, "Executing Requests",
		document("one-operation", `query A { __typename }`, data(typename)),
		document("one-operation-by-name", `query A { __typename }`, data(typename), operation("A")),
		document("first-by-name", two, data(`{"a":"%Query%"}`), operation("A")),
		document("second-by-name", two, data(`{"b":"%Query%"}`), operation("B")),
		document("several-without-name", two, refused()),
		document("name-of-none", two, refused(), operation("C")),
		document("name-of-none-with-one-operation", `query A { __typename }`, refused(), operation("B")),
		document("name-of-none-with-shorthand", `{ __typename }`, refused(), operation("A")),
		document("name-in-another-case", two, refused(), operation("a")),
		document("name-of-a-fragment", `query A { ...F } fragment F on %Query% { __typename }`, refused(), operation("F")),
		document("kind-by-name", `query A { __typename } mutation B { __typename }`, data(`{"__typename":"%Mutation%"}`), operation("B"), needs(NeedsMutation)),
	)
	return append(cases, section(Execution, "Coercing Variable Values",
		document("required-missing", `query ($n: String!) { __type(name: $n) { name } }`, refused()),
		document("required-missing-with-others", `query ($n: String!) { __type(name: $n) { name } }`, refused(), variables(`{"m": "Int"}`)),
		document("required-null", `query ($n: String!) { __type(name: $n) { name } }`, refused(), variables(`{"n": null}`)),
		document("required-null-with-default", `query ($n: String! = "Int") { __type(name: $n) { name } }`, refused(), variables(`{"n": null}`)),
		document("required-missing-in-skipped-field", `query ($n: String!) { __typename __type(name: $n) @skip(if: true) { name } }`, refused()),
		document("value-instead-of-default", `query ($n: String! = "Int") { __type(name: $n) { name } }`, data(isString), variables(`{"n": "String"}`)),
		document("value-of-no-variable-is-ignored", `query ($n: String!) { __type(name: $n) { name } }`, data(isString), variables(`{"n": "String", "other": [1]}`)),
		document("value-without-variables", `{ __typename }`, data(typename), variables(`{"other": 1}`)),
		document("empty", `{ __typename }`, data(typename), variables(`{}`)),
		document("of-the-chosen-operation-only", `query A($n: String!) { __type(name: $n) { name } } query B { __typename }`, data(typename), operation("B")),
		document("in-list", `query ($a: Boolean!, $b: Boolean!) { a: __typename @include(if: $a) b: __typename @include(if: $b) }`, data(`{"b":"%Query%"}`), variables(`{"a": false, "b": true}`)),
	)...)
}

// executionArguments are cases of CoerceArgumentValues. A variable that is null stays
// null: neither the default of the variable nor that of the argument takes its place,
// and at a non-null position it is an error of the field.
func executionArguments() []Case {
	return section(Execution, "Coercing Field Arguments",
		document("null-variable-with-default-at-non-null", `query ($n: String = "Int") { __type(name: $n) { name } }`, fails(`["__type"]`, `{"__type":null}`), variables(`{"n": null}`)),
		document("null-variable-fails-one-field", `query ($n: String = "Int") { __typename a: __type(name: $n) { name } b: __type(name: "ID") { name } }`, fails(`["a"]`, `{"__typename":"%Query%","a":null,"b":{"name":"ID"}}`), variables(`{"n": null}`)),
		document("null-variable-at-include", `query ($a: Boolean = true) { __typename @include(if: $a) }`, errs(), variables(`{"a": null}`)),
		document("null-variable-at-skip", `query ($a: Boolean = false) { __typename @skip(if: $a) }`, errs(), variables(`{"a": null}`)),
		document("null-variable-at-include-of-fragment", `query ($a: Boolean = true) { ...F @include(if: $a) } fragment F on %Query% { __typename }`, errs(), variables(`{"a": null}`)),
		document("null-variable-at-include-of-inline-fragment", `query ($a: Boolean = true) { ... @include(if: $a) { __typename } }`, errs(), variables(`{"a": null}`)),
		document("null-variable-at-include-below-the-root", `query ($a: Boolean = true) { __typename __schema { description queryType { name @include(if: $a) } } }`, failsInPart(`"name":"`), variables(`{"a": null}`)),
		document("null-variable-at-default-of-introspection", `query ($i: Boolean) { __type(name: "Int") { name fields(includeDeprecated: $i) { name } } }`, fails(`["__type","fields"]`, `{"__type":{"name":"Int","fields":null}}`), variables(`{"i": null}`), since(September2025)),
		document("absent-variable-at-default-of-introspection", `query ($i: Boolean) { __type(name: "__TypeKind") { enumValues(includeDeprecated: $i) { name } } }`, succeeds()),
		document("absent-variable-with-default", `query ($n: String = "Int") { __type(name: $n) { name } }`, data(`{"__type":{"name":"Int"}}`)),
		document("absent-argument", `{ optional }`, data(`{"optional":"absent"}`), needs("Query.optional")),
		document("null-argument", `{ optional(value: null) }`, data(`{"optional":"null"}`), needs("Query.optional")),
		document("absent-variable", `query ($v: Int) { optional(value: $v) }`, data(`{"optional":"absent"}`), needs("Query.optional")),
		document("null-variable", `query ($v: Int) { optional(value: $v) }`, data(`{"optional":"null"}`), variables(`{"v": null}`), needs("Query.optional")),
		document("null-default-of-variable", `query ($v: Int = null) { optional(value: $v) }`, data(`{"optional":"null"}`), needs("Query.optional")),
		document("default-of-variable", `query ($v: Int = 3) { optional(value: $v) }`, data(`{"optional":"3"}`), needs("Query.optional")),
		document("default-of-argument", `{ withDefault }`, data(`{"withDefault":7}`), needs("Query.withDefault")),
		document("absent-variable-at-default", `query ($v: Int) { withDefault(value: $v) }`, data(`{"withDefault":7}`), needs("Query.withDefault")),
		document("null-variable-at-default", `query ($v: Int) { withDefault(value: $v) }`, data(`{"withDefault":null}`), variables(`{"v": null}`), needs("Query.withDefault")),
		document("default-of-variable-at-default", `query ($v: Int = 3) { withDefault(value: $v) }`, data(`{"withDefault":3}`), needs("Query.withDefault")),
		document("absent-variable-at-non-null-default", `query ($v: Int) { withNonNullDefault(value: $v) }`, data(`{"withNonNullDefault":7}`), needs("Query.withNonNullDefault")),
		document("null-variable-at-non-null-default", `query ($v: Int) { withNonNullDefault(value: $v) }`, fails(`["withNonNullDefault"]`, `{"withNonNullDefault":null}`), variables(`{"v": null}`), needs("Query.withNonNullDefault")),
		document("null-variable-at-required", `query ($v: Int = 3) { required(value: $v) }`, fails(`["required"]`, `{"required":null}`), variables(`{"v": null}`), needs("Query.required")),
		document("null-variable-in-non-null-list", `query ($v: Int = 3) { echoSureInts(value: [1, $v]) }`, fails(`["echoSureInts"]`, `{"echoSureInts":null}`), variables(`{"v": null}`), needs("Query.echoSureInts")),
		document("null-variable-skipped", `query ($v: Int = 3) { __typename required(value: $v) @skip(if: true) }`, data(typename), variables(`{"v": null}`), needs("Query.required")),
	)
}

// executionFields are cases of the collection, order and merging of fields.
func executionFields() []Case {
	cases := section(Execution, "Field Collection",
		document("order", `{ b: __typename a: __typename c: __typename }`, ordered(`{"b":"%Query%","a":"%Query%","c":"%Query%"}`), recommended),
		document("order-of-first-use", `{ b: __typename a: __typename b: __typename }`, ordered(`{"b":"%Query%","a":"%Query%"}`), recommended),
		document("order-of-nested", `{ __type(name: "Int") { name kind } }`, ordered(`{"__type":{"name":"Int","kind":"SCALAR"}}`), recommended),
		document("order-of-fragment", `{ a: __typename ...F c: __typename } fragment F on %Query% { b: __typename }`, ordered(`{"a":"%Query%","b":"%Query%","c":"%Query%"}`), recommended),
		document("order-of-inline-fragment", `{ c: __typename ... { b: __typename c: __typename } a: __typename }`, ordered(`{"c":"%Query%","b":"%Query%","a":"%Query%"}`), recommended),
		document("order-of-merged-selections", `{ __type(name: "Int") { kind } a: __typename __type(name: "Int") { name } }`, ordered(`{"__type":{"kind":"SCALAR","name":"Int"},"a":"%Query%"}`), recommended),
		document("fragment-twice", `{ ...F a: __typename ...F } fragment F on %Query% { b: __typename }`, ordered(`{"b":"%Query%","a":"%Query%"}`), recommended),
		document("merged-in-fragments", `{ ...F ...G } fragment F on %Query% { __type(name: "Int") { name } } fragment G on %Query% { __type(name: "Int") { kind } }`, data(`{"__type":{"name":"Int","kind":"SCALAR"}}`)),
		document("merged-three-deep", `{ __schema { queryType { name } } ... { __schema { queryType { kind } } } ...F } fragment F on %Query% { __schema { queryType { a: name } } }`, data(`{"__schema":{"queryType":{"name":"%Query%","kind":"OBJECT","a":"%Query%"}}}`)),
		document("aliases-of-one-field", `{ a: __type(name: "Int") { name } b: __type(name: "ID") { name } }`, data(`{"a":{"name":"Int"},"b":{"name":"ID"}}`)),
		document("merged-in-list", `{ nest { nests { ok } nests { other: ok } } }`, data(`{"nest":{"nests":[{"ok":"ok","other":"ok"},{"ok":"ok","other":"ok"},{"ok":"ok","other":"ok"}]}}`), needs("Query.nest")),
	)
	return append(cases, section(Execution, "Normal and Serial Execution",
		document("mutations-one-by-one", `mutation { a: append(value: 1) b: append(value: 2) c: append(value: 3) }`, data(`{"a":[1],"b":[1,2],"c":[1,2,3]}`), needs("Mutation.append")),
		document("mutations-in-fragment", `mutation { a: append(value: 1) ...F c: append(value: 3) } fragment F on %Mutation% { b: append(value: 2) }`, data(`{"a":[1],"b":[1,2],"c":[1,2,3]}`), needs("Mutation.append")),
		document("mutation-fails-and-others-go-on", `mutation { a: append(value: 1) fail b: append(value: 2) }`, fails(`["fail"]`, `{"a":[1],"fail":null,"b":[1,2]}`), needs("Mutation.append")),
		document("mutation-skipped", `mutation { a: append(value: 1) @skip(if: true) b: append(value: 2) }`, data(`{"b":[2]}`), needs("Mutation.append")),
		document("mutation-merged", `mutation { append(value: 1) append(value: 1) }`, data(`{"append":[1]}`), needs("Mutation.append")),
		document("mutations-in-order", `mutation { b: append(value: 1) a: append(value: 2) }`, ordered(`{"b":[1],"a":[1,2]}`), recommended, needs("Mutation.append")),
	)...)
}

// executionConditions are cases of @skip and @include.
func executionConditions() []Case {
	return section(Execution, "@skip and @include",
		document("skip-true", `{ a: __typename @skip(if: true) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("skip-false", `{ a: __typename @skip(if: false) }`, data(`{"a":"%Query%"}`)),
		document("include-true", `{ a: __typename @include(if: true) }`, data(`{"a":"%Query%"}`)),
		document("include-false", `{ a: __typename @include(if: false) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("skip-false-include-true", `{ a: __typename @skip(if: false) @include(if: true) b: __typename }`, data(`{"a":"%Query%","b":"%Query%"}`)),
		document("skip-true-include-true", `{ a: __typename @skip(if: true) @include(if: true) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("skip-false-include-false", `{ a: __typename @skip(if: false) @include(if: false) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("skip-true-include-false", `{ a: __typename @skip(if: true) @include(if: false) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("include-before-skip", `{ a: __typename @include(if: true) @skip(if: true) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("everything-is-skipped", `{ __typename @skip(if: true) }`, data(`{}`)),
		document("everything-below-is-skipped", `{ __schema { queryType { name @skip(if: true) } } }`, data(`{"__schema":{"queryType":{}}}`)),
		document("object-skipped", `{ a: __typename __schema @skip(if: true) { queryType { name } } }`, data(`{"a":"%Query%"}`)),
		document("variable-true", `query ($a: Boolean!) { a: __typename @include(if: $a) b: __typename @skip(if: $a) }`, data(`{"a":"%Query%"}`), variables(`{"a": true}`)),
		document("variable-false", `query ($a: Boolean!) { a: __typename @include(if: $a) b: __typename @skip(if: $a) }`, data(`{"b":"%Query%"}`), variables(`{"a": false}`)),
		document("default", `query ($a: Boolean! = false) { a: __typename @include(if: $a) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("spread", `{ a: __typename ...F @skip(if: true) } fragment F on %Query% { b: __typename }`, data(`{"a":"%Query%"}`)),
		document("spread-included-elsewhere", `{ ...F @skip(if: true) ...F } fragment F on %Query% { b: __typename }`, data(`{"b":"%Query%"}`)),
		document("spread-skipped-elsewhere", `{ ...F ...F @skip(if: true) } fragment F on %Query% { b: __typename }`, data(`{"b":"%Query%"}`)),
		document("inline-fragment", `{ a: __typename ... @include(if: false) { b: __typename } }`, data(`{"a":"%Query%"}`)),
		document("inline-fragment-with-type", `{ a: __typename ... on %Query% @include(if: true) { b: __typename } }`, data(`{"a":"%Query%","b":"%Query%"}`)),
		document("field-included-elsewhere", `{ a: __typename @skip(if: true) a: __typename }`, data(`{"a":"%Query%"}`)),
		document("field-twice-with-both", `{ a: __typename @include(if: false) a: __typename @skip(if: true) b: __typename }`, data(`{"b":"%Query%"}`)),
		document("selections-of-skipped-field-do-not-count", `{ __schema @skip(if: true) { queryType { kind } } __schema { queryType { name } } }`, data(`{"__schema":{"queryType":{"name":"%Query%"}}}`)),
		document("inside-included-fragment", `query ($a: Boolean!) { ... @include(if: $a) { a: __typename @skip(if: $a) b: __typename } }`, data(`{"b":"%Query%"}`), variables(`{"a": true}`)),
		document("block-string-is-no-condition", `{ __typename @include(if: """true""") }`, refused()),
		document("failing-field-skipped", `{ nestNonNull { ok failNonNull @skip(if: true) } }`, data(`{"nestNonNull":{"ok":"ok"}}`), needs("Query.nestNonNull")),
	)
}
