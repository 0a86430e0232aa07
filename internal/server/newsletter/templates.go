package newsletter

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/server/page"
)

//go:embed templates
var embedded embed.FS

const styleFile = "style.css"

// templateFiles are the files of the pages, which a publisher can replace.
func templateFiles() []string {
	return []string{"layout.html", "subscribe.html", "wait.html", "message.html", "preferences.html"}
}

// view is what templates are executed with.
type view struct {
	Title, Text string
	Publisher   string
	Language    string
	Languages   []languageLink // the page in other languages
	Words       Words
	Style       template.CSS
	Icon        template.URL

	Form          *formView               // of subscribe.html
	Hidden        []hiddenField           // of wait.html
	Preferences   *newsletter.Preferences // of preferences.html
	MailLanguages []languageLink
	Status        string

	Alert          bool // of message.html
	Button, More   string
	Link, LinkText string
}

type languageLink struct {
	Tag, Name, URL string
	Here           bool
}

type hiddenField struct{ Name, Value string }

// formView is the form of a sign-up.
type formView struct {
	Email, Stamp                         string
	Single                               string // the only series
	Series                               []seriesChoice
	Languages                            []languageLink
	Problem, EmailProblem, SeriesProblem string
}

type seriesChoice struct {
	Slug, Title, Language string
	Chosen                bool
}

// templates are the parsed pages, and their style.
type templates struct {
	pages  map[string]*template.Template
	style  string
	policy string
}

// parse returns the templates. Files of folder, which may be nil, replace the built-in ones.
// With a folder, all are executed once, so that a mistake shows at the start.
func parse(folder fs.FS) (*templates, error) {
	if err := checkNames(folder); err != nil {
		return nil, err
	}
	read := func(name string) (string, error) {
		if folder != nil {
			text, err := fs.ReadFile(folder, name)
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				return string(text), err
			}
		}
		text, err := embedded.ReadFile("templates/" + name)
		return string(text), err
	}
	t := &templates{pages: map[string]*template.Template{}}
	var err error
	if t.style, err = read(styleFile); err != nil {
		return nil, fmt.Errorf("read %s: %w", styleFile, err)
	}
	t.policy = page.FormPolicy(t.style)
	layout, err := read("layout.html")
	if err != nil {
		return nil, fmt.Errorf("read layout.html: %w", err)
	}
	for _, name := range templateFiles()[1:] {
		text, err := read(name)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		parsed, err := template.New("layout.html").Parse(layout)
		if err == nil {
			parsed, err = parsed.New(name).Parse(text)
		}
		if err == nil && folder != nil { // tests have run the built-in ones
			err = parsed.Execute(io.Discard, sample())
		}
		if err != nil {
			return nil, fmt.Errorf("a template of the pages of subscribers: %w", err)
		}
		t.pages[name] = parsed
	}
	return t, nil
}

// checkNames returns an error for files that replace no template, and so would have no effect. Hidden files are not
// looked at.
func checkNames(folder fs.FS) error {
	if folder == nil {
		return nil
	}
	entries, err := fs.ReadDir(folder, ".")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the templates of the pages of subscribers: %w", err)
	}
	known := append(templateFiles(), styleFile)
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") && !strings.HasSuffix(e.Name(), "~") && !slices.Contains(known, e.Name()) {
			return fmt.Errorf("no template of the pages of subscribers has the name %s; want %s", e.Name(), strings.Join(known, ", "))
		}
	}
	return nil
}

// sample is what templates are executed with at the start.
func sample() view {
	return view{
		Title: "Title", Text: "Text", Publisher: "Publisher", Language: "en", Words: english(),
		Languages: []languageLink{{"en", "English", "?lang=en", true}}, MailLanguages: []languageLink{{"en", "English", "", true}},
		Form: &formView{Email: "reader@example.org", Problem: "Problem", EmailProblem: "Problem", SeriesProblem: "Problem",
			Series: []seriesChoice{{"series", "Series", "en", true}}, Languages: []languageLink{{"en", "English", "", true}}},
		Hidden:      []hiddenField{{"name", "value"}},
		Preferences: &newsletter.Preferences{Email: "r…@example.org", Language: "en", Series: []newsletter.Choice{{ID: 1, Title: "Series", Subscribed: true}}},
		Status:      "Saved", Alert: true, Button: "Button", More: "More", Link: "subscribe", LinkText: "Link",
	}
}
