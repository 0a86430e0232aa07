package conformance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Want is what a response must be.
type Want struct {
	// Text says it in words, after "want".
	Text  string
	check func(t *target, r *Response) error
}

// Response is a response of HTTP, read as a response of GraphQL.
type Response struct {
	Status int
	Media  string // of Content-Type, without parameters
	Header map[string][]string
	Body   []byte

	// Malformed says why the body is no well-formed response of GraphQL.
	Malformed error
	HasData   bool
	Data      json.RawMessage
	Errors    []Error

	// echo is where the response has the value of a position; empty where it has not.
	echo []any
	// value is the value of an enum at the position.
	value string
}

// Error is an entry of errors.
type Error struct {
	Message    string           `json:"message"`
	Locations  []Location       `json:"locations"`
	Path       []any            `json:"path"`
	Extensions *json.RawMessage `json:"extensions"`
}

// Location is a place in a document, counted from 1.
type Location struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// read reads the body. A response of GraphQL is a map with data, errors and
// extensions; errors has an entry when there is no data, and is never empty.
func (r *Response) read() {
	r.Malformed = func() error {
		var entries map[string]json.RawMessage
		if err := json.Unmarshal(r.Body, &entries); err != nil {
			return fmt.Errorf("the body is no JSON object: %w", err)
		}
		for name := range entries {
			if name != "data" && name != "errors" && name != "extensions" {
				return fmt.Errorf("the response has an entry %q", name)
			}
		}
		r.Data, r.HasData = entries["data"]
		list, ok := entries["errors"]
		if !ok {
			if !r.HasData {
				return errors.New("the response has neither data nor errors")
			}
			return nil
		}
		if err := json.Unmarshal(list, &r.Errors); err != nil {
			return fmt.Errorf("errors: %w", err)
		}
		if len(r.Errors) == 0 {
			return errors.New("errors is empty")
		}
		for _, e := range r.Errors {
			if e.Message == "" {
				return errors.New("an error has no message")
			}
			for _, l := range e.Locations {
				if l.Line < 1 || l.Column < 1 {
					return fmt.Errorf("an error has the location %d:%d; lines and columns count from 1", l.Line, l.Column)
				}
			}
		}
		return nil
	}()
}

// got shows a response in a message.
func (r *Response) got() string {
	body := strings.TrimSpace(string(r.Body))
	if len(body) > 300 {
		body = body[:300] + "…"
	}
	return fmt.Sprintf("%d %s %s", r.Status, r.Media, body)
}

func (r *Response) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: got %s", fmt.Sprintf(format, args...), r.got())
}

// wellFormed is checked before every other thing about the result of a document.
func (r *Response) wellFormed() error {
	if r.Malformed != nil {
		return r.errorf("%v", r.Malformed)
	}
	if r.Status >= 500 {
		return r.errorf("a fault of the server")
	}
	return nil
}

func wants(text string, check func(t *target, r *Response) error) Want {
	return Want{Text: text, check: func(t *target, r *Response) error {
		if err := r.wellFormed(); err != nil {
			return err
		}
		return check(t, r)
	}}
}

// data wants a result without errors whose data is equal to some JSON.
func data(want string) Want {
	return wants("data "+want, func(t *target, r *Response) error {
		want := t.named(want)
		if len(r.Errors) > 0 || !r.HasData || !sameJSON(r.Data, []byte(want)) {
			return r.errorf("want data %s", want)
		}
		return nil
	})
}

// ordered wants data as data does, and in the same order.
func ordered(want string) Want {
	return wants("data in the order "+want, func(t *target, r *Response) error {
		want := t.named(want)
		var got bytes.Buffer
		if len(r.Errors) > 0 || json.Compact(&got, r.Data) != nil || got.String() != want {
			return r.errorf("want data in the order %s", want)
		}
		return nil
	})
}

// succeeds wants data without errors.
func succeeds() Want {
	return wants("data without errors", func(_ *target, r *Response) error {
		if len(r.Errors) > 0 || !r.HasData {
			return r.errorf("want data without errors")
		}
		return nil
	})
}

// notTheDocument are statuses that refuse a request for another reason than its document.
var notTheDocument = []int{401, 403, 404, 405, 406, 413, 415, 429}

// refused wants a request error: the operation is not executed, so that there is no
// data.
func refused() Want {
	return wants("a request error, which has no data", func(_ *target, r *Response) error {
		if slices.Contains(notTheDocument, r.Status) {
			return r.errorf("want the document refused, not the request")
		}
		if len(r.Errors) == 0 || r.HasData {
			return r.errorf("want a request error, which has no data")
		}
		return nil
	})
}

// refusedAt wants a request error with one of some locations ("1:3"). An error need not
// have locations; if it has some, one must be right.
func refusedAt(locations ...string) Want {
	text := "a request error at " + strings.Join(locations, " or ")
	return wants(text, func(_ *target, r *Response) error {
		if len(r.Errors) == 0 || r.HasData {
			return r.errorf("want %s", text)
		}
		shown := false
		for _, e := range r.Errors {
			for _, l := range e.Locations {
				shown = true
				if slices.Contains(locations, fmt.Sprintf("%d:%d", l.Line, l.Column)) {
					return nil
				}
			}
		}
		if shown {
			return r.errorf("want %s", text)
		}
		return nil
	})
}

// accepts wants a value to be coerced. Where the position returns its value, it must
// be equal to some JSON; elsewhere the operation must be executed, whatever the server
// makes of the value then.
func accepts(want string) Want {
	return wants("the value "+want, func(_ *target, r *Response) error {
		want := strings.ReplaceAll(want, "%value%", r.value)
		if !r.HasData {
			return r.errorf("want the value accepted")
		}
		if len(r.echo) == 0 {
			return nil
		}
		if got, ok := at(r.Data, r.echo); len(r.Errors) > 0 || !ok || !sameJSON(got, []byte(want)) {
			return r.errorf("want the value %s", want)
		}
		return nil
	})
}

// fails wants the execution of a field to fail: an error with a path of JSON, and data.
// Empty data is not compared.
func fails(path, want string) Want {
	text := "an error with the path " + path
	if want != "" {
		text += " and data " + want
	}
	return wants(text, func(t *target, r *Response) error {
		text := t.named(text)
		if !r.HasData {
			return r.errorf("want %s, so that execution began", text)
		}
		if want := t.named(want); want != "" && !sameJSON(r.Data, []byte(want)) {
			return r.errorf("want %s", text)
		}
		for _, e := range r.Errors {
			if raw, err := json.Marshal(e.Path); err == nil && sameJSON(raw, []byte(path)) {
				return nil
			}
		}
		return r.errorf("want %s", text)
	})
}

// errs wants errors, of the request or of its execution, and nothing that was made of
// the wrong value.
func errs() Want {
	return wants("an error, and no data or data that is null", func(_ *target, r *Response) error {
		if len(r.Errors) == 0 || r.HasData && string(r.Data) != "null" {
			return r.errorf("want an error, and no data or data that is null")
		}
		return nil
	})
}

// failsInPart wants an error. The data may have what does not depend on it, and must not
// have the text.
func failsInPart(without string) Want {
	text := "an error, and no data with " + without
	return wants(text, func(_ *target, r *Response) error {
		if len(r.Errors) == 0 || strings.Contains(string(r.Data), without) {
			return r.errorf("want %s", text)
		}
		return nil
	})
}

// checks wants that a check of the data passes.
func checks[T any](text string, check func(data T) error) Want {
	return wants(text, func(_ *target, r *Response) error {
		var data T
		if len(r.Errors) > 0 || !r.HasData {
			return r.errorf("want %s", text)
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return r.errorf("want %s: %v", text, err)
		}
		if err := check(data); err != nil {
			return r.errorf("want %s: %v", text, err)
		}
		return nil
	})
}

// all wants several things.
func all(want ...Want) Want {
	texts := make([]string, len(want))
	for i, w := range want {
		texts[i] = w.Text
	}
	return Want{Text: strings.Join(texts, ", "), check: func(t *target, r *Response) error {
		for _, w := range want {
			if err := w.check(t, r); err != nil {
				return err
			}
		}
		return nil
	}}
}

// sameJSON compares values. Numbers are compared as numbers, and the order of members
// does not count.
func sameJSON(a, b []byte) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

// at returns the value at a path of names and indexes.
func at(data json.RawMessage, path []any) (json.RawMessage, bool) {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			var object map[string]json.RawMessage
			if json.Unmarshal(data, &object) != nil {
				return nil, false
			}
			value, ok := object[step]
			if !ok {
				return nil, false
			}
			data = value
		case int:
			var list []json.RawMessage
			if json.Unmarshal(data, &list) != nil || step >= len(list) {
				return nil, false
			}
			data = list[step]
		}
	}
	return data, true
}

// Errors of checks.
var (
	errNone     = errors.New("there is none")
	errNotEmpty = errors.New("one is not empty")
)

// located wants an error with one of some locations, which must be shown.
func located(locations ...string) Want {
	text := "an error that shows the location " + strings.Join(locations, " or ")
	return wants(text, func(_ *target, r *Response) error {
		if !slices.ContainsFunc(locations, r.shows) {
			return r.errorf("want %s", text)
		}
		return nil
	})
}

// errorsAt wants errors that together show all of some locations.
func errorsAt(locations ...string) Want {
	text := "errors that show the locations " + strings.Join(locations, " and ")
	return wants(text, func(_ *target, r *Response) error {
		for _, l := range locations {
			if !r.shows(l) {
				return r.errorf("want %s", text)
			}
		}
		return nil
	})
}

func (r *Response) shows(location string) bool {
	for _, e := range r.Errors {
		for _, l := range e.Locations {
			if fmt.Sprintf("%d:%d", l.Line, l.Column) == location {
				return true
			}
		}
	}
	return false
}

// errorCount wants some number of errors.
func errorCount(n int) Want {
	return wants(fmt.Sprintf("%d errors", n), func(_ *target, r *Response) error {
		if len(r.Errors) != n {
			return r.errorf("want %d errors", n)
		}
		return nil
	})
}

// errorPaths wants data, and errors none of which has the path of another. How many of
// the positions below one that became null have an error is the server's choice.
func errorPaths(want string) Want {
	return wants("data "+want+" and one error for a position at most", func(_ *target, r *Response) error {
		seen := map[string]bool{}
		for _, e := range r.Errors {
			path := fmt.Sprint(e.Path)
			if seen[path] {
				return r.errorf("want one error for %s", path)
			}
			seen[path] = true
		}
		if len(seen) == 0 || !sameJSON(r.Data, []byte(want)) {
			return r.errorf("want data %s and an error", want)
		}
		return nil
	})
}

// message wants an error with a message that contains a text.
func message(part string) Want {
	return wants("an error with the message "+part, func(_ *target, r *Response) error {
		if !slices.ContainsFunc(r.Errors, func(e Error) bool { return strings.Contains(e.Message, part) }) {
			return r.errorf("want an error with the message %s", part)
		}
		return nil
	})
}
