package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/google/go-cmp/cmp"
)

// place is the position of a row in a list: what a cursor contains.
type place struct {
	Value string `json:"v"`
	ID    string `json:"i"`
}

func (p place) String() string { return p.Value + " " + p.ID }

// decodeCursor reads a cursor of either side.
func decodeCursor(cursor string) (place, error) {
	var p place
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	return p, err
}

// compareResponse compares a response with the data that it has to have. Extensions are
// not compared, and of cursors the contents are.
func compareResponse(body []byte, want any) error {
	var got struct {
		Data   any
		Errors json.RawMessage
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return fmt.Errorf("%w in %.200s", err, body)
	}
	if len(got.Errors) > 0 {
		return fmt.Errorf("errors: %.500s", got.Errors)
	}
	openCursors(got.Data)
	// By way of JSON, so that equal values have equal types.
	a, err := json.Marshal(got.Data)
	if err != nil {
		return err
	}
	b, err := json.Marshal(want)
	if err != nil {
		return err
	}
	if bytes.Equal(a, b) {
		return nil
	}
	var wanted any
	if err := json.Unmarshal(b, &wanted); err != nil {
		return err
	}
	return fmt.Errorf("the response differs (-want +got): %.3000s", cmp.Diff(wanted, got.Data))
}

func openCursors(v any) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if cursor, ok := value.(string); ok && key == "endCursor" {
				if p, err := decodeCursor(cursor); err == nil {
					v[key] = p.String()
				}
				continue
			}
			openCursors(value)
		}
	case []any:
		for _, e := range v {
			openCursors(e)
		}
	}
}
