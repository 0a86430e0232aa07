package conformance

import (
	"bytes"
	"encoding/json"
)

// responseFormat are cases of the format of responses.
func responseFormat() []Case {
	return section(ResponseShape, "Response Format",
		document("no-errors-entry-without-errors", `{ __typename }`, wants("no entry errors", func(_ *target, r *Response) error {
			var entries map[string]json.RawMessage
			if err := json.Unmarshal(r.Body, &entries); err != nil {
				return err
			}
			if _, ok := entries["errors"]; ok || !r.HasData {
				return r.errorf("want data and no entry errors")
			}
			return nil
		})),
		document("no-data-entry-when-not-parsed", `{`, refused()),
		document("no-data-entry-when-not-valid", `{ nothingOfThisName }`, refused()),
		document("no-data-entry-when-no-operation", `query A { __typename }`, refused(), operation("B")),
		document("no-data-entry-when-variables-are-wrong", `query ($n: String!) { __type(name: $n) { name } }`, refused(), variables(`{"n": 1}`)),
		document("data-is-null", `{ nestNonNull { failNonNull } }`, fails(`["nestNonNull","failNonNull"]`, "null"), needs("Query.nestNonNull")),
		document("extensions-is-a-map", `{ __typename }`, wants("extensions that is a map, if there", func(_ *target, r *Response) error {
			var body struct{ Extensions map[string]any }
			if err := json.Unmarshal(r.Body, &body); err != nil {
				return r.errorf("want extensions that is a map: %v", err)
			}
			return nil
		})),
		document("names-are-unique-in-json", `{ a: __typename a: __typename b: __typename }`, wants("each member once", func(_ *target, r *Response) error {
			if bytes.Count(r.Data, []byte(`"a"`)) != 1 {
				return r.errorf("want a once")
			}
			return nil
		})),
		document("text-of-any-script", `query ($n: String!) { __type(name: $n) { name } 漢: __typename }`, refused(), variables(`{"n": "Int"}`)),
		literal("escapes-in-json", "String", `"\u0000\u001f\"\\/é🦊"`, accepts(`"\u0000\u001f\"\\/é🦊"`)),
	)
}

// responseErrors are cases of the entries of errors.
func responseErrors() []Case {
	noPath := wants("no path, because nothing was executed", func(_ *target, r *Response) error {
		for _, e := range r.Errors {
			if len(e.Path) > 0 {
				return r.errorf("want no path, because nothing was executed")
			}
		}
		return nil
	})
	return section(ResponseShape, "Errors",
		document("location-counts-from-one", `{ nothingOfThisName }`, refusedAt("1:3")),
		document("location-is-shown", `{ nothingOfThisName }`, located("1:3"), recommended),
		document("location-of-nested-field", "{\n  __schema {\n    nothingOfThisName\n  }\n}", located("3:5"), recommended),
		document("location-behind-tab", "{\n\tnothingOfThisName\n}", refusedAt("2:2")),
		document("location-behind-block-string", "{ a: __type(name: \"\"\"\n\n\"\"\") { name }\n nothingOfThisName }", refusedAt("4:2")),
		document("location-behind-comment", "# one\n{ # two\n nothingOfThisName }", refusedAt("3:2")),
		document("location-behind-commas", ",,{,,nothingOfThisName }", refusedAt("1:6")),
		document("location-of-syntax", "{\n  __typename\n  !\n}", refusedAt("3:3")),
		document("location-of-syntax-is-shown", "{\n  __typename\n  !\n}", located("3:3"), recommended),
		document("location-of-unclosed", "{\n  __typename\n", refusedAt("3:1", "2:13", "2:3", "1:1")),
		document("no-path-of-request-errors", `{ nothingOfThisName }`, noPath, recommended),
		document("no-path-of-wrong-variables", `query ($n: String!) { __type(name: $n) { name } }`, noPath, variables(`{"n": 1}`), recommended),
		document("extensions-are-maps", `{ nothingOfThisName }`, wants("extensions that are maps, if there", func(_ *target, r *Response) error {
			for _, e := range r.Errors {
				var m map[string]any
				if e.Extensions != nil && json.Unmarshal(*e.Extensions, &m) != nil {
					return r.errorf("want extensions that are maps")
				}
			}
			return nil
		})),
		document("no-other-entries", `{ nothingOfThisName }`, wants("message, locations, path and extensions only", func(_ *target, r *Response) error {
			var body struct{ Errors []map[string]any }
			if err := json.Unmarshal(r.Body, &body); err != nil {
				return err
			}
			for _, e := range body.Errors {
				for name := range e {
					if name != "message" && name != "locations" && name != "path" && name != "extensions" {
						return r.errorf("want no entry %s", name)
					}
				}
			}
			return nil
		}), recommended),
		document("location-of-execution-error", "{\n  nest {\n    fail\n  }\n}", located("3:5"), needs("Query.nest"), recommended),
		document("location-of-null-variable", "query ($n: String = \"Int\") {\n  __type(name: $n) { name }\n}", located("2:3", "2:10", "2:16"), variables(`{"n": null}`), recommended),
		document("several-errors-are-reported", "{ nothingOne nothingTwo }", errorsAt("1:3", "1:14"), recommended),
	)
}
