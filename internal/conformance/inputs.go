package conformance

// enumCoercion are cases of the input coercion of enums: a name in a document, a
// string in variables.
func enumCoercion() []Case {
	return section(TypeSystem, "Enums",
		literal("value", anyEnum, "%value%", accepts(`"%value%"`)),
		literal("string", anyEnum, `"%value%"`, refused()),
		literal("no-value-of-the-enum", anyEnum, "NOTHING_OF_THIS_NAME", refused()),
		literal("longer-than-the-value", anyEnum, "%value%_", refused()),
		literal("integer", anyEnum, "0", refused()),
		literal("boolean", anyEnum, "false", refused()),
		literal("list", anyEnum, "[%value%]", refused()),
		literal("object", anyEnum, "{value: %value%}", refused()),
		variable("variable", anyEnum, `"%value%"`, accepts(`"%value%"`)),
		variable("variable-null", anyEnum, "null", accepts("null")),
		variable("variable-no-value-of-the-enum", anyEnum, `"NOTHING_OF_THIS_NAME"`, refused()),
		variable("variable-empty-string", anyEnum, `""`, refused()),
		variable("variable-with-space", anyEnum, `"%value% "`, refused()),
		variable("variable-integer", anyEnum, "0", refused()),
		variable("variable-boolean", anyEnum, "true", refused()),
		variable("variable-list", anyEnum, `["%value%"]`, refused()),
		variable("variable-object", anyEnum, `{}`, refused()),
		literal("default", anyEnum, "$v", accepts(`"%value%"`), defines("$v: %type% = %value%")),
		literal("default-string", anyEnum, "$v", refused(), defines(`$v: %type% = "%value%"`)),
	)
}

// listCoercion are cases of the input coercion of lists. What is no list becomes a
// list of one.
func listCoercion() []Case {
	return section(TypeSystem, "List",
		literal("of-enum", anyList, "[%value%]", accepts(`["%value%"]`)),
		literal("of-enum-empty", anyList, "[]", accepts(`[]`)),
		literal("of-enum-one-value", anyList, "%value%", accepts(`["%value%"]`)),
		literal("of-enum-twice", anyList, "[%value%, %value%]", accepts(`["%value%","%value%"]`)),
		literal("of-enum-in-a-list", anyList, "[[%value%]]", refused()),
		literal("of-enum-wrong-item", anyList, `[%value%, "%value%"]`, refused()),
		literal("of-enum-wrong-value", anyList, `"%value%"`, refused()),
		variable("of-enum-variable", anyList, `["%value%"]`, accepts(`["%value%"]`)),
		variable("of-enum-variable-one-value", anyList, `"%value%"`, accepts(`["%value%"]`)),
		variable("of-enum-variable-in-a-list", anyList, `[["%value%"]]`, refused()),
		variable("of-enum-variable-wrong-item", anyList, `["%value%", 1]`, refused()),
		variable("of-enum-variable-object", anyList, `{"0": "%value%"}`, refused()),
		literal("numbers", "[Int]", "[1, 2, 3]", accepts("[1,2,3]")),
		literal("one-number", "[Int]", "1", accepts("[1]")),
		literal("empty", "[Int]", "[]", accepts("[]")),
		literal("null", "[Int]", "null", accepts("null")),
		literal("null-inside", "[Int]", "[1, null]", accepts("[1,null]")),
		literal("list-inside", "[Int]", "[1, [2]]", refused()),
		literal("wrong-item", "[Int]", `[1, "2"]`, refused()),
		literal("variable-inside", "[Int]", `[1, $v]`, accepts("[1,2]"), defines("$v: Int"), variables(`{"v": 2}`)),
		literal("absent-variable-inside", "[Int]", `[1, $v]`, accepts("[1,null]"), defines("$v: Int")),
		literal("item-variable-for-list", "[Int]", `$v`, refused(), defines("$v: Int"), variables(`{"v": 2}`)),
		variable("variable-one-number", "[Int]", "1", accepts("[1]")),
		variable("variable-null", "[Int]", "null", accepts("null")),
		variable("variable-null-inside", "[Int]", "[1, null]", accepts("[1,null]")),
		variable("variable-wrong-item", "[Int]", `[1, true]`, refused()),
		literal("lists", "[[Int]]", "[[1], [2, 3]]", accepts("[[1],[2,3]]")),
		literal("lists-from-one-number", "[[Int]]", "1", accepts("[[1]]")),
		literal("lists-from-numbers", "[[Int]]", "[1, 2]", accepts("[[1],[2]]"), since(September2025)),
		literal("lists-with-null", "[[Int]]", "[[1], null]", accepts("[[1],null]")),
		variable("lists-variable-from-one-number", "[[Int]]", "1", accepts("[[1]]")),
		variable("lists-variable-from-numbers", "[[Int]]", "[1, 2]", accepts("[[1],[2]]"), since(September2025)),
		literal("non-null-items", "[Int!]!", "[1, 2]", accepts("[1,2]")),
		literal("non-null-items-one", "[Int!]!", "1", accepts("[1]")),
		literal("non-null-items-null-inside", "[Int!]!", "[1, null]", refused()),
		literal("non-null-items-null", "[Int!]!", "null", refused()),
		literal("non-null-items-nullable-variable", "[Int!]!", "[1, $v]", refused(), defines("$v: Int"), variables(`{"v": 2}`)),
		variable("non-null-items-variable-null-inside", "[Int!]!", "[1, null]", refused()),
		variable("non-null-items-variable-null", "[Int!]!", "null", refused()),
	)
}

// inputObjectCoercion are cases of the input coercion of input objects. Those of the
// type Point need the reference schema.
func inputObjectCoercion() []Case {
	point := func(id, value string, want Want, options ...option) Case {
		return literal(id, "Point", value, want, options...)
	}
	pointVariable := func(id, value string, want Want) Case { return variable(id, "Point", value, want) }
	return section(TypeSystem, "Input Objects",
		literal("empty", anyInput, "{}", accepts(`"{}"`)),
		literal("null", anyInput, "null", accepts("null")),
		literal("unknown-member", anyInput, "{nothingOfThisName: 1}", refused()),
		literal("unknown-member-null", anyInput, "{nothingOfThisName: null}", refused()),
		literal("list", anyInput, "[{}]", refused()),
		literal("string", anyInput, `"{}"`, refused()),
		literal("number", anyInput, "1", refused()),
		literal("enum", anyInput, "EMPTY", refused()),
		variable("variable-empty", anyInput, "{}", accepts(`"{}"`)),
		variable("variable-null", anyInput, "null", accepts("null")),
		variable("variable-unknown-member", anyInput, `{"nothingOfThisName": 1}`, refused()),
		variable("variable-unknown-member-null", anyInput, `{"nothingOfThisName": null}`, refused()),
		variable("variable-list", anyInput, "[{}]", refused()),
		variable("variable-empty-list", anyInput, "[]", refused()),
		variable("variable-string", anyInput, `"{}"`, refused()),
		variable("variable-number", anyInput, "1", refused()),
		variable("variable-boolean", anyInput, "true", refused()),
		literal("default", anyInput, "$v", accepts(`"{}"`), defines("$v: %type% = {}")),
		literal("default-unknown-member", anyInput, "$v", refused(), defines("$v: %type% = {nothingOfThisName: 1}")),

		point("members", `{x: 1, y: 2, label: "a"}`, accepts(`"{\"x\":1,\"y\":2,\"z\":5,\"label\":\"a\"}"`)),
		point("members-in-another-order", `{label: "a", y: 2, x: 1}`, accepts(`"{\"x\":1,\"y\":2,\"z\":5,\"label\":\"a\"}"`)),
		point("defaults", `{x: 1}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5}"`)),
		point("null-instead-of-default", `{x: 1, y: null}`, accepts(`"{\"x\":1,\"y\":null,\"z\":5}"`)),
		point("null-for-non-null-with-default", `{x: 1, z: null}`, refused()),
		point("null-member", `{x: 1, label: null}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5,\"label\":null}"`)),
		point("required-member-missing", `{y: 1}`, refused()),
		point("required-member-null", `{x: null}`, refused()),
		point("wrong-member", `{x: "1"}`, refused()),
		point("member-twice", `{x: 1, x: 1}`, refused()),
		point("list-member-from-one-value", `{x: 1, tags: "a"}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5,\"tags\":[\"a\"]}"`)),
		point("nested", `{x: 1, next: {x: 2}}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5,\"next\":{\"x\":2,\"y\":0,\"z\":5}}"`)),
		point("nested-required-member-missing", `{x: 1, next: {}}`, refused()),
		point("variable-for-member", `{x: $v}`, accepts(`"{\"x\":3,\"y\":0,\"z\":5}"`), defines("$v: Int!"), variables(`{"v": 3}`)),
		point("nullable-variable-for-required-member", `{x: $v}`, refused(), defines("$v: Int"), variables(`{"v": 3}`)),
		point("absent-variable-for-member", `{x: 1, label: $v}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5}"`), defines("$v: String")),
		point("null-variable-for-member", `{x: 1, label: $v}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5,\"label\":null}"`), defines("$v: String"), variables(`{"v": null}`)),
		point("absent-variable-for-member-with-default", `{x: 1, y: $v}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5}"`), defines("$v: Int")),
		point("null-variable-for-member-with-default", `{x: 1, y: $v}`, accepts(`"{\"x\":1,\"y\":null,\"z\":5}"`), defines("$v: Int"), variables(`{"v": null}`)),
		point("absent-variable-for-non-null-member-with-default", `{x: 1, z: $v}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5}"`), defines("$v: Int")),
		point("null-variable-for-non-null-member-with-default", `{x: 1, z: $v}`, fails(`["echoPoint"]`, `{"echoPoint":null}`), defines("$v: Int"), variables(`{"v": null}`)),
		pointVariable("variable-defaults", `{"x": 1}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5}"`)),
		pointVariable("variable-null-instead-of-default", `{"x": 1, "y": null}`, accepts(`"{\"x\":1,\"y\":null,\"z\":5}"`)),
		pointVariable("variable-null-for-non-null-with-default", `{"x": 1, "z": null}`, refused()),
		pointVariable("variable-required-member-missing", `{"y": 1}`, refused()),
		pointVariable("variable-required-member-null", `{"x": null}`, refused()),
		pointVariable("variable-nested-unknown-member", `{"x": 1, "next": {"x": 1, "w": 1}}`, refused()),
		pointVariable("variable-list-member-from-one-value", `{"x": 1, "tags": "a"}`, accepts(`"{\"x\":1,\"y\":0,\"z\":5,\"tags\":[\"a\"]}"`)),
	)
}

// oneOfCoercion are cases of one-of input objects, which the edition of September 2025
// has. They need one with the members id and slug.
func oneOfCoercion() []Case {
	cases := section(TypeSystem, "OneOf Input Objects",
		literal("one-member", anyOneOf, `{slug: "a"}`, accepts(`"{\"slug\":\"a\"}"`)),
		literal("other-member", anyOneOf, `{id: 1}`, accepts(`"{\"id\":\"1\"}"`)),
		literal("none", anyOneOf, `{}`, refused()),
		literal("two", anyOneOf, `{id: "a", slug: "b"}`, refused()),
		literal("one-null", anyOneOf, `{slug: null}`, refused()),
		literal("one-and-one-null", anyOneOf, `{slug: "a", id: null}`, refused()),
		literal("unknown-member", anyOneOf, `{nothingOfThisName: "a"}`, refused()),
		literal("wrong-member", anyOneOf, `{slug: 1}`, refused()),
		variable("variable-one-member", anyOneOf, `{"slug": "a"}`, accepts(`"{\"slug\":\"a\"}"`)),
		variable("variable-none", anyOneOf, `{}`, refused()),
		variable("variable-two", anyOneOf, `{"id": "a", "slug": "b"}`, refused()),
		variable("variable-one-null", anyOneOf, `{"slug": null}`, refused()),
		variable("variable-one-and-one-null", anyOneOf, `{"slug": "a", "id": null}`, refused()),
		variable("variable-two-null", anyOneOf, `{"slug": null, "id": null}`, refused()),
		variable("variable-unknown-member", anyOneOf, `{"slug": "a", "nothingOfThisName": 1}`, refused()),
		literal("non-null-variable-in-member", anyOneOf, `{slug: $s}`, accepts(`"{\"slug\":\"a\"}"`), defines("$s: String!"), variables(`{"s": "a"}`)),
		literal("nullable-variable-in-member", anyOneOf, `{slug: $s}`, refused(), defines("$s: String"), variables(`{"s": "a"}`)),
		literal("variable-with-default-in-member", anyOneOf, `{slug: $s}`, refused(), defines(`$s: String = "a"`)),
		literal("absent-variable-in-member", anyOneOf, `{slug: $s}`, refused(), defines("$s: String")),
		literal("two-variables-in-members", anyOneOf, `{slug: $s, id: $i}`, refused(), defines("$s: String!, $i: ID!"), variables(`{"s": "a", "i": "b"}`)),
		literal("variable-and-literal", anyOneOf, `{slug: $s, id: "b"}`, refused(), defines("$s: String!"), variables(`{"s": "a"}`)),
		literal("default-of-variable", anyOneOf, `$v`, accepts(`"{\"slug\":\"a\"}"`), defines(`$v: %type% = {slug: "a"}`)),
		literal("default-of-variable-with-two", anyOneOf, `$v`, refused(), defines(`$v: %type% = {slug: "a", id: "b"}`)),
		literal("default-of-variable-with-none", anyOneOf, `$v`, refused(), defines(`$v: %type% = {}`)),
	)
	for i := range cases {
		cases[i].Since = September2025
	}
	return cases
}
