package conformance

// executionErrors are cases of errors of fields and of null that propagates to the
// next position that can be null.
func executionErrors() []Case {
	n := needs("Query.nest")
	return section(Execution, "Handling Execution Errors",
		document("nullable", `{ nest { ok fail } }`, fails(`["nest","fail"]`, `{"nest":{"ok":"ok","fail":null}}`), n),
		document("non-null", `{ nest { ok failNonNull } }`, fails(`["nest","failNonNull"]`, `{"nest":null}`), n),
		document("null-for-non-null", `{ nest { ok nullNonNull } }`, fails(`["nest","nullNonNull"]`, `{"nest":null}`), n),
		document("two-levels", `{ nest { ok nestNonNull { failNonNull } } }`, fails(`["nest","nestNonNull","failNonNull"]`, `{"nest":null}`), n),
		document("stops-at-nullable", `{ nest { ok nest { nestNonNull { failNonNull } } } }`, fails(`["nest","nest","nestNonNull","failNonNull"]`, `{"nest":{"ok":"ok","nest":null}}`), n),
		document("to-the-root", `{ nestNonNull { failNonNull } }`, fails(`["nestNonNull","failNonNull"]`, `null`), n),
		document("to-the-root-beside-others", `{ __typename nestNonNull { nestNonNull { failNonNull } } }`, fails(`["nestNonNull","nestNonNull","failNonNull"]`, `null`), n),
		document("siblings-stay", `{ a: nest { ok } b: nest { failNonNull } c: nest { ok } }`, fails(`["b","failNonNull"]`, `{"a":{"ok":"ok"},"b":null,"c":{"ok":"ok"}}`), n),
		document("path-has-aliases", `{ a: nest { b: fail } }`, fails(`["a","b"]`, `{"a":{"b":null}}`), n),
		document("path-in-fragment", `{ nest { ...F } } fragment F on Nest { a: fail }`, fails(`["nest","a"]`, `{"nest":{"a":null}}`), n),
		document("path-in-list", `{ nest { nests { fail } } }`, fails(`["nest","nests",1,"fail"]`, `{"nest":{"nests":[{"fail":null},{"fail":null},{"fail":null}]}}`), n),
		document("item-of-list", `{ nest { nests { failNonNull } } }`, fails(`["nest","nests",2,"failNonNull"]`, `{"nest":{"nests":[null,null,null]}}`), n),
		document("item-of-non-null-list", `{ nest { ok nestsNonNull { failNonNull } } }`, fails(`["nest","nestsNonNull",0,"failNonNull"]`, `{"nest":{"ok":"ok","nestsNonNull":null}}`), n),
		document("nullable-in-non-null-list", `{ nest { nestsNonNull { fail } } }`, fails(`["nest","nestsNonNull",2,"fail"]`, `{"nest":{"nestsNonNull":[{"fail":null},{"fail":null},{"fail":null}]}}`), n),
		document("item-itself", `{ numbers }`, fails(`["numbers",1]`, `{"numbers":[1,null,3]}`), needs("Query.numbers")),
		document("item-itself-of-non-null-list", `{ numbersNonNull }`, fails(`["numbersNonNull",1]`, `{"numbersNonNull":null}`), needs("Query.numbersNonNull")),
		document("each-of-two", `{ a: nest { fail } b: nest { fail } }`, all(fails(`["a","fail"]`, `{"a":{"fail":null},"b":{"fail":null}}`), fails(`["b","fail"]`, "")), n),
		document("one-error-for-merged-fields", `{ nest { fail } nest { fail } }`, all(fails(`["nest","fail"]`, `{"nest":{"fail":null}}`), errorCount(1)), n),
		document("one-error-for-each-position", `{ nest { failNonNull a: failNonNull } }`, errorPaths(`{"nest":null}`), n),
		document("message", `{ nest { fail } }`, message("it failed"), n),
		document("at-the-root-of-mutation", `mutation { fail }`, fails(`["fail"]`, `{"fail":null}`), needs("Mutation.fail")),
		document("in-fields-of-no-schema", `{ a: __type(name: "NothingOfThisName") { name } }`, data(`{"a":null}`)),
	)
}

// executionAbstract are cases of interfaces and unions.
func executionAbstract() []Case {
	n := needs("Query.pets", "Query.named")
	return section(Execution, "Resolving Abstract Types",
		document("union", `{ pets { ... on Dog { barks } ... on Cat { purrs } } }`, data(`{"pets":[{"barks":7},{"purrs":true}]}`), n),
		document("interface", `{ named { name ... on Dog { barks } ... on Cat { purrs } } }`, data(`{"named":[{"name":"Rex","barks":7},{"name":"Tom","purrs":true}]}`), n),
		document("named-fragments", `{ pets { ...D ...C } } fragment D on Dog { name barks } fragment C on Cat { name }`, data(`{"pets":[{"name":"Rex","barks":7},{"name":"Tom"}]}`), n),
		document("fragment-of-interface", `{ pets { ...N } } fragment N on Named { name }`, data(`{"pets":[{"name":"Rex"},{"name":"Tom"}]}`), n),
		document("merged-by-type", `{ named { ... on Dog { s: size } ... on Named { name } ... on Cat { s: size } } }`, data(`{"named":[{"s":30,"name":"Rex"},{"name":"Tom","s":20}]}`), n),
		document("no-fragment-applies", `{ pets { ... on Cat { purrs } } }`, data(`{"pets":[{},{"purrs":true}]}`), n),
		document("type-is-unknown", `{ __typename unknownPet { ... on Dog { barks } } }`, fails(`["unknownPet"]`, `{"__typename":"%Query%","unknownPet":null}`), needs("Query.unknownPet")),
	)
}

// executionResults are cases of the coercion of results.
func executionResults() []Case {
	return section(Execution, "Coercing Results",
		document("string-for-int", `{ resultNoInt }`, fails(`["resultNoInt"]`, `{"resultNoInt":null}`), needs("Query.resultNoInt")),
		document("int-too-great", `{ resultTooGreat }`, fails(`["resultTooGreat"]`, `{"resultTooGreat":null}`), needs("Query.resultTooGreat")),
		document("fraction-for-int", `{ resultFraction }`, fails(`["resultFraction"]`, `{"resultFraction":null}`), needs("Query.resultFraction")),
		document("no-value-of-enum", `{ resultNoColor }`, fails(`["resultNoColor"]`, `{"resultNoColor":null}`), needs("Query.resultNoColor")),
		document("no-list", `{ resultNoList }`, fails(`["resultNoList"]`, `{"resultNoList":null}`), needs("Query.resultNoList")),
		document("float-not-finite", `{ resultNotFinite }`, fails(`["resultNotFinite"]`, `{"resultNotFinite":null}`), needs("Query.resultNotFinite")),
		document("id-from-number", `{ resultID }`, data(`{"resultID":"4"}`), needs("Query.resultID")),
		document("enum-is-string", `{ __type(name: "Int") { kind } }`, data(`{"__type":{"kind":"SCALAR"}}`)),
		document("list-of-enums", `{ __schema { directives { locations } } }`, succeeds()),
		document("boolean", `{ __schema { queryType { fields { isDeprecated } } } }`, succeeds()),
	)
}
