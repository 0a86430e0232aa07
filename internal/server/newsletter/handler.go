package newsletter

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"html/template"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/server/page"
)

// Config configures the pages.
type Config struct {
	Subscribers *newsletter.Subscribers
	// Templates has files that replace the built-in ones; nil: there are none.
	Templates fs.FS
	Log       *slog.Logger
}

// maxForm is the greatest size of a form, in bytes.
const maxForm = 16 << 10

// Pages is the handler of the pages. The contexts of its requests must carry a viewer.
type Pages struct {
	subscribers *newsletter.Subscribers
	templates   *templates
	log         *slog.Logger
}

// New returns the pages. The error is one of a template that replaces a built-in one.
func New(c Config) (*Pages, error) {
	parsed, err := parse(c.Templates)
	if err != nil {
		return nil, err
	}
	return &Pages{subscribers: c.Subscribers, templates: parsed, log: c.Log}, nil
}

// Paths returns the paths of the pages.
func Paths() []string {
	return []string{"/subscribe", "/subscribe/confirm", "/subscriptions", "/unsubscribe"}
}

// ServeHTTP serves the pages.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v := &visit{pages: p, w: w, r: r, language: language(r, "")}
	post := r.Method == http.MethodPost
	if !post && r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD, POST")
		http.Error(w, "this path accepts GET, HEAD and POST", http.StatusMethodNotAllowed)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	var err error
	switch r.URL.Path {
	case "/subscribe":
		if post {
			err = v.subscribe()
		} else {
			err = v.form(newsletter.FormParams{}, http.StatusOK, nil)
		}
	case "/subscribe/confirm":
		err = v.confirm(post)
	case "/subscriptions":
		err = v.preferences(post)
	case "/unsubscribe":
		err = v.unsubscribe(post)
	default:
		err = domain.NotFound("there is no such page")
	}
	if err != nil {
		v.fail(err)
	}
}

// visit is a request to a page.
type visit struct {
	pages    *Pages
	w        http.ResponseWriter
	r        *http.Request
	language string
}

// language returns the language of a page: the one that is requested by the parameter lang,
// else the one that is known of the reader, else that of the browser.
func language(r *http.Request, known string) string {
	if tag := r.URL.Query().Get("lang"); newsletter.IsLanguage(tag) {
		return tag
	}
	if newsletter.IsLanguage(known) {
		return known
	}
	if tag, ok := newsletter.MatchLanguage(r.Header.Get("Accept-Language")); ok {
		return tag
	}
	return newsletter.Languages()[0]
}

// use sets what is known of the reader's language.
func (v *visit) use(known string) { v.language = language(v.r, known) }

func (v *visit) words() Words { return wordsIn(v.language) }

func (v *visit) token() string { return v.r.URL.Query().Get("token") }

// write writes a page.
func (v *visit) write(status int, name string, shown view) error {
	shown.Publisher, shown.Language, shown.Words = v.pages.subscribers.Publisher(), v.language, v.words()
	shown.Style, shown.Icon = template.CSS(v.pages.templates.style), page.Icon
	query := v.r.URL.Query()
	for _, tag := range newsletter.Languages() {
		other := url.Values{"lang": {tag}}
		for _, name := range []string{"token", "series", "sent"} {
			if value := query.Get(name); value != "" {
				other.Set(name, value)
			}
		}
		shown.Languages = append(shown.Languages, languageLink{tag, languageName(tag), "?" + other.Encode(), tag == v.language})
	}
	var body bytes.Buffer
	if err := v.pages.templates.pages[name].Execute(&body, shown); err != nil {
		return err
	}
	header := v.w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", v.language)
	header.Set("Content-Security-Policy", v.pages.templates.policy)
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	header.Set("Content-Length", strconv.Itoa(body.Len()))
	v.w.WriteHeader(status)
	if v.r.Method != http.MethodHead {
		_, _ = v.w.Write(body.Bytes()) // the client may have disconnected
	}
	return nil
}

// fail writes the page of an error.
func (v *visit) fail(err error) {
	words, status := v.words(), http.StatusInternalServerError
	shown := view{Title: words.Failed, Text: words.FailedText, Alert: true}
	var limit *newsletter.LimitError
	switch {
	case errors.As(err, &limit):
		status = http.StatusTooManyRequests
		v.w.Header().Set("Retry-After", seconds(limit.RetryAfter))
		shown.Title, shown.Text = words.Limit, words.LimitText
	case domain.KindOf(err) == domain.KindNotFound:
		status = http.StatusNotFound
		shown.Title, shown.Text, shown.Link, shown.LinkText = words.BadLink, words.BadLinkText, v.root()+"subscribe?lang="+v.language, words.ToSubscribe
	case domain.KindOf(err) == domain.KindInvalid:
		status, shown.Text = http.StatusBadRequest, words.FormProblem
	case domain.KindOf(err) == domain.KindUnavailable, errors.Is(err, context.DeadlineExceeded):
		status = http.StatusServiceUnavailable
		v.w.Header().Set("Retry-After", "10")
	case v.r.Context().Err() == nil:
		v.pages.log.ErrorContext(v.r.Context(), "a page of subscribers failed", "path", v.r.URL.Path, "error", domain.Detail(err))
	}
	if err := v.write(status, "message.html", shown); err != nil {
		v.pages.log.ErrorContext(v.r.Context(), "a page of subscribers failed", "path", v.r.URL.Path, "error", err)
		http.Error(v.w, words.FailedText, http.StatusInternalServerError)
	}
}

// root leads from the page to the server's root.
func (v *visit) root() string {
	if v.r.URL.Path == "/subscribe/confirm" {
		return "../"
	}
	return ""
}

// seconds returns a duration for a header or a text.
func seconds(d time.Duration) string { return strconv.Itoa(int((d + time.Second - 1) / time.Second)) }

// mailLanguages lists the languages for a choice.
func mailLanguages(chosen string) []languageLink {
	var all []languageLink
	for _, tag := range newsletter.Languages() {
		all = append(all, languageLink{Tag: tag, Name: languageName(tag), Here: tag == chosen})
	}
	return all
}
