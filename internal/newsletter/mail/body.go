package mail

import (
	"bytes"
	"encoding/base64"
	"mime/quotedprintable"
	"strings"
)

// writeBody writes the header Content-Type and all that follows: the text alone, or
// text and HTML as multipart/alternative, the HTML with its pictures as
// multipart/related (RFC 2046 section 5.1.4, RFC 2387).
func (m *Message) writeBody(b *bytes.Buffer) {
	if m.HTML == "" {
		writePart(b, "text/plain", m.Text)
		return
	}
	alternative := m.startMultipart(b, "alternative", "")
	writeBoundary(b, alternative)
	writePart(b, "text/plain", m.Text)
	writeBoundary(b, alternative)
	if len(m.Pictures) == 0 {
		writePart(b, "text/html", m.HTML)
	} else {
		related := m.startMultipart(b, "related", `; type="text/html"`)
		writeBoundary(b, related)
		writePart(b, "text/html", m.HTML)
		for _, picture := range m.Pictures {
			writeBoundary(b, related)
			writePicture(b, picture)
		}
		writeEnd(b, related)
	}
	writeEnd(b, alternative)
}

// startMultipart writes the headers of a multipart, and returns its boundary. A
// boundary begins with "=_", which neither quoted-printable nor base64 can have.
func (m *Message) startMultipart(b *bytes.Buffer, kind, parameters string) string {
	boundary := "=_" + kind + "-" + m.token()
	b.WriteString("Content-Type: multipart/" + kind + parameters + ";\r\n boundary=\"" + boundary + "\"\r\n")
	return boundary
}

func writeBoundary(b *bytes.Buffer, boundary string) { b.WriteString("\r\n--" + boundary + "\r\n") }
func writeEnd(b *bytes.Buffer, boundary string)      { b.WriteString("\r\n--" + boundary + "--\r\n") }

// writePart writes the headers and the content of a part of text.
func writePart(b *bytes.Buffer, media, content string) {
	b.WriteString("Content-Type: " + media + "; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n")
	writeQuoted(b, content)
}

func writePicture(b *bytes.Buffer, picture Picture) {
	b.WriteString("Content-Type: " + picture.Type + "\r\nContent-Transfer-Encoding: base64\r\n" +
		"Content-ID: <" + picture.ID + ">\r\nContent-Disposition: inline\r\n\r\n")
	encoded := base64.StdEncoding.EncodeToString(picture.Data)
	for len(encoded) > goodLine {
		b.WriteString(encoded[:goodLine])
		b.WriteString("\r\n")
		encoded = encoded[goodLine:]
	}
	b.WriteString(encoded)
	b.WriteString("\r\n")
}

// writeQuoted writes a text as quoted-printable: servers that recode 8-bit bodies, cut long lines
// or put ">" before a line that begins with "From " leave it as it is, and so its
// signature stays valid.
func writeQuoted(b *bytes.Buffer, text string) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	var encoded bytes.Buffer
	encoded.Grow(len(text) * 5 / 4)
	w := quotedprintable.NewWriter(&encoded)
	_, _ = w.Write([]byte(text)) // to memory: cannot fail
	_ = w.Close()
	for line := range bytes.Lines(encoded.Bytes()) {
		for bytes.HasPrefix(line, []byte("From ")) {
			b.WriteString("=46rom ")
			line = line[len("From "):]
			// The encoded F has two characters more, so the line is broken where it may be too long.
			if len(line) > goodLine-len("=46rom ") {
				b.WriteString("=\r\n")
				continue
			}
			break
		}
		b.Write(line)
	}
}
