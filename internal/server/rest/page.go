package rest

import (
	"bytes"
	_ "embed" // the page and its style
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/server/page"
)

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// The data of the page's template. It is the same as in the OpenAPI description.
type (
	pageSection struct {
		ID, Name, About string
		Routes          []pageRoute
	}
	pageRoute struct {
		ID, Path, Summary string
		About             template.HTML
		Parameters        []pageParameter
		Fields            []pageField
		Examples          []pageExample
		Document          string
	}
	pageParameter struct {
		Name, Type, Default string
		Path                bool
		About               template.HTML
		Values              []pageValue
	}
	pageValue struct {
		Name  string
		About template.HTML
	}
	pageField struct {
		Name, Type string
		About      template.HTML
		Fields     []pageField
	}
	pageExample struct {
		Request  string
		Response template.HTML
	}
	pageProblem struct {
		ID, Code, Title string
		Status          int
		About           template.HTML
	}
)

func (a *API) page() []byte {
	var shown []pageSection
	for _, section := range sections {
		s := pageSection{ID: strings.ToLower(section.name), Name: section.name, About: section.about}
		for _, r := range a.routes {
			if r.section == section.name {
				s.Routes = append(s.Routes, a.pageRoute(r))
			}
		}
		if len(s.Routes) > 0 {
			shown = append(shown, s)
		}
	}
	var problems []pageProblem
	for _, code := range codes() {
		problems = append(problems, pageProblem{anchor(code), code, kinds[code].title, kinds[code].status, prose(kinds[code].about)})
	}
	var out bytes.Buffer
	err := template.Must(template.New("page").Parse(pageText)).Execute(&out, map[string]any{
		"Style": template.CSS(page.Style + pageStyle), "Icon": page.Icon, "Header": page.Header("", page.Docs, ""), "Introduction": prose(introduction), "Sections": shown, "Problems": problems,
	})
	if err != nil {
		panic(err) // the page and what is in it are constants
	}
	return out.Bytes()
}

func (a *API) pageRoute(r *route) pageRoute {
	out := pageRoute{ID: r.operation, Path: r.path, Summary: r.summary, About: prose(r.description), Document: r.source}
	for _, p := range r.parameters {
		shown := pageParameter{Name: p.name, Path: p.path, Type: p.typeDescription(), About: prose(p.about)}
		switch {
		case p.initial != nil:
			shown.Default = p.initial.Raw
		case p.standard != nil:
			shown.Default = fmt.Sprint(p.standard)
		}
		if p.def.Kind == ast.Enum {
			for _, v := range p.def.EnumValues {
				shown.Values = append(shown.Values, pageValue{v.Name, prose(v.Description)})
			}
		}
		out.Parameters = append(out.Parameters, shown)
	}
	if r.isList() {
		out.Fields = a.pageFields(elements(r.resultField).SelectionSet)
	} else {
		out.Fields = a.pageFields(r.resultField.SelectionSet)
	}
	for i, example := range r.examples {
		shown := pageExample{Request: example}
		if body, err := exampleFiles.ReadFile(exampleFile(r.operation, i)); err == nil {
			shown.Response = coloured(string(bytes.TrimSpace(body)))
		}
		out.Examples = append(out.Examples, shown)
	}
	return out
}

// typeDescription describes the values of a parameter.
func (p *parameter) typeDescription() string {
	if p.path {
		return "slug or id"
	}
	word := map[string]string{
		"String": "text", "Boolean": "true or false", "DateTime": "time", "Date": "year, month or day", "Int": "whole number",
	}[p.def.Name]
	switch {
	case p.def.Kind == ast.Enum:
		word = "one of the values"
	case p.most > 0:
		word = fmt.Sprintf("%d to %d", p.least, p.most)
	case word == "":
		word = p.def.Name
	}
	if p.list() {
		return strings.Replace(word, "one of the values", "value", 1) + ", one or several"
	}
	return word
}

func (a *API) pageFields(set ast.SelectionSet) []pageField {
	var all []pageField
	for _, f := range flatten(set) {
		if slices.ContainsFunc(all, func(p pageField) bool { return p.Name == f.Alias }) {
			continue
		}
		shown := pageField{Name: f.Alias, About: prose(f.Definition.Description), Type: typeWords(f.Definition.Type)}
		if isConnection(f) {
			shown.Type = "page"
			if nodes := elements(f); nodes != nil {
				shown.Type, shown.Fields = "page of "+nodes.Definition.Type.Name(), a.pageFields(nodes.SelectionSet)
			}
		} else if len(f.SelectionSet) > 0 {
			shown.Fields = a.pageFields(f.SelectionSet)
		}
		all = append(all, shown)
	}
	return all
}

func typeWords(t *ast.Type) string {
	words := t.Name()
	if t.Elem != nil {
		words = "list of " + words
	}
	if !t.NonNull {
		words += " or null"
	}
	return words
}

var (
	codeText   = regexp.MustCompile("`([^`]+)`")
	strongText = regexp.MustCompile(`\*\*([^*]+)\*\*`)
	jsonToken  = regexp.MustCompile(`(&#34;(?:[^&\\]|\\.|&[^#]|&#[^3]|&#3[^4])*&#34;)(\s*:)?|\b(true|false|null|-?\d+(?:\.\d+)?)\b`)
)

// prose renders the Markdown that descriptions use: paragraphs, code and strong text.
func prose(text string) template.HTML {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		safe := template.HTMLEscapeString(oneLine(paragraph))
		safe = codeText.ReplaceAllString(safe, "<code>$1</code>")
		out.WriteString("<p>" + strongText.ReplaceAllString(safe, "<strong>$1</strong>") + "</p>")
	}
	return template.HTML(out.String())
}

// coloured marks the names, strings and other values in a JSON text for the style.
func coloured(text string) template.HTML {
	return template.HTML(jsonToken.ReplaceAllStringFunc(template.HTMLEscapeString(text), func(token string) string {
		m := jsonToken.FindStringSubmatch(token)
		switch {
		case m[1] != "" && m[2] != "":
			return `<span class="name">` + m[1] + "</span>" + m[2]
		case m[1] != "":
			return `<span class="text">` + m[1] + "</span>"
		}
		return `<span class="value">` + m[3] + "</span>"
	}))
}
