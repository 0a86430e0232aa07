package syntax

import (
	"fmt"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// MaxNesting is how deep selection sets, lists, objects and list types may be nested in
// each other, counted together.
const MaxNesting = 1_000

// ExecutableDefinitions is the rule of section 5.1.1, which [Parse] checks: a request has
// operations and fragments only. The errors of all other rules are about syntax.
const ExecutableDefinitions = "ExecutableDefinitions"

// SizeError is the error of a document that is beyond a bound of the parser.
type SizeError struct{ Message string }

// Error returns the message.
func (e *SizeError) Error() string { return e.Message }

// Parse parses a document that has at most so many tokens, and returns it with the
// number of its tokens. An error is a [*gqlerror.Error] with a location, or a
// [*SizeError]; the number is then that of the tokens before it.
func Parse(text string, maxTokens int) (*ast.QueryDocument, int, error) {
	p := parser{
		lexer:     lexer{text: text, line: 1},
		source:    &ast.Source{Input: text},
		maxTokens: maxTokens,
	}
	if !utf8.ValidString(text) {
		return nil, 0, notUTF8(text)
	}
	p.advance()
	doc := p.document()
	switch {
	case p.sizeError != nil:
		return nil, p.tokens, p.sizeError
	case p.err != nil:
		return nil, p.tokens, p.err
	}
	return doc, p.tokens, nil
}

// notUTF8 returns the error of a text with a byte that is not UTF-8.
func notUTF8(text string) *gqlerror.Error {
	valid := 0
	for valid < len(text) {
		c, size := utf8.DecodeRuneInString(text[valid:])
		if c == utf8.RuneError && size == 1 {
			break
		}
		valid += size
	}
	l := lexer{text: text[:valid], line: 1}
	for l.next < valid {
		if isLineTerminator(l.text[l.next]) {
			l.skipLineTerminator()
		} else {
			l.skipCharacter()
		}
	}
	l.fail(l.here(), "the document is not UTF-8: unexpected byte 0x%02X", text[valid])
	return l.err
}

// TokenAfter returns the position of the token that comes so many tokens after the one
// at a position, in a document that [Parse] has parsed.
func TokenAfter(at *ast.Position, n int) *ast.Position {
	text := at.Src.Input
	l := lexer{text: text, line: at.Line, lineStart: at.Start - at.Column + 1}
	offset := 0
	for i := range text {
		if offset == at.Start {
			l.next = i
			break
		}
		offset++
	}
	l.continuation = l.next - at.Start
	t := l.read()
	for range n {
		t = l.read()
	}
	p := parser{source: at.Src}
	return p.position(t)
}

// parser parses a document. After the first error the token is the end of the document,
// so that all loops end.
type parser struct {
	lexer
	source    *ast.Source
	token     token // the next one
	tokens    int   // before it
	maxTokens int
	nesting   int
	sizeError *SizeError

	positions  []ast.Position  // are allocated together
	selections []ast.Selection // of the sets around the token
}

// advance returns the token and reads the next one.
func (p *parser) advance() token {
	t := p.token
	p.token = p.read()
	if p.token.kind == endOfDocument {
		return t
	}
	if p.tokens == p.maxTokens {
		p.stop("the document has more than %d tokens", p.maxTokens)
		return t
	}
	p.tokens++
	return t
}

// stop ends parsing at a bound.
func (p *parser) stop(format string, args ...any) {
	if p.err != nil || p.sizeError != nil {
		return
	}
	p.sizeError = &SizeError{fmt.Sprintf(format, args...)}
	p.end()
}

// end ends the loops.
func (p *parser) end() {
	p.next = len(p.text)
	p.token.kind = endOfDocument
}

// want records the error that something else stands in the place of the token.
func (p *parser) want(what string) {
	if p.sizeError == nil {
		p.fail(p.token.place, "want %s, found %s", what, p.token.describe(p.text))
	}
	p.end()
}

// refuse records an error at the token.
func (p *parser) refuse(format string, args ...any) {
	if p.sizeError == nil {
		p.fail(p.token.place, format, args...)
	}
	p.end()
}

// at reports whether the token is of a kind.
func (p *parser) at(k kind) bool { return p.token.kind == k }

// atKeyword reports whether the token is a name.
func (p *parser) atKeyword(word string) bool {
	return p.token.kind == name && p.text[p.token.start:p.token.end] == word
}

// skip reads the token if it is of a kind.
func (p *parser) skip(k kind) bool {
	if p.token.kind != k {
		return false
	}
	p.advance()
	return true
}

// expect reads a token of a kind.
func (p *parser) expect(k kind, what string) token {
	if p.token.kind != k {
		p.want(what)
		return p.token
	}
	return p.advance()
}

// name reads a name.
func (p *parser) name(what string) string {
	t := p.expect(name, what)
	if t.kind != name {
		return ""
	}
	return p.text[t.start:t.end]
}

// enter reports whether what begins at the token may be nested in what is around it. The
// caller has to call leave behind it.
func (p *parser) enter() bool {
	if p.nesting == MaxNesting {
		p.stop("the document is nested more than %d levels deep", MaxNesting)
		return false
	}
	p.nesting++
	return true
}

func (p *parser) leave() { p.nesting-- }

// position returns the position of a token.
func (p *parser) position(t token) *ast.Position {
	const together = 32
	if len(p.positions) == cap(p.positions) {
		p.positions = make([]ast.Position, 0, together)
	}
	p.positions = append(p.positions, ast.Position{
		Start: t.offset, End: t.offset + t.length, Line: t.line, Column: t.column(), Src: p.source,
	})
	return &p.positions[len(p.positions)-1]
}

// here returns the position of the token.
func (p *parser) here() *ast.Position { return p.position(p.token) }

// isTypeSystem reports whether a definition that begins with a word describes types.
func isTypeSystem(word string) bool {
	switch word {
	case "schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend":
		return true
	}
	return false
}

// document parses a document (section 2.3).
func (p *parser) document() *ast.QueryDocument {
	doc := &ast.QueryDocument{Position: p.here()}
	for {
		p.definition(doc)
		if p.at(endOfDocument) {
			return doc
		}
	}
}

func (p *parser) definition(doc *ast.QueryDocument) {
	described := p.token
	description, hasDescription := p.description()
	if p.at('{') {
		if hasDescription {
			p.fail(described.place, `a description needs the keyword "query" behind it; an operation without one cannot be described`)
			p.end()
			return
		}
		doc.Operations = append(doc.Operations, &ast.OperationDefinition{
			Position: p.here(), Operation: ast.Query, SelectionSet: p.selectionSet(),
		})
		return
	}
	word := ""
	if p.at(name) {
		word = p.text[p.token.start:p.token.end]
	}
	switch {
	case word == "query" || word == "mutation" || word == "subscription":
		doc.Operations = append(doc.Operations, p.operation(description))
	case word == "fragment":
		doc.Fragments = append(doc.Fragments, p.fragment(description))
	case isTypeSystem(word):
		p.refuse("a request has operations and fragments only; %q defines a type or a directive", word)
		if p.err != nil {
			p.err.Rule = ExecutableDefinitions
		}
	case hasDescription:
		p.want("an operation or a fragment after its description")
	default:
		p.want("an operation or a fragment")
	}
}

// description parses an optional description (section 2.2).
func (p *parser) description() (text string, ok bool) {
	if !p.at(stringText) && !p.at(blockText) {
		return "", false
	}
	return p.advance().value, true
}

// operation parses an operation with its keyword (section 2.4).
func (p *parser) operation(description string) *ast.OperationDefinition {
	op := &ast.OperationDefinition{Description: description, Position: p.here()}
	op.Operation = ast.Operation(p.name("an operation"))
	if p.at(name) {
		op.Name = p.name("a name")
	}
	op.VariableDefinitions = p.variableDefinitions()
	op.Directives = p.directives(false)
	op.SelectionSet = p.selectionSet()
	return op
}

// variableDefinitions parses optional definitions of variables (section 2.11).
func (p *parser) variableDefinitions() ast.VariableDefinitionList {
	if !p.skip('(') {
		return nil
	}
	var list ast.VariableDefinitionList
	for len(list) == 0 || !p.at(')') && p.err == nil && p.sizeError == nil {
		def := &ast.VariableDefinition{}
		def.Description, _ = p.description()
		def.Position = p.here()
		p.expect('$', `a variable, as in "$id: ID!"`)
		def.Variable = p.name("the name of a variable")
		p.expect(':', `":" and the type of the variable`)
		def.Type = p.typeReference()
		if p.skip('=') {
			def.DefaultValue = p.value(true)
		}
		def.Directives = p.directives(true)
		list = append(list, def)
	}
	p.expect(')', `")"`)
	return list
}

// typeReference parses a reference to a type (section 2.12).
func (p *parser) typeReference() *ast.Type {
	t := &ast.Type{Position: p.here()}
	if p.at('[') {
		if !p.enter() {
			return t
		}
		p.advance()
		t.Elem = p.typeReference()
		p.expect(']', `"]"`)
		p.leave()
	} else {
		t.NamedType = p.name("a type")
	}
	t.NonNull = p.skip('!')
	return t
}

// selectionSet parses a selection set, which may be empty (section 2.5).
func (p *parser) selectionSet() ast.SelectionSet {
	if !p.at('{') {
		p.want(`"{"`)
		return nil
	}
	if !p.enter() {
		return nil
	}
	p.advance()
	begin := len(p.selections)
	for p.at(name) || p.at(spread) {
		selection := p.selection() // also appends to p.selections, and removes that
		p.selections = append(p.selections, selection)
	}
	p.expect('}', `a field, "..." or "}"`)
	set := make(ast.SelectionSet, len(p.selections)-begin)
	copy(set, p.selections[begin:])
	p.selections = p.selections[:begin]
	p.leave()
	return set
}

func (p *parser) selection() ast.Selection {
	if p.at(spread) {
		return p.spread()
	}
	f := &ast.Field{Position: p.here()}
	f.Name = p.name("a field")
	f.Alias = f.Name
	if p.skip(':') {
		f.Name = p.name("the name of a field")
	}
	f.Arguments = p.arguments(false)
	f.Directives = p.directives(false)
	if p.at('{') {
		f.SelectionSet = p.selectionSet()
	}
	return f
}

// spread parses a fragment spread or an inline fragment (section 2.9).
func (p *parser) spread() ast.Selection {
	at := p.here()
	p.advance()
	if p.at(name) && !p.atKeyword("on") {
		return &ast.FragmentSpread{Position: at, Name: p.name("a fragment"), Directives: p.directives(false)}
	}
	f := &ast.InlineFragment{Position: at}
	if p.at(name) {
		p.advance()
		f.TypeCondition = p.name(`a type after "on"`)
	}
	f.Directives = p.directives(false)
	if len(f.Directives) == 0 && f.TypeCondition == "" && !p.at('{') {
		p.want(`the name of a fragment, "on", "@" or "{" after "..."`)
		return f
	}
	f.SelectionSet = p.selectionSet()
	return f
}

func (p *parser) fragment(description string) *ast.FragmentDefinition {
	f := &ast.FragmentDefinition{Description: description, Position: p.here()}
	p.advance()
	if p.atKeyword("on") {
		p.refuse(`want the name of a fragment, which cannot be "on"`)
		return f
	}
	f.Name = p.name("the name of a fragment")
	if p.at('(') {
		p.refuse(`want "on" and a type, found "("; a fragment has no variables of its own`)
		return f
	}
	if !p.atKeyword("on") {
		p.want(`"on" and a type`)
		return f
	}
	p.advance()
	f.TypeCondition = p.name(`a type after "on"`)
	f.Directives = p.directives(false)
	f.SelectionSet = p.selectionSet()
	return f
}

// arguments parses optional arguments (section 2.7).
func (p *parser) arguments(constant bool) ast.ArgumentList {
	if !p.skip('(') {
		return nil
	}
	var list ast.ArgumentList
	for len(list) == 0 || p.at(name) {
		a := &ast.Argument{Position: p.here()}
		a.Name = p.name("an argument")
		p.expect(':', `":" and a value`)
		a.Value = p.value(constant)
		list = append(list, a)
	}
	p.expect(')', `an argument or ")"`)
	return list
}

// directives parses directives (section 2.13).
func (p *parser) directives(constant bool) ast.DirectiveList {
	var list ast.DirectiveList
	for p.at('@') {
		d := &ast.Directive{Position: p.here()}
		p.advance()
		d.Name = p.name("the name of a directive")
		d.Arguments = p.arguments(constant)
		list = append(list, d)
	}
	return list
}

// value parses a value (section 2.10). A constant one has no variables.
func (p *parser) value(constant bool) *ast.Value {
	v := &ast.Value{Position: p.here()}
	t := p.token
	switch t.kind {
	case '[':
		v.Kind = ast.ListValue
		v.Children = p.list(constant)
		return v
	case '{':
		v.Kind = ast.ObjectValue
		v.Children = p.object(constant)
		return v
	case '$':
		if constant {
			p.refuse("a variable cannot stand here; want a constant")
			return v
		}
		p.advance()
		v.Kind, v.Raw = ast.Variable, p.name("the name of a variable")
		return v
	case stringText:
		v.Kind, v.Raw = ast.StringValue, t.value
	case blockText:
		v.Kind, v.Raw = ast.BlockValue, t.value
	case intNumber:
		v.Kind, v.Raw = ast.IntValue, p.text[t.start:t.end]
	case floatNumber:
		v.Kind, v.Raw = ast.FloatValue, p.text[t.start:t.end]
	case name:
		v.Raw = p.text[t.start:t.end]
		v.Kind = kindOfName(v.Raw)
	default:
		p.want("a value")
		return v
	}
	p.advance()
	return v
}

func kindOfName(s string) ast.ValueKind {
	switch s {
	case "true", "false":
		return ast.BooleanValue
	case "null":
		return ast.NullValue
	}
	return ast.EnumValue
}

func (p *parser) list(constant bool) ast.ChildValueList {
	if !p.enter() {
		return nil
	}
	p.advance()
	var values ast.ChildValueList
	for !p.at(']') && !p.at(endOfDocument) {
		values = append(values, &ast.ChildValue{Value: p.value(constant)})
	}
	p.expect(']', `a value or "]"`)
	p.leave()
	return values
}

func (p *parser) object(constant bool) ast.ChildValueList {
	if !p.enter() {
		return nil
	}
	p.advance()
	var fields ast.ChildValueList
	for p.at(name) {
		f := &ast.ChildValue{Position: p.here()}
		f.Name = p.name("a field")
		p.expect(':', `":" and a value`)
		f.Value = p.value(constant)
		fields = append(fields, f)
	}
	p.expect('}', `a field of the object or "}"`)
	p.leave()
	return fields
}
