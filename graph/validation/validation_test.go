package validation_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/validation"
	"github.com/redthread-api/redthread/internal/syntax"
)

// schema returns a schema of animals.
func schema(t testing.TB) *ast.Schema {
	t.Helper()
	s, err := gqlparser.LoadSchema(&ast.Source{Input: `
		directive @onQuery on QUERY
		directive @onField(n: Int) on FIELD
		directive @many(n: Int!) repeatable on FIELD
		directive @onVariable(n: Int) on VARIABLE_DEFINITION
		directive @onSpread on FRAGMENT_SPREAD
		directive @onInline on INLINE_FRAGMENT
		directive @onFragment on FRAGMENT_DEFINITION
		scalar DateTime
		scalar Long
		scalar JSON
		scalar Odd
		enum Command { SIT DOWN HEEL }
		interface Pet { name: String! nick: String owner: Human }
		type Dog implements Pet {
			name: String! nick: String owner: Human barks: Int! volume: Int size: Float
			knows(command: Command!): Boolean! trained(atOther: Boolean = true): Boolean!
			friends(first: Int): [Dog!] tag(key: String, ids: [ID!]): String
		}
		type Cat implements Pet { name: String! nick: String owner: Human meows: Int volume: Int! size: Int knows(command: Command!): Boolean! friends: [Cat] tag: Int }
		type Human { name: String! age: Int pets: [Pet!]! }
		type Stone { weight: Int! }
		union CatOrDog = Cat | Dog
		input Range { from: Int!  to: Int = 5 note: String }
		input Where { name: String = "x" and: [Where!] range: Range command: Command ids: [ID!] must: Boolean! = true }
		input By @oneOf { id: ID slug: String range: Range list: [Int!] }
		type Query {
			dog: Dog cat: Cat pet: Pet human: Human catOrDog: CatOrDog stone: Stone ok: Boolean!
			int(v: Int): Int intNonNull(v: Int!): Int intDefault(v: Int! = 1): Int float(v: Float): Int string(v: String): Int boolean(v: Boolean): Int id(v: ID): Int
			ints(v: [Int]): Int intsNonNull(v: [Int!]!): Int matrix(v: [[Int]]): Int command(v: Command): Int commands(v: [Command!]): Int
			where(v: Where): Int wheres(v: [Where]): Int by(v: By): Int range(v: Range!): Int
			time(v: DateTime): Int long(v: Long): Int json(v: JSON): Int odd(v: Odd): Int two(a: Int!, b: Int!): Int
		}
		type Mutation { feed(where: Where): Dog }
		type Subscription { barked: Dog meowed: Cat }
	`})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// validate returns the errors of a document, one a line, as "line:column: message".
func validate(t testing.TB, s *ast.Schema, text string, suggest bool) string {
	t.Helper()
	doc, _, err := syntax.Parse(text, 15_000)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	var all []string
	for _, err := range validation.Validate(s, doc, suggest) {
		at := make([]string, len(err.Locations))
		for i, l := range err.Locations {
			at[i] = l.String()
		}
		all = append(all, strings.Join(at, " ")+": "+err.Message)
		if err.Rule == "" {
			t.Errorf("%s: no rule in %q", text, err.Message)
		}
	}
	return strings.Join(all, "\n")
}

func TestValid(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for section, documents := range map[string][]string{
		"5.2.2.1 Operation names": {"query A { ok } query B { ok } mutation C { feed { name } }", "query A { ok }", "mutation ok { feed { name } }"},
		"5.2.3.1 Lone anonymous":  {"{ ok }", "query { ok }", "{ dog { ...F } } fragment F on Dog { name }"},
		"5.2.4.1 Subscriptions": {
			"subscription { barked { name } }", "subscription S { barked { name } barked { barks } }", "subscription { ...F } fragment F on Subscription { barked { name } }",
			"subscription { ... { barked { name } } }", "subscription { x: barked { name } }", "subscription { barked { name @skip(if: true) ...F @include(if: false) } } fragment F on Dog { name }",
			"subscription { barked {} }", "subscription { barked { __typename } }",
		},
		"5.3.1 Fields": {"{ dog { name barks } pet { name } catOrDog { __typename ... on Dog { barks } } }", "{ __typename __schema { __typename } __type(name: \"Dog\") { name } }"},
		"5.3.2 Merging": {
			"{ dog { name name } dog { barks } }", "{ dog { a: name a: name } }", "{ dog { knows(command: SIT) knows(command: SIT) } }",
			"query($a: Int, $b: Int) { x: two(a: 1, b: 2) x: two(b: 2, a: 1) int(v: $a) int(v: $a) y: int(v: $b) }",
			"{ pet { ... on Dog { volume2: barks } ... on Cat { volume2: volume } } }", "{ pet { ... on Dog { x: knows(command: SIT) } ... on Cat { x: knows(command: HEEL) } } }",
			"{ pet { ... on Dog { x: friends { y: name } } ... on Dog { x: friends { y: name } } } }",
			`{ where(v: {name: "a", ids: [1]}) where(v: {ids: [1], name: "a"}) }`, `{ string(v: "a") string(v: """a""") }`,
			"{ pet { x: __typename ... on Dog { x: __typename } } }", "{ pet { ... on Dog { x: __typename } ... on Cat { x: name } } }",
			"{ dog { ...A ...B } } fragment A on Dog { name owner { age } } fragment B on Pet { name owner { name } }",
			"{ dog { friends {} friends { name } } }",
		},
		"5.3.3 Leafs": {"{ dog {} }", "{ dog { owner { } } pet {} catOrDog {} }", "{}", "query Q {}", "mutation { feed {} }", "{ __schema {} }", "{ dog { ... {} ...F ... on Dog {} } } fragment F on Dog {}", "{ ok }"},
		"5.4 Arguments": {
			"{ dog { knows(command: SIT) trained trained2: trained(atOther: null) } }", "{ intDefault }", "{ two(b: 1, a: 2) }", "{ dog { name @onField @many(n: 1) @many(n: 2) } }",
			"query($a: Int!) { intNonNull(v: $a) }",
		},
		"5.5.1 Fragment declarations": {"{ dog { ...A ...B } } fragment A on Dog { name } fragment B on Pet { name }", "{ catOrDog { ...A } } fragment A on CatOrDog { __typename }", "{ dog { ... on Pet { name } ... @include(if: true) { name } } }"},
		"5.5.2 Fragment spreads": {
			"{ dog { ...A } } fragment A on Dog { owner { pets { ...B } } } fragment B on Cat { name }", "{ pet { ... on Dog { name } } }", "{ dog { ... on CatOrDog { __typename } } }",
			"{ catOrDog { ... on Pet { name } } }", "{ catOrDog { ... on Dog { ... on Pet { ... on Dog { barks } } } } }",
		},
		"5.6.1 Int": {"{ int(v: 0) }", "{ int(v: -0) }", "{ int(v: 2147483647) }", "{ int(v: -2147483648) }", "{ int(v: null) }"},
		"5.6.1 Scalars": {
			"{ float(v: 1) }", "{ float(v: 1.5e300) }", "{ float(v: 123456789012345678901234567890) }", `{ string(v: "") }`, `{ string(v: """a""") }`, "{ boolean(v: true) }", `{ id(v: "a") }`, "{ id(v: 1) }",
			"{ id(v: 123456789012345678901234567890) }", "{ json(v: {a: [1, 2.5, null, X, true], b: {}}) }", "{ json(v: [1]) }", `{ time(v: "2024") }`, "{ long(v: 99999999999) }", `{ long(v: "1") }`, "{ odd(v: {a: 1}) }", "{ odd(v: X) }", "{ odd(v: [1]) }", "{ time(v: 5) }", "{ long(v: true) }",
		},
		"5.6.1 Lists":         {"{ ints(v: [1, null]) }", "{ ints(v: 1) }", "{ ints(v: []) }", "{ ints(v: null) }", "{ intsNonNull(v: 1) }", "{ matrix(v: [[1], [2, null], null]) }", "{ matrix(v: [1, 2]) }", "{ matrix(v: 1) }", "{ commands(v: SIT) }"},
		"5.6.1 Enums":         {"{ command(v: SIT) }", "{ commands(v: [SIT, DOWN]) }", "{ command(v: null) }"},
		"5.6.1 Input objects": {"{ where(v: {}) }", `{ where(v: {name: null, and: [{name: "a"}, {}], range: {from: 1}}) }`, "{ where(v: {and: {}}) }", "{ wheres(v: {}) }", "{ range(v: {from: 1, to: null}) }", "{ where(v: {ids: 1}) }"},
		"5.6.1 OneOf":         {"{ by(v: {id: 1}) }", `{ by(v: {slug: "a"}) }`, "{ by(v: {range: {from: 1}}) }", "{ by(v: {list: [1]}) }", "query($a: ID!) { by(v: {id: $a}) }", "query($a: By) { by(v: $a) }", "query($a: Int!) { by(v: {list: [$a]}) }", "query($a: Int) { by(v: {range: {from: 1, to: $a}}) }"},
		"5.7 Directives": {
			"query @onQuery { dog { name @onField ...F @onSpread ... @onInline { name } } } fragment F on Dog @onFragment { name }", "query($a: Int @onVariable(n: 1)) { int(v: $a) }",
			"query($a: Boolean!) { ok @skip(if: $a) @include(if: $a) }", "{ ok @skip(if: false) other: ok @skip(if: true) }",
		},
		"5.8 Variables": {
			"query A($a: Int) { int(v: $a) } query B($a: Int) { int(v: $a) }", "query A($a: Int) { ...F } query B($a: Int) { ...F } fragment F on Query { int(v: $a) }",
			"query($a: [Where!]) { wheres(v: $a) }", "query($a: Command = SIT) { command(v: $a) }", `query($a: Where = {name: "b"}) { where(v: $a) }`, "query($a: Int = null) { int(v: $a) }",
		},
		"5.8.5 Usages": {
			"query($a: Int!) { int(v: $a) }", "query($a: Int = 1) { intNonNull(v: $a) }", "query($a: Int) { intDefault(v: $a) }", "query($a: [Int!]!) { ints(v: $a) }", "query($a: [Int!]) { ints(v: $a) }",
			"query($a: Int!) { ints(v: [$a, 1]) }", "query($a: Int) { ints(v: [$a]) }", "query($a: Boolean = false) { ok @skip(if: $a) }", "query($a: Boolean) { where(v: {must: $a}) }", "query($a: Int = 1) { range(v: {from: $a}) }",
			"query($a: [[Int]]) { matrix(v: $a) }", "query($a: [Int!]! = [1]) { intsNonNull(v: $a) }", "query($a: [Int!] = [1]) { intsNonNull(v: $a) }",
		},
	} {
		for _, text := range documents {
			if got := validate(t, s, text, true); got != "" {
				t.Errorf("%s: %s:\ngot %s\nwant no error", section, text, got)
			}
		}
	}
}

func TestInvalid(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, row := range []struct{ section, text, want string }{
		{"5.2.1", "query A { ok } query A { ok }", `1:22: There can be only one operation named "A".`},
		{"5.2.1", "query A { ok } mutation A { feed {} }", `1:25: There can be only one operation named "A".`},
		{"5.2.3.1", "{ ok } { ok }", "1:1: This operation has no name: it must be the only one of the document.\n1:8: This operation has no name: it must be the only one of the document."},
		{"5.2.3.1", "query A { ok } { ok }", `1:16: This operation has no name: it must be the only one of the document.`},
		{"5.2.4.1", "subscription { barked { name } meowed { name } }", `1:32: A subscription must select one field: it selects "meowed" besides "barked".`},
		{"5.2.4.1", "subscription { a: barked { name } b: barked { name } }", `1:35: A subscription must select one field: it selects "b" besides "a".`},
		{"5.2.4.1", "subscription { ...F barked { name } } fragment F on Subscription { meowed { name } }", `1:21: A subscription must select one field: it selects "barked" besides "meowed".`},
		{"5.2.4.1", "subscription { barked { name } ... { meowed { name } } }", `1:38: A subscription must select one field: it selects "meowed" besides "barked".`},
		{"5.2.4.1", "subscription { __typename }", `1:16: A subscription cannot select "__typename": want a field of the schema.`},
		{"5.2.4.1", "subscription { ...F } fragment F on Subscription { x: __typename }", `1:52: A subscription cannot select "__typename": want a field of the schema.`},
		{"5.2.4.1", "subscription { barked { name } __typename }", `1:32: A subscription cannot select "__typename": want a field of the schema.`},
		{"5.2.4.1", "subscription { barked @skip(if: false) { name } }", `1:23: "@skip" cannot be used at the root of a subscription.`},
		{"5.2.4.1", "subscription($a: Boolean!) { barked @include(if: $a) { name } }", `1:37: "@include" cannot be used at the root of a subscription.`},
		{"5.2.4.1", "subscription { ... @include(if: true) { barked { name } } }", `1:20: "@include" cannot be used at the root of a subscription.`},
		{"5.2.4.1", "subscription { ...F @skip(if: false) } fragment F on Subscription { barked { name } }", `1:21: "@skip" cannot be used at the root of a subscription.`},
		{"5.2.4.1", "subscription { ...F } fragment F on Subscription { barked @skip(if: true) { name } }", `1:59: "@skip" cannot be used at the root of a subscription.`},
		{"5.2.4.1", "subscription {}", `1:1: A subscription must select one field.`},
		{"5.2.4.1", "subscription { ... {} ...F } fragment F on Subscription {}", `1:1: A subscription must select one field.`},
		{"5.3.1", "{ dog { meows } }", `1:9: Cannot query field "meows" on type "Dog".`},
		{"5.3.1", "{ pet { barks } }", `1:9: Cannot query field "barks" on type "Pet".`},
		{"5.3.1", "{ catOrDog { name } }", `1:14: Cannot query field "name" on type "CatOrDog".`},
		{"5.3.1", "{ dog { x: nothing } }", `1:9: Cannot query field "nothing" on type "Dog".`},
		{"5.3.1", "{ dog { __schema {} } }", `1:9: Cannot query field "__schema" on type "Dog".`},
		{"5.3.1", "{ dog { ...F } } fragment F on Dog { nothing }", `1:38: Cannot query field "nothing" on type "Dog".`},
		{"5.3.2", "{ dog { x: name x: nick } }", `1:9 1:17: Fields "x" conflict because "name" and "nick" are different fields. Give one of them another alias.`},
		{"5.3.2", "{ dog { name: nick name } }", `1:9 1:20: Fields "name" conflict because "nick" and "name" are different fields. Give one of them another alias.`},
		{"5.3.2", "{ dog { knows(command: SIT) knows(command: HEEL) } }", `1:9 1:29: Fields "knows" conflict because they have different arguments. Give one of them another alias.`},
		{"5.3.2", "{ dog { trained trained(atOther: true) } }", `1:9 1:17: Fields "trained" conflict because they have different arguments. Give one of them another alias.`},
		{"5.3.2", "query($a: Int) { int(v: $a) int(v: 1) }", `1:18 1:29: Fields "int" conflict because they have different arguments. Give one of them another alias.`},
		{"5.3.2", `{ ints(v: [1, 2]) ints(v: [2, 1]) }`, `1:3 1:19: Fields "ints" conflict because they have different arguments. Give one of them another alias.`},
		{"5.3.2", `{ id(v: 1) id(v: "1") }`, `1:3 1:12: Fields "id" conflict because they have different arguments. Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Dog { x: volume } ... on Cat { x: volume } } }", `1:22 1:47: Fields "x" conflict because they are of the types "Int" and "Int!". Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Dog { size } ... on Cat { size } } }", `1:22 1:42: Fields "size" conflict because they are of the types "Float" and "Int". Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Dog { x: friends { name } } ... on Cat { x: owner { name } } } }", `1:22 1:57: Fields "x" conflict because they are of the types "[Dog!]" and "Human". Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Dog { x: owner { y: name } } ... on Cat { x: owner { y: age } } } }", `1:33 1:69: Fields "y" conflict because they are of the types "String!" and "Int". Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Dog { x: __typename } ... on Cat { x: nick } } }", `1:22 1:51: Fields "x" conflict because they are of the types "String!" and "String". Give one of them another alias.`},
		{"5.3.2", "{ dog { ...A ...B } } fragment A on Dog { x: name } fragment B on Dog { x: nick }", `1:43 1:73: Fields "x" conflict because "name" and "nick" are different fields. Give one of them another alias.`},
		{"5.3.2", "{ dog { owner { x: name } } dog { owner { x: age } } }", `1:17 1:43: Fields "x" conflict because "name" and "age" are different fields. Give one of them another alias.`},
		{"5.3.2", "{ pet { ... on Pet { x: name } ... on Dog { x: nick } } }", `1:22 1:45: Fields "x" conflict because "name" and "nick" are different fields. Give one of them another alias.`},
		{"5.3.3", "{ dog }", `1:3: Field "dog" of type "Dog" must have a selection of subfields, as in "dog { … }".`},
		{"5.3.3", "{ pet catOrDog }", "1:3: Field \"pet\" of type \"Pet\" must have a selection of subfields, as in \"pet { … }\".\n1:7: Field \"catOrDog\" of type \"CatOrDog\" must have a selection of subfields, as in \"catOrDog { … }\"."},
		{"5.3.3", "{ dog { friends } }", `1:9: Field "friends" of type "[Dog!]" must have a selection of subfields, as in "friends { … }".`},
		{"5.3.3", "{ ok {} }", `1:3: Field "ok" must not have a selection of subfields: it is of type "Boolean!".`},
		{"5.3.3", "{ ok { __typename } }", `1:3: Field "ok" must not have a selection of subfields: it is of type "Boolean!".`},
		{"5.3.3", "{ __typename {} }", `1:3: Field "__typename" must not have a selection of subfields: it is of type "String".`},
		{"5.3.3", "{ __schema }", `1:3: Field "__schema" of type "__Schema!" must have a selection of subfields, as in "__schema { … }".`},
		{"5.4.1", "{ int(w: 1) }", `1:7: Unknown argument "w" on field "Query.int".`},
		{"5.4.1", "{ ok(v: {a: $b}) }", "1:6: Unknown argument \"v\" on field \"Query.ok\".\n1:13: Variable \"$b\" is not defined."},
		{"5.4.1", "{ ok @onField(m: 1) }", `1:15: Unknown argument "m" on directive "@onField".`},
		{"5.4.1", "{ __typename(a: 1) }", `1:14: Unknown argument "a" on field "Query.__typename".`},
		{"5.4.2", "{ int(v: 1, v: 1) }", `1:13: There can be only one argument named "v".`},
		{"5.4.2", "{ ok @onField(n: 1, n: 2) }", `1:21: There can be only one argument named "n".`},
		{"5.4.3", "{ two(a: 1) }", `1:3: Field "two" argument "b" of type "Int!" is required, but it was not provided.`},
		{"5.4.3", "{ two(a: 1, b: null) }", `1:16: Int! cannot be null; want a value.`},
		{"5.4.3", "{ ok @many }", `1:6: Directive "@many" argument "n" of type "Int!" is required, but it was not provided.`},
		{"5.4.3", "{ ok @skip }", `1:6: Directive "@skip" argument "if" of type "Boolean!" is required, but it was not provided.`},
		{"5.5.1.1", "{ dog { ...F } } fragment F on Dog { name } fragment F on Dog { name }", `1:54: There can be only one fragment named "F".`},
		{"5.5.1.2", "{ dog { ...F } } fragment F on Nothing { name }", `1:32: Unknown type "Nothing".`},
		{"5.5.1.2", "{ dog { ... on Nothing { name } } }", `1:16: Unknown type "Nothing".`},
		{"5.5.1.3", "{ dog { ... on Int { __typename } } }", `1:16: A fragment cannot be on "Int": want an object type, an interface or a union.`},
		{"5.5.1.3", "{ dog { ...F } } fragment F on Command { __typename }", `1:32: A fragment cannot be on "Command": want an object type, an interface or a union.`},
		{"5.5.1.3", "{ dog { ... on Where { name } } }", "1:16: A fragment cannot be on \"Where\": want an object type, an interface or a union."},
		{"5.5.1.4", "{ ok } fragment F on Dog { name }", `1:17: Fragment "F" is never used.`},
		{"5.5.1.4", "{ ok } fragment F on Dog { ...G } fragment G on Dog { name }", "1:17: Fragment \"F\" is never used.\n1:44: Fragment \"G\" is never used."},
		{"5.5.2.1", "{ dog { ...F } }", `1:9: Unknown fragment "F".`},
		{"5.5.2.2", "{ dog { ...F } } fragment F on Dog { ...F }", `1:38: Cannot spread fragment "F" within itself.`},
		{"5.5.2.2", "{ dog { ...F } } fragment F on Dog { ...G } fragment G on Dog { friends { ...F } }", `1:75: Cannot spread fragment "F" within itself via "G".`},
		{"5.5.2.3", "{ dog { ... on Cat { name } } }", `1:9: Fragment cannot be spread here as objects of type "Dog" can never be of type "Cat".`},
		{"5.5.2.3", "{ dog { ...F } } fragment F on Cat { name }", `1:9: Fragment "F" cannot be spread here as objects of type "Dog" can never be of type "Cat".`},
		{"5.5.2.3", "{ pet { ... on Stone { weight } } }", `1:9: Fragment cannot be spread here as objects of type "Pet" can never be of type "Stone".`},
		{"5.5.2.3", "{ human { ... on CatOrDog { __typename } } }", `1:11: Fragment cannot be spread here as objects of type "Human" can never be of type "CatOrDog".`},
		{"5.6.1", `{ int(v: "20") }`, `1:10: Int cannot represent "20"; want a whole number of 32 bits.`},
		{"5.6.1", `{ int(v: """20""") }`, `1:10: Int cannot represent "20"; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: 20.0) }", `1:10: Int cannot represent 20.0; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: 1e1) }", `1:10: Int cannot represent 1e1; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: 2147483648) }", `1:10: Int cannot represent 2147483648; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: -2147483649) }", `1:10: Int cannot represent -2147483649; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: 99999999999999999999) }", `1:10: Int cannot represent 99999999999999999999; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: true) }", `1:10: Int cannot represent true; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: SIT) }", `1:10: Int cannot represent SIT; want a whole number of 32 bits.`},
		{"5.6.1", "{ int(v: [1]) }", `1:10: Int cannot represent [1]; want one value, and no list.`},
		{"5.6.1", "{ int(v: {a: 1}) }", `1:10: Int cannot represent {a:1}; want a whole number of 32 bits.`},
		{"5.6.1", `{ float(v: "1.5") }`, `1:12: Float cannot represent "1.5"; want a number of 64 bits.`},
		{"5.6.1", "{ float(v: 1e999) }", `1:12: Float cannot represent 1e999; want a number of 64 bits.`},
		{"5.6.1", "{ float(v: true) }", `1:12: Float cannot represent true; want a number of 64 bits.`},
		{"5.6.1", "{ string(v: 1) }", `1:13: String cannot represent 1; want a string.`},
		{"5.6.1", "{ string(v: 1.5) }", `1:13: String cannot represent 1.5; want a string.`},
		{"5.6.1", "{ string(v: true) }", `1:13: String cannot represent true; want a string.`},
		{"5.6.1", "{ string(v: abc) }", `1:13: String cannot represent abc; want a string.`},
		{"5.6.1", "{ boolean(v: 1) }", `1:14: Boolean cannot represent 1; want true or false.`},
		{"5.6.1", `{ boolean(v: "true") }`, `1:14: Boolean cannot represent "true"; want true or false.`},
		{"5.6.1", "{ boolean(v: TRUE) }", `1:14: Boolean cannot represent TRUE; want true or false.`},
		{"5.6.1", "{ id(v: 1.5) }", `1:9: ID cannot represent 1.5; want a string or a whole number.`},
		{"5.6.1", "{ id(v: true) }", `1:9: ID cannot represent true; want a string or a whole number.`},
		{"5.6.1", "{ id(v: abc) }", `1:9: ID cannot represent abc; want a string or a whole number.`},
		{"5.6.1", "{ ints(v: [1, \"2\", 3.5]) }", "1:15: Int cannot represent \"2\"; want a whole number of 32 bits.\n1:20: Int cannot represent 3.5; want a whole number of 32 bits."},
		{"5.6.1", `{ ints(v: "1") }`, `1:11: Int cannot represent "1"; want a whole number of 32 bits.`},
		{"5.6.1", "{ ints(v: [[1]]) }", `1:12: Int cannot represent [1]; want one value, and no list.`},
		{"5.6.1", "{ intsNonNull(v: [1, null]) }", `1:22: Int! cannot be null; want a value.`},
		{"5.6.1", "{ intsNonNull(v: null) }", `1:18: [Int!]! cannot be null; want a value.`},
		{"5.6.1", `{ command(v: "SIT") }`, `1:14: Command cannot represent "SIT"; want one of its values, without quotation marks.`},
		{"5.6.1", "{ command(v: sit) }", `1:14: sit is not a value of Command; letter case counts.`},
		{"5.6.1", "{ command(v: 1) }", `1:14: Command cannot represent 1; want one of its values.`},
		{"5.6.1", "{ command(v: true) }", `1:14: Command cannot represent true; want one of its values.`},
		{"5.6.1", "{ commands(v: [SIT, FLY]) }", `1:21: FLY is not a value of Command; letter case counts.`},
		{"5.6.1", `{ where(v: "a") }`, `1:12: Where cannot represent "a"; want an object.`},
		{"5.6.1", "{ where(v: [{}]) }", `1:12: Where cannot represent [{}]; want one value, and no list.`},
		{"5.6.1", "{ wheres(v: [{name: 1}, 5]) }", "1:21: String cannot represent 1; want a string.\n1:25: Where cannot represent 5; want an object."},
		{"5.6.2", "{ where(v: {nothing: 1}) }", `1:13: Field "nothing" is not defined by Where.`},
		{"5.6.2", "{ where(v: {and: [{x: 1}]}) }", `1:20: Field "x" is not defined by Where.`},
		{"5.6.3", `{ where(v: {name: "a", name: "b"}) }`, `1:24: There can be only one input field named "name".`},
		{"5.6.4", "{ range(v: {to: 1}) }", `1:12: Field "from" of type "Int!" is required by Range, and is not given.`},
		{"5.6.4", "{ range(v: {from: null}) }", `1:19: Int! cannot be null; want a value.`},
		{"5.6.4", "{ where(v: {must: null}) }", `1:19: Boolean! cannot be null; want a value.`},
		{"5.6.1", "{ by(v: {}) }", `1:9: By must have exactly one field; 0 are given.`},
		{"5.6.1", `{ by(v: {id: 1, slug: "a"}) }`, `1:9: By must have exactly one field; 2 are given.`},
		{"5.6.1", "{ by(v: {id: 1, slug: null}) }", `1:9: By must have exactly one field; 2 are given.`},
		{"5.6.1", "{ by(v: {slug: null}) }", `1:16: Field "slug" of By cannot be null: the one field that is given needs a value.`},
		{"5.6.1", "{ by(v: {nothing: 1}) }", `1:10: Field "nothing" is not defined by By.`},
		{"5.7.1", "{ ok @nothing }", `1:6: Unknown directive "@nothing".`},
		{"5.7.1", "query($a: Int @nothing) { int(v: $a) }", `1:15: Unknown directive "@nothing".`},
		{"5.7.2", "{ ok @onQuery }", `1:6: Directive "@onQuery" may not be used on FIELD.`},
		{"5.7.2", "query @skip(if: true) { ok }", `1:7: Directive "@skip" may not be used on QUERY.`},
		{"5.7.2", "mutation @onQuery { feed {} }", `1:10: Directive "@onQuery" may not be used on MUTATION.`},
		{"5.7.2", "query($a: Int @onField) { int(v: $a) }", `1:15: Directive "@onField" may not be used on VARIABLE_DEFINITION.`},
		{"5.7.2", "{ dog { ...F @onFragment } } fragment F on Dog @onSpread { name }", "1:14: Directive \"@onFragment\" may not be used on FRAGMENT_SPREAD.\n1:48: Directive \"@onSpread\" may not be used on FRAGMENT_DEFINITION."},
		{"5.7.2", "{ ... @onField { ok } }", `1:7: Directive "@onField" may not be used on INLINE_FRAGMENT.`},
		{"5.7.3", "{ ok @skip(if: true) @skip(if: false) }", `1:22: The directive "@skip" can only be used once at this location.`},
		{"5.7.3", "query @onQuery @onQuery { ok }", `1:16: The directive "@onQuery" can only be used once at this location.`},
		{"5.7.3", "{ dog { ...F } } fragment F on Dog @onFragment @onFragment { name }", `1:48: The directive "@onFragment" can only be used once at this location.`},
		{"5.8.1", "query($a: Int, $a: Int) { int(v: $a) }", "1:16: Variable \"$a\" is never used.\n1:16: There can be only one variable named \"$a\"."},
		{"5.8.2", "query($a: Dog) { ok @skip(if: $a) }", "1:7: Variable \"$a\" cannot be non-input type \"Dog\".\n1:31: Variable \"$a\" of type \"Dog\" used in position expecting type \"Boolean!\"."},
		{"5.8.2", "query($a: [Nothing!]) { ints(v: $a) }", "1:12: Unknown type \"Nothing\".\n1:33: Variable \"$a\" of type \"[Nothing!]\" used in position expecting type \"[Int]\"."},
		{"5.8.3", "{ int(v: $a) }", `1:10: Variable "$a" is not defined.`},
		{"5.8.3", "query A($a: Int) { ...F } query B { ...F } fragment F on Query { int(v: $a) }", `1:73: Variable "$a" is not defined by operation "B".`},
		{"5.8.3", "{ where(v: {and: [{name: $b}]}) }", `1:26: Variable "$b" is not defined.`},
		{"5.8.4", "query Q($a: Int) { ok }", `1:9: Variable "$a" is never used in operation "Q".`},
		{"5.8.4", "query A($a: Int) { ok } query B($a: Int) { int(v: $a) }", `1:9: Variable "$a" is never used in operation "A".`},
		{"5.8.5", "query($a: Int) { intNonNull(v: $a) }", `1:32: Variable "$a" of type "Int" used in position expecting type "Int!".`},
		{"5.8.5", "query($a: Int = null) { intNonNull(v: $a) }", `1:39: Variable "$a" of type "Int" used in position expecting type "Int!".`},
		{"5.8.5", "query($a: String) { int(v: $a) }", `1:28: Variable "$a" of type "String" used in position expecting type "Int".`},
		{"5.8.5", "query($a: Int) { float(v: $a) }", `1:27: Variable "$a" of type "Int" used in position expecting type "Float".`},
		{"5.8.5", "query($a: Int) { ints(v: $a) }", `1:26: Variable "$a" of type "Int" used in position expecting type "[Int]".`},
		{"5.8.5", "query($a: [Int]) { int(v: $a) }", `1:27: Variable "$a" of type "[Int]" used in position expecting type "Int".`},
		{"5.8.5", "query($a: [Int]!) { intsNonNull(v: $a) }", `1:36: Variable "$a" of type "[Int]!" used in position expecting type "[Int!]!".`},
		{"5.8.5", "query($a: Int) { intsNonNull(v: [$a]) }", `1:34: Variable "$a" of type "Int" used in position expecting type "Int!".`},
		{"5.8.5", "query($a: Boolean) { ok @include(if: $a) }", `1:38: Variable "$a" of type "Boolean" used in position expecting type "Boolean!".`},
		{"5.8.5", "query($a: Int) { range(v: {from: $a}) }", `1:34: Variable "$a" of type "Int" used in position expecting type "Int!".`},
		{"5.8.5", "query($a: ID) { by(v: {id: $a}) }", `1:7 1:28: Variable "$a" is of type "ID" but must be non-nullable to be used for OneOf Input Object "By".`},
		{"5.8.5", "query($a: ID = 1) { by(v: {id: $a}) }", `1:7 1:32: Variable "$a" is of type "ID" but must be non-nullable to be used for OneOf Input Object "By".`},
		{"5.6.1 of defaults", `query($a: Int = "1") { int(v: $a) }`, `1:17: Int cannot represent "1"; want a whole number of 32 bits.`},
		{"5.6.1 of defaults", `query($a: Int! = null) { int(v: $a) }`, `1:18: Int! cannot be null; want a value.`},
		{"5.6.1 of defaults", `query($a: Where = {range: {}}) { where(v: $a) }`, `1:27: Field "from" of type "Int!" is required by Range, and is not given.`},
		{"Long values are cut", `{ int(v: "` + strings.Repeat("é", 50) + `") }`, `1:10: Int cannot represent "` + strings.Repeat("é", 29) + `…; want a whole number of 32 bits.`},
	} {
		if got := validate(t, s, row.text, false); got != row.want {
			t.Errorf("%s: %s:\ngot  %s\nwant %s", row.section, row.text, got, row.want)
		}
	}
}

// Suggestions are made only on request, since they describe the schema.
func TestSuggestions(t *testing.T) {
	t.Parallel()
	s := schema(t)
	for _, row := range []struct{ text, want string }{
		{"{ dgo { name } }", `Did you mean "dog" or "two"?`},
		{"{ dog { trained(atOthr: true) } }", `Did you mean "atOther"?`},
		{"{ where(v: {nam: 1}) }", `Did you mean "name"?`},
		{"{ command(v: sit) }", `Did you mean "SIT"?`},
		{`{ command(v: "SIT") }`, `Did you mean "SIT"?`},
		{"{ dog { ... on Dgo { name } } }", `Did you mean "Dog"`},
		{"query($a: Commnd) { ok @skip(if: $a) }", `Did you mean "Command"?`},
	} {
		if got := validate(t, s, row.text, true); !strings.Contains(got, row.want) {
			t.Errorf("%s: got %s, want %s", row.text, got, row.want)
		}
		if got := validate(t, s, row.text, false); strings.Contains(got, "Did you mean") || got == "" {
			t.Errorf("%s: got %s, want an error without a suggestion", row.text, got)
		}
	}
}

func TestManyErrorsAreCut(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "a%d ", i)
	}
	if got := strings.Count(validate(t, schema(t), "{"+text.String()+"}", false), "\n") + 1; got != 200 {
		t.Errorf("got %d errors, want 200", got)
	}
}

func TestUninhabitableOneOfs(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ inputs, want string }{
		{"input A @oneOf { a: A }", "[A]"},
		{"input A @oneOf { a: A b: Int }", "[]"},
		{"input A @oneOf { a: [A!] }", "[]"},
		{"input A @oneOf { b: B } input B @oneOf { a: A }", "[A B]"},
		{"input A @oneOf { b: B } input B @oneOf { a: A c: ID }", "[]"},
		{"input A @oneOf { b: B } input B { a: A! }", "[A B]"},
		{"input A @oneOf { b: B } input B { a: A }", "[]"},
		{"input A @oneOf { b: B c: C } input B @oneOf { a: A } input C { n: Int }", "[]"},
		{"input A @oneOf { b: B } input B { a: [A!]! }", "[]"},
	} {
		s, err := gqlparser.LoadSchema(&ast.Source{Input: "type Query { a(a: A): Int } " + row.inputs})
		if err != nil {
			if row.want == "[]" {
				t.Errorf("%s: %v", row.inputs, err)
			}
			continue // gqlparser refuses it as well
		}
		if got := fmt.Sprint(validation.UninhabitableOneOfs(s)); got != row.want {
			t.Errorf("%s: got %s, want %s", row.inputs, got, row.want)
		}
	}
	if got := validation.UninhabitableOneOfs(generated.NewExecutableSchema(generated.Config{}).Schema()); len(got) > 0 {
		t.Errorf("schema.graphql: got %s, want none", got)
	}
}
