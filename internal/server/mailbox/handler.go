package mailbox

import (
	"bytes"
	_ "embed" // the pages and their style
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/server/page"
)

// Path is the path of the list; the messages are below it.
const Path = "/mailbox"

// PageSize is how many messages a page of the list has.
const PageSize = 100

// Folder is where the messages are. [mail.Folder] is one.
type Folder interface {
	List(before string, limit int) ([]mail.StoredMessage, error)
	Open(name string) (*mail.OpenedMessage, error)
}

//go:embed list.html
var listPage string

//go:embed message.html
var messagePage string

//go:embed mailbox.css
var mailboxStyle string

var (
	listTemplate    = template.Must(template.New("list").Parse(listPage))
	messageTemplate = template.Must(template.New("message").Parse(messagePage))
)

type handler struct {
	folder Folder
	log    *slog.Logger
}

// Handler serves the pages for GET and HEAD; the caller refuses other methods.
func Handler(folder Folder, log *slog.Logger, notFound http.Handler) http.Handler {
	h := &handler{folder, log}
	mux := http.NewServeMux()
	mux.HandleFunc(Path, h.list)
	mux.HandleFunc(Path+"/{name}", h.opened(notFound, h.message))
	mux.HandleFunc(Path+"/{name}/html", h.opened(notFound, h.html))
	mux.HandleFunc(Path+"/{name}/source", h.opened(notFound, h.source))
	mux.Handle("/", notFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The API may be read by pages of all origins, because it uses no cookies. These pages have no key at all, so
		// another site could read the messages of the developer who visits it.
		for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Expose-Headers"} {
			w.Header().Del(name)
		}
		mux.ServeHTTP(w, r)
	})
}

// common is what all pages have.
type common struct {
	Style  template.CSS
	Icon   template.URL
	Header template.HTML
}

func style() string { return page.Style + mailboxStyle }

func newCommon(root string) common {
	return common{template.CSS(style()), page.Icon, page.Header(root, "", "")}
}

func (h *handler) list(w http.ResponseWriter, r *http.Request) {
	before := r.URL.Query().Get("before")
	messages, err := h.folder.List(before, PageSize+1)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	shown := struct {
		common
		Messages []mail.StoredMessage
		First    bool
		Next     string // the query of the next page
	}{common: newCommon(""), Messages: messages, First: before == ""}
	if len(messages) > PageSize {
		shown.Messages = messages[:PageSize]
		shown.Next = "?before=" + url.QueryEscape(messages[PageSize-1].Name)
	}
	h.write(w, r, listTemplate, shown, page.Policy(style()))
}

// opened returns the handler of a message.
func (h *handler) opened(notFound http.Handler, show func(http.ResponseWriter, *http.Request, *mail.OpenedMessage)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		message, err := h.folder.Open(r.PathValue("name"))
		switch {
		case errors.Is(err, domain.ErrNotFound):
			notFound.ServeHTTP(w, r)
		case err != nil:
			h.fail(w, r, err)
		default:
			show(w, r, message)
		}
	}
}

func (h *handler) message(w http.ResponseWriter, r *http.Request, m *mail.OpenedMessage) {
	shown := struct {
		common
		*mail.OpenedMessage
		Fields []field
		Kilo   string
	}{newCommon("../"), m, fields(m.Raw), kilobytes(len(m.Raw))}
	h.write(w, r, messageTemplate, shown, page.Policy(style())+"; frame-src 'self'")
}

func kilobytes(n int) string { return strconv.FormatFloat(float64(n)/1000, 'f', 1, 64) + " kB" }

// field is a header of a message.
type field struct{ Name, Value string }

// fields returns the headers of a message in their order, each on one line.
func fields(raw []byte) []field {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	var all []field
	for line := range strings.SplitSeq(strings.ToValidUTF8(string(head), "\uFFFD"), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(line, " ") || strings.HasPrefix(line, "\t"):
			if len(all) > 0 {
				all[len(all)-1].Value += line
			}
		case ok:
			all = append(all, field{name, strings.TrimSpace(value)})
		}
	}
	return all
}

// framePolicy is the policy of the HTML of a message: no scripts, no forms, and an origin of its own. Links
// open new tabs, because the pages that they lead to may refuse to be in a frame.
const framePolicy = "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; " +
	"img-src data: https: http:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"

func (h *handler) html(w http.ResponseWriter, _ *http.Request, m *mail.OpenedMessage) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", framePolicy)
	// What all other pages have; this one is framed by its own.
	w.Header().Set("X-Frame-Options", "SAMEORIGIN")
	_, _ = w.Write([]byte(framed(m))) // the client may have disconnected
}

var headPattern = regexp.MustCompile(`(?i)<head(\s[^>]*)?>`)

// framed returns the HTML of a message with its pictures in it, and with links that open new tabs.
func framed(m *mail.OpenedMessage) string {
	html := m.HTML
	for _, picture := range m.Pictures {
		html = strings.ReplaceAll(html, "cid:"+picture.ID, "data:"+picture.Type+";base64,"+base64.StdEncoding.EncodeToString(picture.Data))
	}
	const target = `<base target="_blank">`
	if at := headPattern.FindStringIndex(html); at != nil {
		return html[:at[1]] + target + html[at[1]:]
	}
	return html
}

func (h *handler) source(w http.ResponseWriter, _ *http.Request, m *mail.OpenedMessage) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	_, _ = w.Write(m.Raw) // as above
}

func (h *handler) write(w http.ResponseWriter, r *http.Request, t *template.Template, shown any, policy string) {
	var b bytes.Buffer
	if err := t.Execute(&b, shown); err != nil {
		h.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy)
	_, _ = w.Write(b.Bytes()) // as above
}

func (h *handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	h.log.ErrorContext(r.Context(), "the folder of messages cannot be read", "error", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}
