package exchange

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
)

// MaxCSV is the greatest size of a file that is imported, in bytes.
const MaxCSV = 128 << 20

// maxFields is the greatest number of fields of a record. It bounds memory.
const maxFields = 10_000

// readText reads a text file and returns its lines, with any kind of line ends. The
// error for a file that is not UTF-8 says what it probably is.
func readText(file io.Reader) ([]string, error) {
	raw, err := io.ReadAll(io.LimitReader(file, MaxCSV+1))
	if err != nil {
		return nil, fmt.Errorf("read the file: %w", err)
	}
	if len(raw) > MaxCSV {
		return nil, domain.Invalid("the file has more than %d MiB: split it", MaxCSV>>20)
	}
	if what := nonTextFormat(raw); what != "" {
		return nil, domain.Invalid("the file %s", what)
	}
	text := string(bytes.TrimPrefix(raw, []byte("\ufeff")))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Split(text, "\n"), nil
}

// nonTextFormat returns what a file is that is not text in UTF-8; empty for one that is.
func nonTextFormat(raw []byte) string {
	const save = "save it as CSV in UTF-8"
	const convert = ", or convert it: iconv -f %s -t UTF-8"
	switch {
	case bytes.HasPrefix(raw, []byte("\xff\xfe")), bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return "is in UTF-16: " + save + fmt.Sprintf(convert, "UTF-16")
	case bytes.HasPrefix(raw, []byte("PK\x03\x04")), bytes.HasPrefix(raw, []byte("\xd0\xcf\x11\xe0")):
		return "is a spreadsheet or an archive, not CSV: open it, and " + save
	}
	start := raw[:min(len(raw), 1000)]
	if zeros := bytes.Count(start, []byte{0}); zeros > 0 && zeros >= len(start)/4 {
		return "seems to be in UTF-16 without a mark of it: " + save + fmt.Sprintf(convert, "UTF-16LE")
	}
	if at := bytes.IndexByte(raw, 0); at >= 0 {
		return fmt.Sprintf("has a zero byte in line %d, so it is not text: %s", lineAt(raw, at), save)
	}
	at := firstInvalid(raw)
	if at < 0 {
		return ""
	}
	return fmt.Sprintf("is not in UTF-8: line %d has the byte 0x%02X, so it may be in Windows-1252 or another older encoding; %s",
		lineAt(raw, at), raw[at], save+fmt.Sprintf(convert, "WINDOWS-1252"))
}

// firstInvalid returns the offset of the first byte that is not UTF-8; -1 for none.
func firstInvalid(raw []byte) int {
	if utf8.Valid(raw) {
		return -1
	}
	for at := 0; at < len(raw); {
		r, size := utf8.DecodeRune(raw[at:])
		if r == utf8.RuneError && size == 1 {
			return at
		}
		at += size
	}
	return -1
}

// lineAt returns the number of the line of a byte, from 1.
func lineAt(raw []byte, at int) int {
	before := raw[:at]
	ends := bytes.Count(before, []byte("\n"))
	if ends == 0 {
		ends = bytes.Count(before, []byte("\r"))
	}
	return ends + 1
}

// csvRecord is a record of a CSV file: its fields, or the problem with it.
type csvRecord struct {
	first, last int // lines, from 1
	fields      []string
	problem     string
}

func (r csvRecord) blank() bool {
	for _, field := range r.fields {
		// Some programs end a file with Ctrl-Z.
		if strings.Trim(field, " \t\u00a0\x1a\ufeff") != "" {
			return false
		}
	}
	return r.problem == ""
}

// csvReader reads CSV (RFC 4180) with any separator. A record that cannot be parsed
// is one bad line, even if a quote in it takes in more lines: the next record begins
// in the next line.
//
// Each line is parsed twice at most: a quote that a line opens and does not close is
// closed, or found to be a mistake, by the next line with an odd number of quotes,
// and no line between the two opens one.
type csvReader struct {
	lines []string
	sep   byte
	at    int // the next line to be read, from 0
}

// read returns the next record, or false at the end.
func (c *csvReader) read() (csvRecord, bool) {
	// A line end at the end of the file makes one more line, which is empty.
	if c.at >= len(c.lines) || c.at == len(c.lines)-1 && c.lines[c.at] == "" {
		return csvRecord{}, false
	}
	first := c.at
	fields, next, problem := c.parse(first)
	if problem != "" {
		next = first + 1
	}
	c.at = next
	return csvRecord{first: first + 1, last: next, fields: fields, problem: problem}, true
}

// parse parses the record that begins in a line. It returns its fields, and the line
// after it.
func (c *csvReader) parse(line int) (fields []string, next int, problem string) {
	rest := c.lines[line]
	for {
		if len(fields) == maxFields {
			return nil, 0, fmt.Sprintf("has more than %d fields: another separator may be meant", maxFields)
		}
		if trimmed := strings.TrimLeft(rest, " "); strings.HasPrefix(trimmed, `"`) {
			var field string
			field, line, rest, problem = c.quoted(line, trimmed[1:], len(fields)+1)
			if problem != "" {
				return nil, 0, problem
			}
			fields = append(fields, field)
			if rest == "" {
				return fields, line + 1, ""
			}
			rest = rest[1:] // the separator
			continue
		}
		field, behind, more := strings.Cut(rest, string(c.sep))
		if strings.Contains(field, `"`) {
			return nil, 0, fmt.Sprintf(`field %d has a quote (") in it and does not begin with one: quote the field, and double the quotes in it`, len(fields)+1)
		}
		if fields = append(fields, field); !more {
			return fields, line + 1, ""
		}
		rest = behind
	}
}

// quoted parses a quoted field. rest begins after the opening quote. It returns the
// last line of the field and what is left of that line, which is empty or begins with
// the separator.
func (c *csvReader) quoted(line int, rest string, number int) (field string, last int, left, problem string) {
	var b strings.Builder
	for {
		text, behind, found := strings.Cut(rest, `"`)
		b.WriteString(text)
		switch {
		case !found && line+1 >= len(c.lines):
			return "", 0, "", fmt.Sprintf("the quote that opens field %d is not closed", number)
		case !found:
			line++
			b.WriteByte('\n')
			rest = c.lines[line]
		case strings.HasPrefix(behind, `"`):
			b.WriteByte('"')
			rest = behind[1:]
		default:
			left = strings.TrimLeft(behind, " ")
			if left != "" && left[0] != c.sep {
				return "", 0, "", fmt.Sprintf(`the quote that opens field %d is closed in line %d, and text follows: double a quote that belongs to the text`, number, line+1)
			}
			return b.String(), line, left, ""
		}
	}
}
