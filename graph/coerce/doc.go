// Package coerce turns the values that a request gives, as variables and as literals,
// into values of the schema's types: CoerceVariableValues (section 6.1.2 of the
// GraphQL specification), CoerceArgumentValues (6.4.1), and the input coercion of
// each kind of type (section 3).
//
// It replaces gqlparser's validator.VariableValues and ast.Field.ArgumentMap, which
// take an enum value in other letter case, "20" as an Int, null at positions that are
// not nullable, and one-of inputs with more than one field.
//
// Coerced values are nil, bool, int64 (Int, Long), float64 (Float), string (ID, String
// and the scalars that are texts, enums), []any and map[string]any. A field of an input
// object that is absent and has no default is not in the map.
package coerce
