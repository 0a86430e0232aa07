package validation

import (
	"fmt"
	"math"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/core"
)

// values checks literals against the types of their places (sections 5.6.1, 5.6.2 and
// 5.6.4). Variables in them are checked where they are used (section 5.8.5).
func (v *validator) values() core.Rule {
	return core.Rule{Name: valuesRule, RuleFunc: func(events *core.Events, _ core.AddErrFunc) {
		events.OnValue(func(_ *core.Walker, value *ast.Value) {
			if value.Definition != nil && value.ExpectedType != nil && value.Kind != ast.Variable {
				v.value(value)
			}
			if value.Kind == ast.Variable {
				v.variables = append(v.variables, value)
			}
		})
	}}
}

// forgetDefinitions takes the definitions from the variables of a document with several
// operations. gqlparser leaves that of the operation that was walked last, and would take
// its default when another operation runs. Those of the operation that runs are among the
// values of its variables.
func (v *validator) forgetDefinitions() {
	if len(v.doc.Operations) < 2 {
		return
	}
	for _, value := range v.variables {
		value.VariableDefinition = nil
	}
}

const valuesRule = "ValuesOfCorrectType"

func (v *validator) value(value *ast.Value) {
	t, def := value.ExpectedType, value.Definition
	switch {
	case value.Kind == ast.NullValue:
		if t.NonNull {
			v.fail(valuesRule, value.Position, fmt.Sprintf("%s cannot be null; want a value.", t))
		}
		return
	case value.Kind == ast.ListValue && t.Elem != nil:
		return // its elements are checked by themselves
	case value.Kind == ast.ListValue && def.Kind == ast.Scalar && !def.BuiltIn:
		return // as JSON may be
	case value.Kind == ast.ListValue:
		v.cannotRepresent(value, t.String(), "one value, and no list")
		return
	}
	// A value where a list is expected stands for a list of one (section 3.12).
	switch def.Kind {
	case ast.Scalar:
		if want := wantOfScalar(def.Name, value); want != "" {
			v.cannotRepresent(value, def.Name, want)
		}
	case ast.Enum:
		v.enum(value)
	case ast.InputObject:
		v.object(value)
	}
}

func (v *validator) cannotRepresent(value *ast.Value, what, want string) {
	v.fail(valuesRule, value.Position, fmt.Sprintf("%s cannot represent %s; want %s.", what, quote(value), want))
}

// wantOfScalar returns what would be right in place of a literal that a scalar cannot
// represent, and "" for one that it can. Our own scalars are checked when they are read,
// together with all else in an input, so that one error names all fields.
func wantOfScalar(name string, value *ast.Value) string {
	isText := value.Kind == ast.StringValue || value.Kind == ast.BlockValue
	ok, want := true, ""
	switch name {
	case "Int":
		_, err := strconv.ParseInt(value.Raw, 10, 32)
		ok, want = value.Kind == ast.IntValue && err == nil, "a whole number of 32 bits"
	case "Float":
		n, err := strconv.ParseFloat(value.Raw, 64)
		ok, want = (value.Kind == ast.IntValue || value.Kind == ast.FloatValue) && err == nil && !math.IsInf(n, 0), "a number of 64 bits"
	case "Boolean":
		ok, want = value.Kind == ast.BooleanValue, "true or false"
	case "ID":
		ok, want = isText || value.Kind == ast.IntValue, "a string or a whole number"
	case "String":
		ok, want = isText, "a string"
	}
	if ok {
		return ""
	}
	return want
}

// enum checks a literal of an enum.
func (v *validator) enum(value *ast.Value) {
	def := value.Definition
	if value.Kind == ast.EnumValue && def.EnumValues.ForName(value.Raw) != nil {
		return
	}
	known := make([]string, len(def.EnumValues))
	for i, e := range def.EnumValues {
		known[i] = e.Name
	}
	message := ""
	switch {
	case value.Kind == ast.EnumValue:
		message = fmt.Sprintf("%s is not a value of %s; letter case counts.", quote(value), def.Name) + v.didYouMean(value.Raw, known)
	case value.Kind == ast.StringValue || value.Kind == ast.BlockValue:
		message = fmt.Sprintf("%s cannot represent %s; want one of its values, without quotation marks.", def.Name, quote(value)) + v.didYouMean(value.Raw, known)
	default:
		message = fmt.Sprintf("%s cannot represent %s; want one of its values.", def.Name, quote(value))
	}
	v.fail(valuesRule, value.Position, message)
}

// object checks a literal of an input object; the values of its fields are checked by
// themselves.
func (v *validator) object(value *ast.Value) {
	def := value.Definition
	if value.Kind != ast.ObjectValue {
		v.cannotRepresent(value, def.Name, "an object")
		return
	}
	known := make([]string, len(def.Fields))
	for i, f := range def.Fields {
		known[i] = f.Name
		if f.Type.NonNull && f.DefaultValue == nil && value.Children.ForName(f.Name) == nil {
			v.fail(valuesRule, value.Position, fmt.Sprintf("Field %q of type %q is required by %s, and is not given.", f.Name, f.Type, def.Name))
		}
	}
	for _, child := range value.Children {
		if def.Fields.ForName(child.Name) == nil {
			v.fail(valuesRule, child.Position, fmt.Sprintf("Field %q is not defined by %s.", child.Name, def.Name)+v.didYouMean(child.Name, known))
		}
	}
	if def.Directives.ForName("oneOf") == nil {
		return
	}
	if len(value.Children) != 1 {
		v.fail(valuesRule, value.Position, fmt.Sprintf("%s must have exactly one field; %d are given.", def.Name, len(value.Children)))
		return
	}
	if only := value.Children[0]; only.Value.Kind == ast.NullValue {
		v.fail(valuesRule, only.Value.Position, fmt.Sprintf("Field %q of %s cannot be null: the one field that is given needs a value.", only.Name, def.Name))
	}
}
