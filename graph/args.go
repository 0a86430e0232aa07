package graph

import (
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

// newestFirst returns the descending order of a field.
func newestFirst(field string) *order { return &order{Field: field, Direction: read.Descending} }

// allOf returns the conjunction of the filters that are not nil; nil where there is
// none.
func allOf(filters ...filter) filter {
	var all []any
	for _, f := range filters {
		if f != nil {
			all = append(all, map[string]any(f))
		}
	}
	if all == nil {
		return nil
	}
	return filter{"and": all}
}

// oneOf returns a filter of a field for one of some values; nil where values is
// nil.
func oneOf(field string, values []string) filter {
	if values == nil {
		return nil
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return filter{field: map[string]any{"in": list}}
}

// documentTypes returns the types of values of the enum DocumentType; nil where
// there are none.
func documentTypes(names []string) []domain.Type {
	var types []domain.Type
	for _, name := range names {
		if t, ok := domain.ParseType(name); ok {
			types = append(types, t)
		}
	}
	return types
}

// typesOrAll is documentTypes, but returns nil, for all types, only where names is
// nil.
func typesOrAll(names []string) []domain.Type {
	if names == nil {
		return nil
	}
	return append([]domain.Type{}, documentTypes(names)...)
}

// args returns the arguments of a connection.
func args(first *int, after *string, last *int, before *string, filter map[string]any, order *read.OrderBy) read.Args {
	return read.Args{First: first, After: after, Last: last, Before: before, Filter: filter, Order: order}
}
