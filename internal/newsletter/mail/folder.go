package mail

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Folder stores messages as files in place of sending them, for developers and the demo. Files
// end in ".eml", and mail programs open them. It is safe for concurrent use, also by several processes.
type Folder struct {
	root *os.Root
	now  func() time.Time
}

// OpenFolder returns the folder at path, and makes it if there is none.
func OpenFolder(path string, now func() time.Time) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of messages: %w", err)
	}
	root, err := os.OpenRoot(filepath.Clean(path))
	if err != nil {
		return nil, fmt.Errorf("open the folder of messages: %w", err)
	}
	return &Folder{root, now}, nil
}

// Close closes the folder.
func (f *Folder) Close() error { return f.root.Close() }

// timeForm begins the name of a file, so that names are in the order of time.
const timeForm = "20060102T150405.000000"

var filePattern = regexp.MustCompile(`^\d{8}T\d{6}\.\d{6}-[0-9a-f]{16}\.eml$`)

// Submit stores a message as a server would deliver it: with its envelope in the headers Return-Path
// and Delivered-To. The result is Submitted, or Deferred if it cannot be written.
func (f *Folder) Submit(ctx context.Context, envelope Envelope, message []byte) Result {
	if ctx.Err() != nil {
		return interrupted(ctx)
	}
	to, err := Canonical(envelope.To)
	if err != nil {
		return Result{Status: Failed, Step: StepRecipient, Text: "the recipient's address: " + err.Error()}
	}
	from, err := Canonical(envelope.From)
	if err != nil {
		return Result{Status: Failed, Step: StepSender, Text: "the return path: " + err.Error()}
	}
	stored := slices.Concat([]byte("Return-Path: <"+from+">\r\nDelivered-To: "+to+"\r\n"), message)
	sum := sha256.Sum256(stored)
	name := f.now().UTC().Format(timeForm) + "-" + hex.EncodeToString(sum[:8]) + ".eml"
	// Under another name first, so that no reader sees a part of it.
	unfinished := name + ".tmp"
	if err := errors.Join(f.root.WriteFile(unfinished, stored, 0o600), f.root.Rename(unfinished, name)); err != nil {
		return Result{Status: Deferred, Step: StepData, Text: withoutAddresses(err.Error())}
	}
	return Result{Status: Submitted, Step: StepReply, Code: 250, Text: "stored as " + name}
}

// StoredMessage is a message in a folder.
type StoredMessage struct {
	Name    string // of the file
	Subject string
	From    string
	To      string
	Date    time.Time // zero if the message has none
	Size    int64
}

// List returns the messages whose names are before a name, the newest first, and at most limit. An
// empty name is the start.
func (f *Folder) List(before string, limit int) ([]StoredMessage, error) {
	entries, err := fs.ReadDir(f.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("read the folder of messages: %w", err)
	}
	var all []StoredMessage
	for _, entry := range slices.Backward(entries) {
		if len(all) >= limit {
			break
		}
		if !filePattern.MatchString(entry.Name()) || before != "" && entry.Name() >= before {
			continue
		}
		message, err := f.summary(entry)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it was deleted since
		}
		if err != nil {
			return nil, err
		}
		all = append(all, message)
	}
	return all, nil
}

func (f *Folder) summary(entry fs.DirEntry) (StoredMessage, error) {
	file, err := f.root.Open(entry.Name())
	if err != nil {
		return StoredMessage{}, fmt.Errorf("read a message: %w", err)
	}
	defer func() { _ = file.Close() }() // it is only read
	info, err := file.Stat()
	if err != nil {
		return StoredMessage{}, fmt.Errorf("read a message: %w", err)
	}
	m := StoredMessage{Name: entry.Name(), Size: info.Size(), Subject: "(the message cannot be read)"}
	parsed, err := netmail.ReadMessage(io.LimitReader(file, 64<<10))
	if err != nil {
		return m, nil // a file of another program
	}
	m.fill(parsed.Header)
	return m, nil
}

func (m *StoredMessage) fill(h netmail.Header) {
	m.Subject, m.From, m.To = decodeWords(h.Get("Subject")), decodeWords(h.Get("From")), decodeWords(h.Get("To"))
	if date, err := h.Date(); err == nil {
		m.Date = date
	}
}

func decodeWords(s string) string {
	decoded, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s
	}
	return decoded
}

// OpenedMessage is a message of a folder with its parts.
type OpenedMessage struct {
	StoredMessage
	Raw  []byte
	Text string
	HTML string
	// Pictures are those that HTML refers to as cid:ID.
	Pictures []Picture
	// Unsubscribe has the addresses of List-Unsubscribe.
	Unsubscribe []string
}

// Open reads a message. The error is domain.ErrNotFound if there is none of the name.
func (f *Folder) Open(name string) (*OpenedMessage, error) {
	if !filePattern.MatchString(name) {
		return nil, &domain.Error{Kind: domain.KindNotFound, Message: "there is no such message"}
	}
	raw, err := f.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &domain.Error{Kind: domain.KindNotFound, Message: "there is no such message"}
	}
	if err != nil {
		return nil, fmt.Errorf("read a message: %w", err)
	}
	m := &OpenedMessage{StoredMessage: StoredMessage{Name: name, Size: int64(len(raw)), Subject: "(the message cannot be read)"}, Raw: raw}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, nil // as in summary
	}
	m.fill(parsed.Header)
	for address := range strings.SplitSeq(parsed.Header.Get("List-Unsubscribe"), ",") {
		if address = strings.Trim(strings.TrimSpace(address), "<>"); address != "" {
			m.Unsubscribe = append(m.Unsubscribe, address)
		}
	}
	body, _ := io.ReadAll(parsed.Body)
	for _, p := range partsOf(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), "", body, 0) {
		switch {
		case p.media == "text/plain" && m.Text == "":
			m.Text = string(p.content)
		case p.media == "text/html" && m.HTML == "":
			m.HTML = string(p.content)
		case strings.HasPrefix(p.media, "image/") && p.id != "":
			m.Pictures = append(m.Pictures, Picture{ID: p.id, Type: p.media, Data: p.content})
		}
	}
	return m, nil
}

// decodedPart is a part of a message that has no parts of its own.
type decodedPart struct {
	media, id string
	content   []byte
}

const maxDepth = 5

// partsOf returns the parts of a message as far as they can be read. There are as many as the size of
// the message allows.
func partsOf(contentType, encoding, id string, body []byte, depth int) []decodedPart {
	media, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		media = "text/plain"
	}
	if !strings.HasPrefix(media, "multipart/") {
		return []decodedPart{{media: media, id: strings.Trim(id, "<> "), content: decodeBody(encoding, body)}}
	}
	if depth == maxDepth || parameters["boundary"] == "" {
		return nil
	}
	var all []decodedPart
	for r := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]); ; {
		p, err := r.NextRawPart()
		if err != nil {
			return all
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return all
		}
		all = append(all, partsOf(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p.Header.Get("Content-Id"), content, depth+1)...)
	}
}

func decodeBody(encoding string, body []byte) []byte {
	var r io.Reader = bytes.NewReader(body)
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	decoded, _ := io.ReadAll(r) // what could be read
	return decoded
}
