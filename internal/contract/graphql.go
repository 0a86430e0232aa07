package contract

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
)

// GraphQL returns what breaks clients of a released schema, in the schema definition language, at the present one. now
// is the time at which what was deprecated is looked at.
func GraphQL(released, present string, now time.Time) ([]string, error) {
	old, err := gqlparser.LoadSchema(&ast.Source{Name: "released", Input: released})
	if err != nil {
		return nil, fmt.Errorf("the released schema: %w", err)
	}
	recent, err := gqlparser.LoadSchema(&ast.Source{Name: "present", Input: present})
	if err != nil {
		return nil, fmt.Errorf("the present schema: %w", err)
	}
	c := &schemas{breaks: breaks{now: now}, old: old, recent: recent, used: reachable(old)}
	for _, name := range slices.Sorted(maps.Keys(old.Types)) {
		c.definition(old.Types[name])
	}
	for _, name := range slices.Sorted(maps.Keys(old.Directives)) {
		c.directive(old.Directives[name])
	}
	for kind, pair := range map[string][2]*ast.Definition{"query": {old.Query, recent.Query}, "mutation": {old.Mutation, recent.Mutation}, "subscription": {old.Subscription, recent.Subscription}} {
		if pair[0] != nil && (pair[1] == nil || pair[0].Name != pair[1].Name) {
			c.add("the root type of each %s is no longer %s", kind, pair[0].Name)
		}
	}
	return c.sorted(), nil
}

// schemas is a comparison of two schemas.
type schemas struct {
	breaks
	old, recent *ast.Schema
	used        map[string]bool // the types of the old one that clients reach without what is deprecated
}

func (c *schemas) definition(old *ast.Definition) {
	if strings.HasPrefix(old.Name, "__") {
		return
	}
	recent := c.recent.Types[old.Name]
	switch {
	case recent == nil:
		if c.used[old.Name] {
			c.add("type %s was removed", old.Name)
		}
		return
	case recent.Kind != old.Kind:
		c.add("type %s was %s and is %s", old.Name, old.Kind, recent.Kind)
		return
	}
	for _, name := range old.Interfaces {
		if !slices.Contains(recent.Interfaces, name) {
			c.add("type %s no longer implements %s", old.Name, name)
		}
	}
	for _, member := range old.Types {
		if !slices.Contains(recent.Types, member) {
			c.add("%s is no longer in union %s", member, old.Name)
		}
	}
	for _, value := range old.EnumValues {
		if recent.EnumValues.ForName(value.Name) == nil {
			reason, deprecated := deprecation(value.Directives)
			c.removed(old.Name+"."+value.Name, reason, deprecated)
		}
	}
	if old.Kind == ast.InputObject {
		c.inputs(old, recent)
	} else {
		c.fields(old, recent)
	}
}

// fields compares the fields of objects and interfaces.
func (c *schemas) fields(old, recent *ast.Definition) {
	for _, field := range old.Fields {
		path := old.Name + "." + field.Name
		reason, deprecated := deprecation(field.Directives)
		now := recent.Fields.ForName(field.Name)
		if now == nil {
			c.removed(path, reason, deprecated)
			continue
		}
		if !narrower(field.Type, now.Type) {
			c.add("%s was %s and is %s", path, field.Type, now.Type)
		}
		c.arguments(path, field.Arguments, now.Arguments)
	}
}

// arguments compares the arguments of a field or a directive.
func (c *schemas) arguments(path string, old, recent ast.ArgumentDefinitionList) {
	for _, argument := range old {
		where := fmt.Sprintf("argument %s of %s", argument.Name, path)
		now := recent.ForName(argument.Name)
		if now == nil {
			reason, deprecated := deprecation(argument.Directives)
			c.removed(where, reason, deprecated)
			continue
		}
		c.input(where, argument.Type, now.Type, argument.DefaultValue, now.DefaultValue)
	}
	for _, argument := range recent {
		if old.ForName(argument.Name) == nil && argument.Type.NonNull && argument.DefaultValue == nil {
			c.add("argument %s of %s is new and required", argument.Name, path)
		}
	}
}

// inputs compares the fields of input objects.
func (c *schemas) inputs(old, recent *ast.Definition) {
	if one := recent.Directives.ForName("oneOf"); one != nil && old.Directives.ForName("oneOf") == nil {
		c.add("input %s takes one field only", old.Name)
	}
	for _, field := range old.Fields {
		path := old.Name + "." + field.Name
		now := recent.Fields.ForName(field.Name)
		if now == nil {
			reason, deprecated := deprecation(field.Directives)
			c.removed(path, reason, deprecated)
			continue
		}
		c.input(path, field.Type, now.Type, field.DefaultValue, now.DefaultValue)
	}
	for _, field := range recent.Fields {
		if old.Fields.ForName(field.Name) == nil && field.Type.NonNull && field.DefaultValue == nil {
			c.add("%s.%s is new and required", old.Name, field.Name)
		}
	}
}

// input compares what can be sent: all that could be has to be possible, and to mean the same.
func (c *schemas) input(path string, old, recent *ast.Type, oldDefault, recentDefault *ast.Value) {
	// A type that is required and has a default need not be sent.
	if !narrower(recent, old) && !(recentDefault != nil && recent.NonNull && !old.NonNull && oldDefault != nil && narrower(recent, required(old))) {
		c.add("%s was %s and is %s", path, old, recent)
	}
	if before, after := text(oldDefault), text(recentDefault); before != after {
		c.add("%s: the default was %s and is %s", path, before, after)
	}
}

func required(t *ast.Type) *ast.Type {
	strict := *t
	strict.NonNull = true
	return &strict
}

func text(v *ast.Value) string {
	if v == nil {
		return "none"
	}
	return v.String()
}

func (c *schemas) directive(old *ast.DirectiveDefinition) {
	path := "@" + old.Name
	recent := c.recent.Directives[old.Name]
	if recent == nil {
		c.add("directive %s was removed", path)
		return
	}
	for _, place := range old.Locations {
		if !slices.Contains(recent.Locations, place) {
			c.add("directive %s may no longer be on %s", path, place)
		}
	}
	if old.IsRepeatable && !recent.IsRepeatable {
		c.add("directive %s can no longer be repeated", path)
	}
	c.arguments(path, old.Arguments, recent.Arguments)
}

// narrower reports whether each value of the type now is one of the type old: the same type, perhaps without null.
func narrower(old, now *ast.Type) bool {
	if old.NonNull && !now.NonNull {
		return false
	}
	if old.Elem == nil || now.Elem == nil {
		return old.Elem == nil && now.Elem == nil && old.NamedType == now.NamedType
	}
	return narrower(old.Elem, now.Elem)
}

// deprecation returns why something is deprecated, if it is.
func deprecation(directives ast.DirectiveList) (reason string, deprecated bool) {
	d := directives.ForName("deprecated")
	if d == nil {
		return "", false
	}
	if a := d.Arguments.ForName("reason"); a != nil {
		reason = a.Value.Raw
	}
	return reason, true
}

// reachable returns the types that can be reached from the roots and directives of a schema without what is deprecated.
func reachable(s *ast.Schema) map[string]bool {
	found := map[string]bool{}
	var visit func(name string)
	arguments := func(list ast.ArgumentDefinitionList) {
		for _, a := range list {
			if _, deprecated := deprecation(a.Directives); !deprecated {
				visit(a.Type.Name())
			}
		}
	}
	visit = func(name string) {
		d := s.Types[name]
		if d == nil || found[name] {
			return
		}
		found[name] = true
		for _, f := range d.Fields {
			if _, deprecated := deprecation(f.Directives); !deprecated {
				visit(f.Type.Name())
				arguments(f.Arguments)
			}
		}
		for _, possible := range s.PossibleTypes[name] {
			visit(possible.Name)
		}
		for _, name := range d.Interfaces {
			visit(name)
		}
	}
	for _, root := range []*ast.Definition{s.Query, s.Mutation, s.Subscription} {
		if root != nil {
			visit(root.Name)
		}
	}
	for _, d := range s.Directives {
		arguments(d.Arguments)
	}
	return found
}

// Undated returns what a schema marks as deprecated without the day until which it stays.
func Undated(schema string) ([]string, error) {
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "schema", Input: schema})
	if err != nil {
		return nil, err
	}
	var b breaks
	look := func(path string, directives ast.DirectiveList) {
		if reason, deprecated := deprecation(directives); deprecated {
			if _, err := StaysUntil(reason); err != nil {
				b.add("%s: %v", path, err)
			}
		}
	}
	for _, d := range s.Types {
		if strings.HasPrefix(d.Name, "__") {
			continue
		}
		for _, v := range d.EnumValues {
			look(d.Name+"."+v.Name, v.Directives)
		}
		for _, f := range d.Fields {
			look(d.Name+"."+f.Name, f.Directives)
			for _, a := range f.Arguments {
				look(d.Name+"."+f.Name+"("+a.Name+":)", a.Directives)
			}
		}
	}
	return b.sorted(), nil
}
