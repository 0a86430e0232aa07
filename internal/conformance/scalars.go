package conformance

// intCoercion are cases of the input coercion of Int.
func intCoercion() []Case {
	return section(TypeSystem, "Int",
		literal("greatest", "Int", "2147483647", accepts("2147483647")),
		literal("least", "Int", "-2147483648", accepts("-2147483648")),
		literal("too-great", "Int", "2147483648", refused()),
		literal("too-small", "Int", "-2147483649", refused()),
		literal("beyond-53-bits", "Int", "9007199254740993", refused()),
		literal("beyond-64-bits", "Int", "9223372036854775808", refused()),
		literal("forty-digits", "Int", "1000000000000000000000000000000000000000", refused()),
		literal("fraction", "Int", "1.5", refused()),
		literal("whole-float", "Int", "20.0", refused(), recommended),
		literal("exponent", "Int", "1e1", refused(), recommended),
		literal("string", "Int", `"20"`, refused()),
		literal("block-string", "Int", `"""20"""`, refused()),
		literal("boolean", "Int", "true", refused()),
		literal("enum", "Int", "TWENTY", refused()),
		literal("list", "Int", "[20]", refused()),
		literal("object", "Int", "{value: 20}", refused()),
		literal("null", "Int", "null", accepts("null")),
		variable("variable", "Int", "20", accepts("20")),
		variable("variable-zero", "Int", "0", accepts("0")),
		variable("variable-minus-zero", "Int", "-0", accepts("0")),
		variable("variable-greatest", "Int", "2147483647", accepts("2147483647")),
		variable("variable-least", "Int", "-2147483648", accepts("-2147483648")),
		variable("variable-whole-float", "Int", "20.0", accepts("20"), recommended),
		variable("variable-exponent", "Int", "1e1", accepts("10"), recommended),
		variable("variable-null", "Int", "null", accepts("null")),
		variable("variable-too-great", "Int", "2147483648", refused()),
		variable("variable-too-small", "Int", "-2147483649", refused()),
		variable("variable-beyond-53-bits", "Int", "9007199254740993", refused()),
		variable("variable-beyond-64-bits", "Int", "9223372036854775808", refused()),
		variable("variable-exponent-too-great", "Int", "1e10", refused()),
		variable("variable-fraction", "Int", "1.5", refused()),
		variable("variable-string", "Int", `"20"`, refused()),
		variable("variable-empty-string", "Int", `""`, refused()),
		variable("variable-boolean", "Int", "true", refused()),
		variable("variable-list", "Int", "[20]", refused()),
		variable("variable-object", "Int", "{}", refused()),
		literal("default-too-great", "Int", "$v", refused(), defines("$v: Int = 2147483648")),
		literal("default-string", "Int", "$v", refused(), defines(`$v: Int = "20"`)),
		literal("default", "Int", "$v", accepts("20"), defines("$v: Int = 20")),
	)
}

// floatCoercion are cases of the input coercion of Float.
func floatCoercion() []Case {
	return section(TypeSystem, "Float",
		literal("fraction", "Float", "0.5", accepts("0.5")),
		literal("integer", "Float", "20", accepts("20")),
		literal("integer-beyond-32-bits", "Float", "2147483648", accepts("2147483648")),
		literal("integer-beyond-64-bits", "Float", "18446744073709551616", accepts("18446744073709551616")),
		literal("integer-of-thirty-digits", "Float", "100000000000000000000000000000", accepts("1e29")),
		literal("great", "Float", "1e300", accepts("1e300")),
		literal("small", "Float", "1e-300", accepts("1e-300")),
		literal("not-finite", "Float", "1e400", refused()),
		literal("string", "Float", `"0.5"`, refused()),
		literal("boolean", "Float", "true", refused()),
		literal("enum", "Float", "HALF", refused()),
		literal("list", "Float", "[0.5]", refused()),
		literal("object", "Float", "{value: 0.5}", refused()),
		variable("variable", "Float", "0.5", accepts("0.5")),
		variable("variable-integer", "Float", "20", accepts("20")),
		variable("variable-integer-beyond-64-bits", "Float", "18446744073709551616", accepts("18446744073709551616")),
		variable("variable-exponent", "Float", "1e3", accepts("1000")),
		variable("variable-null", "Float", "null", accepts("null")),
		variable("variable-string", "Float", `"0.5"`, refused()),
		variable("variable-empty-string", "Float", `""`, refused()),
		variable("variable-not-a-number", "Float", `"NaN"`, refused()),
		variable("variable-boolean", "Float", "false", refused()),
		variable("variable-list", "Float", "[0.5]", refused()),
		variable("variable-object", "Float", "{}", refused()),
		literal("variable-of-int", "Float", "$v", accepts("20"), defines("$v: Float = 20")),
	)
}

// stringCoercion are cases of the input coercion of String.
func stringCoercion() []Case {
	return section(TypeSystem, "String",
		literal("string", "String", `"text"`, accepts(`"text"`)),
		literal("digits", "String", `"20"`, accepts(`"20"`)),
		literal("integer", "String", "1", refused()),
		literal("float", "String", "1.5", refused()),
		literal("boolean", "String", "true", refused()),
		literal("enum", "String", "TEXT", refused()),
		literal("list", "String", `["text"]`, refused()),
		literal("object", "String", `{value: "text"}`, refused()),
		variable("variable", "String", `"text"`, accepts(`"text"`)),
		variable("variable-escapes", "String", `"a\n\"\u00e9\ud83e\udd8a"`, accepts(`"a\n\"é🦊"`)),
		variable("variable-is-no-graphql", "String", `"\\u0041 \"\"\" $a"`, accepts(`"\\u0041 \"\"\" $a"`)),
		variable("variable-null", "String", "null", accepts("null")),
		variable("variable-integer", "String", "1", refused()),
		variable("variable-float", "String", "1.5", refused()),
		variable("variable-boolean", "String", "true", refused()),
		variable("variable-list", "String", `["text"]`, refused()),
		variable("variable-empty-list", "String", "[]", refused()),
		variable("variable-object", "String", `{"value": "text"}`, refused()),
		variable("non-null-variable-integer", "String!", "1", refused()),
		variable("non-null-variable-null", "String!", "null", refused()),
		literal("non-null-integer", "String!", "1", refused()),
	)
}

// booleanCoercion are cases of the input coercion of Boolean. The condition of
// @include is a Boolean! in every server.
func booleanCoercion() []Case {
	return section(TypeSystem, "Boolean",
		document("number", `{ __typename @include(if: 1) }`, refused()),
		document("zero", `{ __typename @include(if: 0) }`, refused()),
		document("string", `{ __typename @include(if: "false") }`, refused()),
		document("enum", `{ __typename @include(if: YES) }`, refused()),
		document("list", `{ __typename @include(if: [true]) }`, refused()),
		document("object", `{ __typename @include(if: {}) }`, refused()),
		document("null", `{ __typename @include(if: null) }`, refused()),
		document("variable", `query ($b: Boolean!) { __typename a: __typename @include(if: $b) }`, data(typename), variables(`{"b": false}`)),
		document("variable-number", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": 1}`)),
		document("variable-zero", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": 0}`)),
		document("variable-string", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": "true"}`)),
		document("variable-empty-string", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": ""}`)),
		document("variable-list", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": [true]}`)),
		document("variable-object", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": {}}`)),
		document("variable-null", `query ($b: Boolean!) { __typename @include(if: $b) }`, refused(), variables(`{"b": null}`)),
		literal("true-at-argument", "Boolean", "true", accepts("true")),
		literal("false-at-argument", "Boolean", "false", accepts("false")),
		literal("string-at-argument", "Boolean", `"true"`, refused()),
		literal("number-at-argument", "Boolean", `1`, refused()),
		variable("string-at-argument-variable", "Boolean", `"true"`, refused()),
		variable("number-at-argument-variable", "Boolean", `0`, refused()),
		variable("true-at-argument-variable", "Boolean", "true", accepts("true")),
		variable("null-at-argument-variable", "Boolean", "null", accepts("null")),
	)
}

// idCoercion are cases of the input coercion of ID, which takes strings and integers
// of any size. They are run at a nullable and at a non-null position, because servers
// often have but one.
func idCoercion() []Case {
	var cases []Case
	for _, at := range []string{"ID", "ID!"} {
		prefix := ""
		if at == "ID!" {
			prefix = "non-null-"
		}
		cases = append(cases, section(TypeSystem, "ID",
			literal(prefix+"string", at, `"a1"`, accepts(`"a1"`)),
			literal(prefix+"integer", at, `4`, accepts(`"4"`)),
			literal(prefix+"negative", at, `-4`, accepts(`"-4"`)),
			literal(prefix+"integer-beyond-32-bits", at, "2147483648", accepts(`"2147483648"`)),
			literal(prefix+"integer-beyond-64-bits", at, "18446744073709551616", accepts(`"18446744073709551616"`)),
			literal(prefix+"fraction", at, "1.5", refused()),
			literal(prefix+"whole-float", at, "4.0", refused()),
			literal(prefix+"exponent", at, "1e3", refused()),
			literal(prefix+"boolean", at, "true", refused()),
			literal(prefix+"enum", at, "A1", refused()),
			literal(prefix+"list", at, `["a1"]`, refused()),
			literal(prefix+"object", at, `{id: "a1"}`, refused()),
			variable(prefix+"variable", at, `"a1"`, accepts(`"a1"`)),
			variable(prefix+"variable-integer", at, `4`, accepts(`"4"`)),
			variable(prefix+"variable-integer-beyond-32-bits", at, `2147483648`, accepts(`"2147483648"`)),
			variable(prefix+"variable-integer-beyond-64-bits", at, `18446744073709551616`, accepts(`"18446744073709551616"`), recommended),
			variable(prefix+"variable-fraction", at, `1.5`, refused()),
			variable(prefix+"variable-boolean", at, `true`, refused()),
			variable(prefix+"variable-list", at, `["a1"]`, refused()),
			variable(prefix+"variable-object", at, `{}`, refused()),
		)...)
	}
	return append(cases, section(TypeSystem, "ID",
		literal("null", "ID", "null", accepts("null")),
		literal("non-null-null", "ID!", "null", refused()),
		variable("variable-null", "ID", "null", accepts("null")),
		variable("non-null-variable-null", "ID!", "null", refused()),
	)...)
}
