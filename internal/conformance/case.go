package conformance

import (
	"slices"
	"strings"
)

// Chapter is a chapter of the GraphQL specification, or GraphQL over HTTP.
type Chapter string

// The chapters that have cases.
const (
	Language      Chapter = "2 Language"
	TypeSystem    Chapter = "3 Type System"
	Introspection Chapter = "4 Introspection"
	Validation    Chapter = "5 Validation"
	Execution     Chapter = "6 Execution"
	ResponseShape Chapter = "7 Response"
	OverHTTP      Chapter = "GraphQL over HTTP"
)

// Chapters are all chapters in order.
var Chapters = []Chapter{Language, TypeSystem, Introspection, Validation, Execution, ResponseShape, OverHTTP}

// Edition is an edition of a specification, by year and month.
type Edition string

// The editions that a case can be new in. A case without an edition holds in all of
// them, the one of October 2021 included.
const (
	October2021   Edition = "2021-10"
	September2025 Edition = "2025-09"
	September2026 Edition = "2026-09"
)

// Level is how strongly the specification says something.
type Level string

// The levels of RFC 2119 that have cases.
const (
	Must   Level = "must"
	Should Level = "should"
)

// Case is one request and what its response must be.
type Case struct {
	ID      string
	Chapter Chapter
	Section string
	Since   Edition
	Level   Level

	// Needs are schema coordinates, such as Query.echoInt, that the schema must have,
	// or one of the needs below.
	Needs []string

	// Document is the document to send, in which %Query%, %Mutation% and
	// %Subscription% stand for the names of the root types. Where At is set, it is
	// empty and made from Value.
	Document  string
	Variables string // JSON; empty: none
	Operation string // operationName; empty: none

	// At is the type of a position that a value is put into, such as Int or [Int!]!.
	At string
	// Value is a literal, or with ValueIsJSON the value of a variable of the type At.
	Value       string
	ValueIsJSON bool
	// Defines are definitions of variables, without parentheses, that Value names.
	Defines string

	// HTTP is the request where the case is about HTTP. Document and Variables are
	// not used then.
	HTTP *Request

	Want Want
}

// Needs that are no schema coordinates.
const (
	// NeedsMutation is a schema with mutations.
	NeedsMutation = "mutations"
	// NeedsSubscription is a schema with subscriptions.
	NeedsSubscription = "subscriptions"
	// NeedsGET is a server that takes GET, which is optional.
	NeedsGET = "GET"
)

// Request is an HTTP request.
type Request struct {
	Method string
	// Query is the query component of the URL, encoded.
	Query string
	// Header holds names and values by turns. Without an Accept or a Content-Type
	// in it, none is sent.
	Header []string
	Body   string
}

// Cases returns all cases, in the order of the specification.
func Cases() []Case {
	return slices.Concat(
		sourceText(), punctuators(), numbers(), strs(), blockStrings(), unicodeEscapes(),
		documents(), selections(), inputValues(), descriptions(),
		intCoercion(), floatCoercion(), stringCoercion(), booleanCoercion(), idCoercion(),
		enumCoercion(), listCoercion(), inputObjectCoercion(), oneOfCoercion(),
		introspectionTypes(), introspectionFields(), introspectionDeprecation(), introspectionDirectives(),
		validationOperations(), validationFields(), validationMerging(), validationArguments(),
		validationFragments(), validationValues(), validationDirectives(), validationVariables(),
		executionRequests(), executionArguments(), executionFields(), executionConditions(),
		executionErrors(), executionAbstract(), executionResults(),
		responseFormat(), responseErrors(),
		httpMethods(), httpRequests(), httpGET(), httpMediaTypes(), httpStatus(),
	)
}

// section sets the chapter and the section of cases.
func section(chapter Chapter, name string, cases ...Case) []Case {
	for i := range cases {
		cases[i].Chapter, cases[i].Section = chapter, name
		if cases[i].Level == "" {
			cases[i].Level = Must
		}
		if cases[i].Since == "" {
			cases[i].Since = October2021
		}
	}
	return cases
}

// option changes a case of a table.
type option func(*Case)

func since(e Edition) option       { return func(c *Case) { c.Since = e } }
func variables(json string) option { return func(c *Case) { c.Variables = json } }
func defines(text string) option   { return func(c *Case) { c.Defines = text } }
func operation(name string) option { return func(c *Case) { c.Operation = name } }
func needs(names ...string) option { return func(c *Case) { c.Needs = append(c.Needs, names...) } }
func recommended(c *Case)          { c.Level = Should }
func (c Case) with(o []option) Case {
	for _, change := range o {
		change(&c)
	}
	return c
}

// document is a case of a document.
func document(id, text string, want Want, options ...option) Case {
	c := Case{ID: id, Document: text, Want: want}
	if word := strings.TrimLeft(text, " \t\n"); strings.HasPrefix(word, "mutation") {
		c.Needs = []string{NeedsMutation}
	} else if strings.HasPrefix(word, "subscription") {
		c.Needs = []string{NeedsSubscription}
	}
	return c.with(options)
}

// literal is a case of a literal at a position of a type.
func literal(id, at, value string, want Want, options ...option) Case {
	return Case{ID: id, At: at, Value: value, Want: want}.with(options)
}

// variable is a case of a variable of a type, with a value in JSON.
func variable(id, at, value string, want Want, options ...option) Case {
	return Case{ID: id, At: at, Value: value, ValueIsJSON: true, Want: want}.with(options)
}

// exchange is a case of an HTTP request.
func exchange(id string, r Request, want Want, options ...option) Case {
	return Case{ID: id, HTTP: &r, Want: want}.with(options)
}
