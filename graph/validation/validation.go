// Package validation checks documents against the schema, by section 5 of the GraphQL
// specification, edition of September 2026. It uses the rules of gqlparser where they are
// those of the specification, and has its own where they differ: docs/graphql.md lists
// them. Rules have the names of the specification's sections.
//
// It also checks what the edition adds to the validity of a schema and gqlparser does not
// know: see [UninhabitableOneOfs].
package validation

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
	"github.com/vektah/gqlparser/v2/validator/core"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Validate checks a document, and sets the definitions that its nodes refer to. The errors
// are in the order of their places. suggest lets messages name what of the schema a wrong
// name may stand for; without it they only repeat what is in the document.
func Validate(schema *ast.Schema, doc *ast.QueryDocument, suggest bool) gqlerror.List {
	v := &validator{schema: schema, doc: doc, suggest: suggest}
	events := &core.Events{}
	for _, rule := range v.rules() {
		rule.RuleFunc(events, func(options ...core.ErrorOption) {
			err := &gqlerror.Error{Rule: rule.Name}
			for _, option := range options {
				option(err)
			}
			v.add(err)
		})
	}
	core.Walk(schema, doc, events)
	v.overlappingFields()
	if len(v.errs) == 0 {
		v.forgetDefinitions()
	}
	slices.SortStableFunc(v.errs, comparePlaces)
	return v.errs
}

// validator holds what the rules need of a document, and what they found.
type validator struct {
	schema  *ast.Schema
	doc     *ast.QueryDocument
	suggest bool
	errs    gqlerror.List

	variables []*ast.Value // where they are used
}

// rules returns the rules that the walk over the document runs.
func (v *validator) rules() []core.Rule {
	all := []core.Rule{
		rules.FieldsOnCorrectTypeRuleWithoutSuggestions,
		rules.KnownDirectivesRule,
		rules.KnownFragmentNamesRule,
		rules.KnownRootTypeRule,
		rules.MaxIntrospectionDepth,
		rules.NoFragmentCyclesRule,
		rules.NoUndefinedVariablesRule,
		rules.NoUnusedVariablesRule,
		rules.PossibleFragmentSpreadsRule,
		rules.ProvidedRequiredArgumentsRule,
		rules.UniqueArgumentNamesRule,
		rules.UniqueDirectivesPerLocationRule,
		rules.UniqueInputFieldNamesRule,
		rules.UniqueVariableNamesRule,
		rules.VariablesAreInputTypesRule,
		rules.VariablesInAllowedPositionRule,
		v.names(),
		v.knownTypes(),
		v.unusedFragments(),
		v.knownArguments(),
		v.leafs(),
		v.singleFieldSubscriptions(),
		v.values(),
	}
	if v.suggest {
		all[0] = rules.FieldsOnCorrectTypeRule
	}
	return all
}

// add adds an error, unless it is there: the walk comes by a fragment for each operation
// that uses it, and once more for itself.
func (v *validator) add(err *gqlerror.Error) {
	same := func(other *gqlerror.Error) bool {
		return other.Message == err.Message && slices.Equal(other.Locations, err.Locations)
	}
	if !slices.ContainsFunc(v.errs, same) && len(v.errs) < maxErrors {
		v.errs = append(v.errs, err)
	}
}

// maxErrors is how many errors a document has at most.
const maxErrors = 200

// fail adds an error of a rule at a position.
func (v *validator) fail(rule string, at *ast.Position, message string) {
	v.add(&gqlerror.Error{Rule: rule, Message: message, Locations: []gqlerror.Location{{Line: at.Line, Column: at.Column}}})
}

// didYouMean returns a question that names what a wrong name may stand for, or "".
func (v *validator) didYouMean(name string, known []string) string {
	if !v.suggest || len(v.errs) == maxErrors {
		return ""
	}
	slices.Sort(known)
	similar := core.SuggestionList(name, known)
	if len(similar) == 0 {
		return ""
	}
	return " Did you mean " + core.QuotedOrList(similar...) + "?"
}

func comparePlaces(a, b *gqlerror.Error) int {
	p, q := place(a), place(b)
	if p.Line != q.Line {
		return p.Line - q.Line
	}
	return p.Column - q.Column
}

func place(err *gqlerror.Error) gqlerror.Location {
	if len(err.Locations) == 0 {
		return gqlerror.Location{}
	}
	return err.Locations[len(err.Locations)-1]
}

// maxQuoted is how many bytes of a value are quoted in a message.
const maxQuoted = 60

// quote returns a value as it is written in a document, cut where it is long.
func quote(value *ast.Value) string {
	s := value.String()
	if len(s) <= maxQuoted {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuoted], "") + "…"
}
