package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// described is a type as introspection shows it. A list that is null is nil.
type described struct {
	Kind, Name     string
	SpecifiedByURL *string
	IsOneOf        *bool
	Fields         *[]member
	Interfaces     *[]named
	PossibleTypes  *[]struct{ Kind, Name string }
	EnumValues     *[]member
	InputFields    *[]member
	OfType         *named
}

type member struct {
	Name              string
	IsDeprecated      bool
	DeprecationReason *string
	Args              []member
}

// eachType asks for all types and checks each.
func eachType(id, selection, text string, check func(t described) error, options ...option) Case {
	return document(id, `{ __schema { types { kind name `+selection+` } } }`, checks(text, func(d struct {
		Schema struct{ Types []described } `json:"__schema"`
	}) error {
		if len(d.Schema.Types) == 0 {
			return errNone
		}
		for _, t := range d.Schema.Types {
			if err := check(t); err != nil {
				return fmt.Errorf("%s: %w", t.Name, err)
			}
		}
		return nil
	}), options...)
}

// onlyFor checks that something is there for types of some kinds and null for others.
func onlyFor(there bool, kind string, kinds ...string) error {
	if want := slices.Contains(kinds, kind); there != want {
		return fmt.Errorf("it is there: %t, want %t for %s", there, want, kind)
	}
	return nil
}

// introspectionTypes are cases of __type, __schema and __Type.
func introspectionTypes() []Case {
	cases := section(Introspection, "Schema Introspection",
		document("query-type", `{ __schema { queryType { kind name } } }`, data(`{"__schema":{"queryType":{"kind":"OBJECT","name":"%Query%"}}}`)),
		document("mutation-type", `{ __schema { mutationType { kind name } } }`, data(`{"__schema":{"mutationType":{"kind":"OBJECT","name":"%Mutation%"}}}`), needs(NeedsMutation)),
		document("subscription-type", `{ __schema { subscriptionType { kind name } } }`, data(`{"__schema":{"subscriptionType":{"kind":"OBJECT","name":"%Subscription%"}}}`), needs(NeedsSubscription)),
		document("description-of-the-schema", `{ __schema { description } }`, succeeds()),
		document("type-by-name", `{ __type(name: "%Query%") { kind name } }`, data(`{"__type":{"kind":"OBJECT","name":"%Query%"}}`)),
		document("type-by-no-name", `{ __type(name: "NothingOfThisName") { kind } }`, data(`{"__type":null}`)),
		document("type-by-empty-name", `{ __type(name: "") { kind } }`, data(`{"__type":null}`)),
		document("type-by-name-in-another-case", `{ __type(name: "STRING") { kind } }`, data(`{"__type":null}`)),
		document("wrapped-type-has-no-name", `{ a: __type(name: "String!") { kind } b: __type(name: "[String]") { kind } }`, data(`{"a":null,"b":null}`)),
		document("without-name", `{ __type { kind } }`, refused()),
		document("schema-below-the-root", `{ __schema { __schema { queryType { name } } } }`, refused()),
		document("type-below-the-root", `{ __schema { __type(name: "Int") { name } } }`, refused()),
		document("schema-of-mutation", `mutation { __schema { queryType { name } } }`, refused()),
		document("meta-field-of-no-name", `{ __nothing }`, refused()),
	)
	cases = append(cases, section(Introspection, "Type Name Introspection",
		document("at-the-root", `{ __typename }`, data(typename)),
		document("of-introspection-types", `{ __schema { __typename queryType { __typename fields { __typename } } } }`, checks("the names of the types", func(d struct {
			Schema struct {
				Name  string                               `json:"__typename"`
				Query struct{ Fields []map[string]string } `json:"queryType"`
			} `json:"__schema"`
		}) error {
			for _, f := range d.Schema.Query.Fields {
				if f["__typename"] != "__Field" || d.Schema.Name != "__Schema" {
					return fmt.Errorf("got %v and %s, want __Field and __Schema", f, d.Schema.Name)
				}
			}
			return nil
		})),
		document("as-alias", `{ __schema { name: __typename } }`, data(`{"__schema":{"name":"__Schema"}}`)),
		document("with-arguments", `{ __typename(a: 1) }`, refused()),
		document("in-union", `{ pets { __typename } }`, data(`{"pets":[{"__typename":"Dog"},{"__typename":"Cat"}]}`), needs("Query.pets")),
		document("in-interface", `{ named { __typename } }`, data(`{"named":[{"__typename":"Dog"},{"__typename":"Cat"}]}`), needs("Query.named")),
		document("not-listed", `{ __type(name: "%Query%") { fields(includeDeprecated: true) { name } } }`, checks("no field that begins with two underscores", func(d struct {
			Type described `json:"__type"`
		}) error {
			if d.Type.Fields == nil {
				return errNone
			}
			for _, f := range *d.Type.Fields {
				if strings.HasPrefix(f.Name, "__") {
					return fmt.Errorf("got %s", f.Name)
				}
			}
			return nil
		})),
	)...)
	const rest = `fields { name } interfaces { name } possibleTypes { name } enumValues { name } inputFields { name } ofType { name } specifiedByURL`
	return append(cases, section(Introspection, "The __Type Type",
		document("scalar", `{ __type(name: "String") { kind name `+rest+` } }`,
			data(`{"__type":{"kind":"SCALAR","name":"String","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null,"specifiedByURL":null}}`)),
		document("object", `{ __type(name: "%Query%") { kind possibleTypes { name } enumValues { name } inputFields { name } ofType { name } specifiedByURL } }`,
			data(`{"__type":{"kind":"OBJECT","possibleTypes":null,"enumValues":null,"inputFields":null,"ofType":null,"specifiedByURL":null}}`)),
		document("introspection-type", `{ __type(name: "__Directive") { kind interfaces { name } } }`, data(`{"__type":{"kind":"OBJECT","interfaces":[]}}`)),
		document("enum", `{ __type(name: "__TypeKind") { kind name fields { name } interfaces { name } possibleTypes { name } inputFields { name } ofType { name } } }`,
			data(`{"__type":{"kind":"ENUM","name":"__TypeKind","fields":null,"interfaces":null,"possibleTypes":null,"inputFields":null,"ofType":null}}`)),
		document("input-object", `{ __type(name: "Point") { kind fields { name } interfaces { name } possibleTypes { name } enumValues { name } ofType { name } inputFields { name defaultValue } } }`,
			data(`{"__type":{"kind":"INPUT_OBJECT","fields":null,"interfaces":null,"possibleTypes":null,"enumValues":null,"ofType":null,"inputFields":[{"name":"x","defaultValue":null},{"name":"y","defaultValue":"0"},{"name":"z","defaultValue":"5"},{"name":"label","defaultValue":null},{"name":"tags","defaultValue":null},{"name":"next","defaultValue":null}]}}`), needs("Point.next")),
		document("union", `{ __type(name: "Pet") { kind fields { name } interfaces { name } possibleTypes { kind name } } }`,
			data(`{"__type":{"kind":"UNION","fields":null,"interfaces":null,"possibleTypes":[{"kind":"OBJECT","name":"Dog"},{"kind":"OBJECT","name":"Cat"}]}}`), needs("Pet")),
		document("interface", `{ __type(name: "Named") { kind fields { name } interfaces { name } } }`,
			data(`{"__type":{"kind":"INTERFACE","fields":[{"name":"name"}],"interfaces":[]}}`), needs("Named.name")),
		document("non-null", `{ __type(name: "__Schema") { fields { name type { kind name fields { name } ofType { kind } } } } }`, checks("no name and no fields, and what it is of", func(d struct {
			Type struct {
				Fields []struct {
					Name string
					Type struct {
						Kind   string
						Name   *string
						Fields *[]named
						OfType *struct{ Kind string }
					}
				}
			} `json:"__type"`
		}) error {
			for _, f := range d.Type.Fields {
				if f.Name == "types" {
					if f.Type.Kind != "NON_NULL" || f.Type.Name != nil || f.Type.Fields != nil || f.Type.OfType == nil || f.Type.OfType.Kind != "LIST" {
						return fmt.Errorf("got %+v", f.Type)
					}
					return nil
				}
			}
			return errNone
		})),
		eachType("fields-of-objects-and-interfaces-only", `fields { name }`, "fields for objects and interfaces, null for others", func(t described) error {
			return onlyFor(t.Fields != nil, t.Kind, "OBJECT", "INTERFACE")
		}),
		eachType("interfaces-of-objects-and-interfaces-only", `interfaces { name }`, "interfaces for objects and interfaces, null for others", func(t described) error {
			return onlyFor(t.Interfaces != nil, t.Kind, "OBJECT", "INTERFACE")
		}),
		eachType("possible-types-of-abstract-types-only", `possibleTypes { kind name }`, "possible types for interfaces and unions, null for others", func(t described) error {
			return onlyFor(t.PossibleTypes != nil, t.Kind, "INTERFACE", "UNION")
		}),
		eachType("possible-types-are-objects", `possibleTypes { kind name }`, "possible types that are objects", func(t described) error {
			if t.PossibleTypes == nil {
				return nil
			}
			for _, p := range *t.PossibleTypes {
				if p.Kind != "OBJECT" {
					return fmt.Errorf("%s is %s", p.Name, p.Kind)
				}
			}
			return nil
		}),
		eachType("enum-values-of-enums-only", `enumValues { name }`, "values for enums, null for others", func(t described) error {
			return onlyFor(t.EnumValues != nil, t.Kind, "ENUM")
		}),
		eachType("input-fields-of-input-objects-only", `inputFields { name }`, "input fields for input objects, null for others", func(t described) error {
			return onlyFor(t.InputFields != nil, t.Kind, "INPUT_OBJECT")
		}),
		eachType("one-of-for-input-objects-only", `isOneOf`, "true or false for input objects, null for others", func(t described) error {
			return onlyFor(t.IsOneOf != nil, t.Kind, "INPUT_OBJECT")
		}, since(September2025)),
		document("one-of-of-key", `{ key: __type(name: "Key") { isOneOf } point: __type(name: "Point") { isOneOf } }`, data(`{"key":{"isOneOf":true},"point":{"isOneOf":false}}`), needs("Key.slug", "Point.x"), since(September2025)),
		eachType("specified-by-of-scalars-only", `specifiedByURL`, "a URL for scalars at most", func(t described) error {
			if t.SpecifiedByURL != nil {
				return onlyFor(true, t.Kind, "SCALAR")
			}
			return nil
		}),
		eachType("of-type-of-named-types", `ofType { name }`, "null, because all of them have names", func(t described) error {
			if t.OfType != nil {
				return fmt.Errorf("it is of %s", t.OfType.Name)
			}
			return nil
		}),
		eachType("all-have-names", ``, "a name of each type, reserved for introspection if it begins with two underscores", func(t described) error {
			reserved := []string{"__Schema", "__Type", "__TypeKind", "__Field", "__InputValue", "__EnumValue", "__Directive", "__DirectiveLocation"}
			if t.Name == "" || strings.HasPrefix(t.Name, "__") && !slices.Contains(reserved, t.Name) {
				return fmt.Errorf("got the name %q", t.Name)
			}
			return nil
		}),
		document("names-are-unique", `{ __schema { types { name } } }`, checks("each name once, and those of introspection and of String and Boolean", func(d struct {
			Schema struct{ Types []named } `json:"__schema"`
		}) error {
			seen := map[string]int{}
			for _, t := range d.Schema.Types {
				if seen[t.Name]++; seen[t.Name] > 1 {
					return fmt.Errorf("%s is there twice", t.Name)
				}
			}
			for _, name := range []string{"String", "Boolean", "__Schema", "__Type", "__TypeKind", "__Field", "__InputValue", "__EnumValue", "__Directive", "__DirectiveLocation"} {
				if seen[name] == 0 {
					return fmt.Errorf("%s is missing", name)
				}
			}
			return nil
		})),
	)...)
}

// introspectionFields are cases of what the types of introspection themselves have.
func introspectionFields() []Case {
	has := func(id, typ string, o option, names ...string) Case {
		return document(id, `{ __type(name: "`+typ+`") { fields(includeDeprecated: true) { name args { name } } enumValues { name } } }`, checks("with "+strings.Join(names, ", "), func(d struct {
			Type described `json:"__type"`
		}) error {
			got := map[string]bool{}
			for _, list := range []*[]member{d.Type.Fields, d.Type.EnumValues} {
				if list == nil {
					continue
				}
				for _, f := range *list {
					got[f.Name] = true
					for _, a := range f.Args {
						got[f.Name+"("+a.Name+")"] = true
					}
				}
			}
			for _, name := range names {
				if !got[name] {
					return fmt.Errorf("%s is missing", name)
				}
			}
			return nil
		}), o)
	}
	return section(Introspection, "Schema Introspection Schema",
		has("schema", "__Schema", since(October2021), "description", "types", "queryType", "mutationType", "subscriptionType", "directives"),
		has("schema-directives", "__Schema", since(September2026), "directives(includeDeprecated)"),
		has("type", "__Type", since(October2021), "kind", "name", "description", "fields(includeDeprecated)", "interfaces", "possibleTypes", "enumValues(includeDeprecated)", "inputFields", "ofType", "specifiedByURL"),
		has("type-of-2025", "__Type", since(September2025), "inputFields(includeDeprecated)", "isOneOf"),
		has("field", "__Field", since(October2021), "name", "description", "args", "type", "isDeprecated", "deprecationReason"),
		has("field-arguments", "__Field", since(September2025), "args(includeDeprecated)"),
		has("input-value", "__InputValue", since(October2021), "name", "description", "type", "defaultValue"),
		has("input-value-of-2025", "__InputValue", since(September2025), "isDeprecated", "deprecationReason"),
		has("enum-value", "__EnumValue", since(October2021), "name", "description", "isDeprecated", "deprecationReason"),
		has("directive", "__Directive", since(October2021), "name", "description", "locations", "args", "isRepeatable"),
		has("directive-arguments", "__Directive", since(September2025), "args(includeDeprecated)"),
		has("directive-of-2026", "__Directive", since(September2026), "isDeprecated", "deprecationReason"),
		has("type-kinds", "__TypeKind", since(October2021), "SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL"),
		has("directive-locations", "__DirectiveLocation", since(October2021), "QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT", "VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE", "UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
		has("directive-location-of-2026", "__DirectiveLocation", since(September2026), "DIRECTIVE_DEFINITION"),
	)
}

// introspectionDeprecation are cases of what is deprecated.
func introspectionDeprecation() []Case {
	return section(Introspection, "Deprecation",
		eachType("left-out-of-fields", `fields { name isDeprecated deprecationReason }`, "no deprecated field unless asked for", noneDeprecated),
		eachType("left-out-of-enum-values", `enumValues { name isDeprecated deprecationReason }`, "no deprecated value unless asked for", noneDeprecated),
		eachType("left-out-of-input-fields", `inputFields { name isDeprecated deprecationReason }`, "no deprecated input field unless asked for", noneDeprecated, since(September2025)),
		eachType("left-out-of-arguments", `fields { name args { name isDeprecated deprecationReason } }`, "no deprecated argument unless asked for", func(t described) error {
			if t.Fields == nil {
				return nil
			}
			for _, f := range *t.Fields {
				if err := noneDeprecated(described{Fields: &f.Args}); err != nil {
					return err
				}
			}
			return nil
		}, since(September2025)),
		eachType("reason-of-fields", `fields(includeDeprecated: true) { name isDeprecated deprecationReason }`, "a reason where it is deprecated only", reasons),
		eachType("reason-of-enum-values", `enumValues(includeDeprecated: true) { name isDeprecated deprecationReason }`, "a reason where it is deprecated only", reasons),
		eachType("reason-of-input-fields", `inputFields(includeDeprecated: true) { name isDeprecated deprecationReason }`, "a reason where it is deprecated only", reasons, since(September2025)),
		document("false-is-the-default", `{ a: __type(name: "%Query%") { fields { name } } b: __type(name: "%Query%") { fields(includeDeprecated: false) { name } } }`, checks("the same fields", func(d struct{ A, B described }) error {
			if d.A.Fields == nil || d.B.Fields == nil || len(*d.A.Fields) != len(*d.B.Fields) {
				return fmt.Errorf("got %v and %v", d.A.Fields, d.B.Fields)
			}
			return nil
		})),
		document("field-and-argument", `{ __type(name: "%Query%") { fields(includeDeprecated: true) { name isDeprecated deprecationReason args(includeDeprecated: true) { name isDeprecated deprecationReason } } } }`, checks("old with its reason, and that of its argument", func(d struct {
			Type described `json:"__type"`
		}) error {
			for _, f := range *d.Type.Fields {
				if f.Name == "old" {
					if !f.IsDeprecated || *f.DeprecationReason != "Use nest." || len(f.Args) != 1 || !f.Args[0].IsDeprecated || *f.Args[0].DeprecationReason != "It has no effect." {
						return fmt.Errorf("got %+v", f)
					}
					return nil
				}
			}
			return errNone
		}), needs("Query.old"), since(September2025)),
		document("include-is-non-null", `{ __type(name: "%Query%") { fields(includeDeprecated: null) { name } } }`, refused(), since(September2025)),
		document("directives-include-deprecated", `{ __schema { directives(includeDeprecated: true) { name isDeprecated deprecationReason } } }`, succeeds(), since(September2026)),
		document("directives-left-out", `{ __schema { directives { name isDeprecated deprecationReason } } }`, checks("no deprecated directive unless asked for", func(d struct {
			Schema struct{ Directives []member } `json:"__schema"`
		}) error {
			return noneDeprecated(described{Fields: &d.Schema.Directives})
		}), since(September2026)),
	)
}

func (t described) members() []member {
	var all []member
	for _, list := range []*[]member{t.Fields, t.EnumValues, t.InputFields} {
		if list != nil {
			all = append(all, *list...)
		}
	}
	return all
}

func noneDeprecated(t described) error {
	for _, m := range t.members() {
		if m.IsDeprecated || m.DeprecationReason != nil {
			return fmt.Errorf("%s is deprecated", m.Name)
		}
	}
	return nil
}

func reasons(t described) error {
	for _, m := range t.members() {
		if m.IsDeprecated != (m.DeprecationReason != nil) {
			return fmt.Errorf("%s is deprecated: %t, and has a reason: %t", m.Name, m.IsDeprecated, m.DeprecationReason != nil)
		}
	}
	return nil
}

// introspectionDirectives are cases of the directives that every server has.
func introspectionDirectives() []Case {
	directive := func(id, name string, o option, text string, locations []string, arg, typ, value string) Case {
		return document(id, `{ __schema { directives { name locations isRepeatable args { name type { kind name ofType { kind name } } defaultValue } } } }`, checks(text, func(d struct {
			Schema struct {
				Directives []struct {
					Name         string
					Locations    []string
					IsRepeatable bool
					Args         []schemaInput
				}
			} `json:"__schema"`
		}) error {
			for _, got := range d.Schema.Directives {
				if got.Name != name {
					continue
				}
				for _, l := range locations {
					if !slices.Contains(got.Locations, l) {
						return fmt.Errorf("@%s lacks the location %s", name, l)
					}
				}
				if got.IsRepeatable {
					return fmt.Errorf("@%s is repeatable", name)
				}
				if arg == "" {
					return nil
				}
				for _, a := range got.Args {
					if a.Name == arg && strings.TrimSuffix(a.Type.String(), "!") == strings.TrimSuffix(typ, "!") && (value == "") == (a.DefaultValue == nil) && (value == "" || *a.DefaultValue == value) {
						return nil
					}
				}
				return fmt.Errorf("@%s has the arguments %+v", name, got.Args)
			}
			return fmt.Errorf("@%s is missing", name)
		}), o)
	}
	selections := []string{"FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"}
	return section(Introspection, "The __Directive Type",
		directive("skip", "skip", since(October2021), "@skip(if: Boolean!) on selections", selections, "if", "Boolean!", ""),
		directive("include", "include", since(October2021), "@include(if: Boolean!) on selections", selections, "if", "Boolean!", ""),
		directive("deprecated", "deprecated", since(October2021), "@deprecated(reason:) on fields and values", []string{"FIELD_DEFINITION", "ENUM_VALUE"}, "reason", "String", `"No longer supported"`),
		directive("deprecated-inputs", "deprecated", since(September2025), "@deprecated on arguments and input fields", []string{"ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION"}, "", "", ""),
		directive("deprecated-directives", "deprecated", since(September2026), "@deprecated on directive definitions", []string{"DIRECTIVE_DEFINITION"}, "", "", ""),
		directive("specified-by", "specifiedBy", since(October2021), "@specifiedBy(url: String!) on scalars", []string{"SCALAR"}, "url", "String!", ""),
		directive("one-of", "oneOf", since(September2025), "@oneOf on input objects", []string{"INPUT_OBJECT"}, "", "", ""),
	)
}
