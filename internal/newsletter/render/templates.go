package render

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed templates
var builtin embed.FS

// The files of templates. partials.html and partials.txt have parts that the others
// share.
const (
	pageFile     = "page.html"
	listFile     = "list.html"
	mailHTMLFile = "mail.html"
	mailTextFile = "mail.txt"
	htmlPartials = "partials.html"
	textPartials = "partials.txt"
	styleFile    = "page.css"
	printFile    = "print.css"
)

// Files returns the names of the files of templates.
func Files() []string {
	return []string{pageFile, listFile, mailHTMLFile, mailTextFile, htmlPartials, textPartials, styleFile, printFile}
}

// Templates are the templates of all renderings. They are safe for concurrent use.
type Templates struct {
	page, list, mailHTML *template.Template
	mailText             *texttemplate.Template
	style                string
}

// Builtin returns the templates that the program has.
func Builtin() *Templates {
	t, err := Load(nil)
	if err != nil {
		panic(err) // a test loads them
	}
	return t
}

// SubscriberPages is the name of a folder in that of the templates, which [Load] does not read: it has
// templates of other pages.
const SubscriberPages = "subscribers"

// Load returns the templates with the files of a folder in place of the built-in ones of
// the same name; nil for none. With a folder, all are parsed and run on sample editions, so that an
// error shows now and not when an edition is sent: the error names each file that is
// wrong, and the line. Files of another name are an error, because they would have no
// effect.
func Load(folder fs.FS) (*Templates, error) {
	own, err := fs.Sub(builtin, "templates")
	if err != nil {
		return nil, err
	}
	text := map[string]string{}
	for _, name := range Files() {
		if text[name], err = readTemplate(own, name); err != nil {
			return nil, err
		}
	}
	if folder != nil {
		if err := overlay(text, folder); err != nil {
			return nil, err
		}
	}
	t := &Templates{style: text[styleFile] + text[printFile]}
	var errs []error
	parseHTML := func(name string) *template.Template {
		parsed := template.New(name).Funcs(htmlFunctions).Option("missingkey=error")
		for _, file := range []string{htmlPartials, name} {
			tree := parsed
			if file != name {
				tree = parsed.New(file)
			}
			if _, err := tree.Parse(text[file]); err != nil {
				errs = append(errs, templateError(err))
			}
		}
		return parsed
	}
	t.page, t.list, t.mailHTML = parseHTML(pageFile), parseHTML(listFile), parseHTML(mailHTMLFile)
	t.mailText = texttemplate.New(mailTextFile).Funcs(textFunctions).Option("missingkey=error")
	if _, err := t.mailText.New(textPartials).Parse(text[textPartials]); err != nil {
		errs = append(errs, templateError(err))
	}
	if _, err := t.mailText.Parse(text[mailTextFile]); err != nil {
		errs = append(errs, templateError(err))
	}
	if strings.Contains(strings.ToLower(t.style), "</style") {
		errs = append(errs, fmt.Errorf("%s, %s: leave out </style", styleFile, printFile))
	}
	if len(errs) > 0 {
		return nil, errors.Join(distinct(errs)...)
	}
	if folder == nil {
		return t, nil // tests have run the built-in ones
	}
	return t, t.try()
}

// overlay replaces texts by the files of a folder. Hidden files, as editors and version
// control make them, are not looked at.
func overlay(text map[string]string, folder fs.FS) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		if strings.HasPrefix(name, ".") || strings.HasSuffix(name, "~") || e.IsDir() && name == SubscriberPages {
			continue
		}
		if _, known := text[name]; !known || e.IsDir() {
			errs = append(errs, fmt.Errorf("templates: %s: no template has this name; want %s", name, strings.Join(slices.Sorted(maps.Keys(text)), ", ")))
			continue
		}
		if text[name], err = readTemplate(folder, name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// maxTemplate is the size of the largest file of a template.
const maxTemplate = 1 << 20

func readTemplate(folder fs.FS, name string) (string, error) {
	raw, err := fs.ReadFile(folder, name)
	if err != nil {
		return "", fmt.Errorf("templates: %w", err)
	}
	if len(raw) > maxTemplate {
		return "", fmt.Errorf("templates: %s: want at most %d bytes, not %d", name, maxTemplate, len(raw))
	}
	return strings.ReplaceAll(string(raw), "\r\n", "\n"), nil
}

// templateError returns an error of a template without the words of the library before
// the name of the file.
func templateError(err error) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/template:"), "template: ")
	return fmt.Errorf("templates: %s", text)
}

func distinct(errs []error) []error {
	seen := map[string]bool{}
	return slices.DeleteFunc(errs, func(err error) bool {
		again := seen[err.Error()]
		seen[err.Error()] = true
		return again
	})
}

// htmlFunctions are the functions of templates of HTML.
var htmlFunctions = template.FuncMap{
	"styles": styles,
	"mail":   mailText,
	"css":    func(text string) template.CSS { return template.CSS(text) },
	"dict":   dict,
}

var textFunctions = texttemplate.FuncMap{"dict": dict}

// styles makes the argument of the function mail: elements and the style attributes that
// they get.
func styles(pairs ...string) (map[string]string, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("want pairs of an element and its style")
	}
	all := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all, nil
}

// mailText is the function mail.
func mailText(text Text, page string, styles map[string]string) template.HTML {
	return mailHTML(text.HTML, page, styles)
}

// dict makes a map for a template that is called with several values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, errors.New("want pairs of a name and its value")
	}
	all := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("want a name as a text, not %v", pairs[i])
		}
		all[name] = pairs[i+1]
	}
	return all, nil
}

// refused is what html/template writes where it cannot say what a value would do.
const refused = "ZgotmplZ"

// run runs a template of HTML.
func run(t *template.Template, data any) ([]byte, error) {
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, templateError(err)
	}
	if i := bytes.Index(out.Bytes(), []byte(refused)); i >= 0 {
		line := out.Bytes()[bytes.LastIndexByte(out.Bytes()[:i], '\n')+1:]
		line, _, _ = bytes.Cut(line, []byte("\n"))
		return nil, fmt.Errorf("templates: %s: a value is not safe in the place where it stands, as in a style or a link: %s", t.Name(), line)
	}
	return out.Bytes(), nil
}
