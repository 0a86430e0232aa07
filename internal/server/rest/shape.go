package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
)

// shape is the places in a result at which there are connections, which are written in
// another form. Nil: there are none.
type shape struct {
	connection bool
	fields     map[string]*shape // of the object; of a connection, of its elements
	elements   string            // of a connection: the field that has them
	more       []string          // of a connection: other fields, in their order
}

// shapeOf is the shape of a field's value.
func shapeOf(f *ast.Field) *shape {
	s := &shape{connection: isConnection(f), fields: map[string]*shape{}}
	of := f
	if s.connection {
		if of = elements(f); of == nil {
			return s
		}
		s.elements = of.Alias
		for _, field := range others(f) {
			s.more = append(s.more, field.Alias)
		}
	}
	for _, field := range flatten(of.SelectionSet) {
		if inner := shapeOf(field); inner != nil {
			s.fields[field.Alias] = inner
		}
	}
	if !s.connection && len(s.fields) == 0 {
		return nil
	}
	return s
}

// elements returns the field of a connection whose value is the page: its nodes, or its edges where something
// that only they have is selected. Nil: neither is.
func elements(f *ast.Field) *ast.Field {
	if nodes := member(f, "nodes"); nodes != nil {
		return nodes
	}
	return member(f, "edges")
}

// others returns the fields of a connection that have no form of their own here.
func others(f *ast.Field) []*ast.Field {
	return slices.DeleteFunc(flatten(f.SelectionSet), func(field *ast.Field) bool {
		return slices.Contains([]string{"nodes", "edges", "pageInfo", "totalCount", "head"}, field.Name)
	})
}

// cursors are the cursors of the pages before and after a page; nil where there is none.
type cursors struct{ next, previous *string }

// write writes a value of a GraphQL result in the form of this API. It returns the
// cursors of a connection.
func (s *shape) write(out *bytes.Buffer, value json.RawMessage) (cursors, error) {
	if s == nil || len(value) == 0 || value[0] != '{' && value[0] != '[' {
		out.Write(value)
		return cursors{}, nil
	}
	switch {
	case value[0] == '[':
		return cursors{}, s.list(out, value)
	case s.connection:
		return s.page(out, value)
	}
	return cursors{}, s.object(out, value)
}

func (s *shape) list(out *bytes.Buffer, value json.RawMessage) error {
	var elements []json.RawMessage
	if err := json.Unmarshal(value, &elements); err != nil {
		return err
	}
	out.WriteByte('[')
	for i, element := range elements {
		if i > 0 {
			out.WriteByte(',')
		}
		if _, err := s.write(out, element); err != nil {
			return err
		}
	}
	out.WriteByte(']')
	return nil
}

// object writes an object's members in their order.
func (s *shape) object(out *bytes.Buffer, value json.RawMessage) error {
	in := json.NewDecoder(bytes.NewReader(value))
	if _, err := in.Token(); err != nil {
		return err
	}
	out.WriteByte('{')
	for i := 0; in.More(); i++ {
		if i > 0 {
			out.WriteByte(',')
		}
		token, err := in.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return fmt.Errorf("%v is no name of a member", token)
		}
		var inner json.RawMessage
		if err := in.Decode(&inner); err != nil {
			return err
		}
		out.WriteString(`"` + name + `":`) // a name of GraphQL has no character to escape
		if _, err := s.fields[name].write(out, inner); err != nil {
			return err
		}
	}
	out.WriteByte('}')
	return nil
}

func (s *shape) page(out *bytes.Buffer, value json.RawMessage) (cursors, error) {
	var c struct {
		PageInfo struct {
			HasNextPage     bool
			EndCursor       *string
			HasPreviousPage *bool // nil: it is not selected
			StartCursor     *string
		}
		TotalCount *int
		Head       *string
	}
	if err := json.Unmarshal(value, &c); err != nil {
		return cursors{}, err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(value, &members); err != nil {
		return cursors{}, err
	}
	of := cursors{}
	if c.PageInfo.HasNextPage {
		of.next = c.PageInfo.EndCursor
	}
	if c.PageInfo.HasPreviousPage != nil && *c.PageInfo.HasPreviousPage {
		of.previous = c.PageInfo.StartCursor
	}
	nodes := &shape{fields: s.fields}
	out.WriteString(`{"data":`)
	if _, err := nodes.write(out, members[s.elements]); err != nil {
		return cursors{}, err
	}
	out.WriteString(`,"page":{"next":`)
	writeCursor(out, of.next)
	if c.PageInfo.HasPreviousPage != nil {
		out.WriteString(`,"previous":`)
		writeCursor(out, of.previous)
	}
	out.WriteByte('}')
	if c.TotalCount != nil {
		fmt.Fprintf(out, `,"totalCount":%d`, *c.TotalCount)
	}
	if c.Head != nil {
		out.WriteString(`,"head":`)
		writeCursor(out, c.Head)
	}
	for _, name := range s.more {
		if member, ok := members[name]; ok {
			out.WriteString(`,"` + name + `":`)
			out.Write(member)
		}
	}
	out.WriteByte('}')
	return of, nil
}

func writeCursor(out *bytes.Buffer, cursor *string) {
	text, _ := json.Marshal(cursor) // of a string
	out.Write(text)
}
