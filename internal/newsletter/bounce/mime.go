package bounce

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"strings"
)

// Limits of what is read.
const (
	// MaxSize is how many bytes of a report are read. What follows is the returned message, of which
	// only the headers matter.
	MaxSize   = 1 << 20
	maxDepth  = 6
	maxParts  = 50
	maxFields = 300
	maxText   = 16 << 10
)

// field is a line of a header, unfolded.
type field struct{ name, value string } // the name is in lower case

// header is the fields up to a blank line. It is read leniently: reports have broken lines,
// and raw UTF-8.
type header []field

func (h header) get(name string) string {
	for _, f := range h {
		if f.name == name {
			return f.value
		}
	}
	return ""
}

// readHeader splits a header from what follows.
func readHeader(raw []byte) (h header, rest []byte) {
	for len(raw) > 0 {
		line, after, _ := bytes.Cut(raw, []byte("\n"))
		raw = after
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(bytes.TrimSpace(line)) == 0 {
			return h, raw
		}
		text := strings.ToValidUTF8(string(line), "\uFFFD")
		if line[0] == ' ' || line[0] == '\t' {
			if len(h) > 0 && len(h[len(h)-1].value) < maxText {
				h[len(h)-1].value += " " + strings.TrimSpace(text)
			}
			continue
		}
		if name, value, ok := strings.Cut(text, ":"); ok && len(h) < maxFields {
			h = append(h, field{strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)})
		}
	}
	return h, nil
}

// part is a part without parts, decoded.
type part struct {
	media string
	body  []byte
}

// walk calls visit for each part of a message: its media type, and its body.
func walk(h header, body []byte, depth int, parts *int, visit func(part)) {
	media, parameters, err := mime.ParseMediaType(h.get("content-type"))
	if err != nil && media == "" {
		media = "text/plain"
	}
	if *parts++; *parts > maxParts {
		return
	}
	if !strings.HasPrefix(media, "multipart/") || parameters["boundary"] == "" {
		visit(part{media, decode(h.get("content-transfer-encoding"), body)})
		return
	}
	if depth >= maxDepth {
		return
	}
	for r := multipart.NewReader(bytes.NewReader(body), parameters["boundary"]); *parts <= maxParts; {
		p, err := r.NextRawPart()
		if err != nil {
			return // the end, or a report that was cut
		}
		content, err := io.ReadAll(p)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		var inner header
		for name, values := range p.Header {
			inner = append(inner, field{strings.ToLower(name), strings.Join(values, " ")})
		}
		walk(inner, content, depth+1, parts, visit)
	}
}

// decode decodes a body. Broken encodings give what could be read.
func decode(encoding string, body []byte) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		decoded, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body)))
		return decoded
	case "quoted-printable":
		decoded, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		return decoded
	}
	return body
}
