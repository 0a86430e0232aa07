package aggregate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/domain"
)

// scanner reads a snapshot of the present form, or of one that is the same for its type, in one pass, without a tree of
// values in between: reading snapshots is most of the cost of a release. It accepts
// and returns the same as [decodeForm] and [decode], which read the earlier forms.
type scanner struct {
	text []byte
	at   int
}

func (s *scanner) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: %s", s.at, fmt.Sprintf(format, args...))
}

// next is the next byte that is no space, and is not consumed; 0 at the end.
func (s *scanner) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return c
		}
	}
	return 0
}

func (s *scanner) expect(c byte) error {
	if s.next() != c {
		return s.errorf("want %q", c)
	}
	s.at++
	return nil
}

// object reads an object; member reads the value of each key.
func (s *scanner) object(member func(key string) error) error {
	return s.sequence('{', '}', func() error {
		key, err := s.string()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array reads an array; element reads each element.
func (s *scanner) array(element func() error) error { return s.sequence('[', ']', element) }

func (s *scanner) sequence(open, end byte, element func() error) error {
	if err := s.expect(open); err != nil {
		return err
	}
	if s.next() == end {
		s.at++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return nil
		default:
			return s.errorf("want a comma or %q", end)
		}
	}
}

func (s *scanner) string() (string, error) {
	if err := s.expect('"'); err != nil {
		return "", err
	}
	rest := s.text[s.at:]
	escaped := false
	for end := 0; end < len(rest); end++ {
		switch c := rest[end]; {
		case c == '\\':
			escaped = true
			end++
		case c < ' ':
			return "", s.errorf("a control character in a string")
		case c == '"':
			raw := s.text[s.at-1 : s.at+end+1]
			s.at += end + 1
			if !escaped && utf8.Valid(raw) {
				return string(raw[1 : len(raw)-1]), nil
			}
			var text string
			if err := json.Unmarshal(raw, &text); err != nil {
				return "", s.errorf("%v", err)
			}
			return text, nil
		}
	}
	return "", s.errorf("a string without an end")
}

func (s *scanner) strings() ([]string, error) {
	list := []string{}
	err := s.array(func() error {
		text, err := s.string()
		list = append(list, text)
		return err
	})
	return list, err
}

func (s *scanner) int() (int64, error) {
	s.next()
	end := s.at
	for end < len(s.text) && (s.text[end] == '-' || '0' <= s.text[end] && s.text[end] <= '9') {
		end++
	}
	digits := string(s.text[s.at:end])
	n, err := strconv.ParseInt(digits, 10, 64)
	if bare := strings.TrimPrefix(digits, "-"); err != nil || len(bare) > 1 && bare[0] == '0' {
		return 0, s.errorf("want a whole number")
	}
	s.at = end
	return n, nil
}

func (s *scanner) id() (domain.ID, error) {
	text, err := s.string()
	if err != nil {
		return 0, err
	}
	return domain.ParseID(text)
}

// form is the number of the snapshot's form, and its type; 0 where those are not its
// first members.
func (s *scanner) form() (int64, domain.Type) {
	const first, second = `{"schema":`, `,"type":"`
	if !bytes.HasPrefix(s.text, []byte(first)) {
		return 0, 0
	}
	ahead := scanner{text: s.text, at: len(first)}
	n, _ := ahead.int()
	rest, ok := bytes.CutPrefix(s.text[ahead.at:], []byte(second))
	name, _, closed := bytes.Cut(rest, []byte(`"`))
	if !ok || !closed {
		return 0, 0
	}
	t, _ := domain.ParseType(string(name))
	return n, t
}

// snapshot reads the whole text. The root comes after the type.
func (s *scanner) snapshot() (*Snapshot, error) {
	out := &Snapshot{}
	err := s.object(func(key string) (err error) {
		switch key {
		case "schema":
			_, err = s.int()
		case "type":
			var name string
			if name, err = s.string(); err == nil {
				var known bool
				if out.Type, known = domain.ParseType(name); !known {
					err = fmt.Errorf("unknown type %q", name)
				}
			}
		case "id":
			out.ID, err = s.id()
		case "createdAt":
			var text string
			if text, err = s.string(); err == nil {
				out.CreatedAt, err = time.Parse(snapshotTime, text)
			}
		case "formerSlugs":
			out.FormerSlugs, err = s.strings()
		case "formerIds":
			err = s.array(func() error {
				id, err := s.id()
				out.FormerIDs = append(out.FormerIDs, id)
				return err
			})
		case "root":
			if !out.Type.IsDocument() {
				return s.errorf("the root comes before the type")
			}
			out.Root, err = s.row(TableOf(out.Type))
		default:
			err = s.errorf("unknown member %q", key)
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case s.next() != 0:
		return nil, s.errorf("something comes after the snapshot")
	case out.ID == 0 || out.Root == nil || out.CreatedAt.IsZero():
		return nil, s.errorf("the snapshot is not complete")
	}
	out.Root.ID = out.ID
	return out, nil
}

// row reads a row of a table and what it owns.
func (s *scanner) row(t *Table) (*Row, error) {
	r := NewRow()
	err := s.object(func(key string) (err error) {
		switch key {
		case "id":
			r.ID, err = s.id()
		case "fields":
			err = s.object(func(name string) error { return s.field(t, name, r) })
		case "owned":
			err = s.object(func(name string) error { return s.owned(t, name, r) })
		default:
			err = s.errorf("unknown member %q of a row of %s", key, t.Name)
		}
		return err
	})
	return r, err
}

func (s *scanner) field(t *Table, name string, r *Row) (err error) {
	kind, ok := t.kind(name)
	if !ok {
		return fmt.Errorf("%s has no column %q", t.Name, name)
	}
	var v any
	switch kind {
	case IntColumn:
		v, err = s.int()
	case IDColumn:
		v, err = s.id()
	case ListColumn:
		v, err = s.strings()
	default:
		v, err = s.string()
	}
	if err != nil {
		return fmt.Errorf("%s.%s: %w", t.Name, name, err)
	}
	r.Set(name, v)
	return nil
}

func (s *scanner) owned(t *Table, name string, r *Row) error {
	o, ok := t.ownedTable(name)
	if !ok {
		return fmt.Errorf("%s owns no %q", t.Name, name)
	}
	delete(r.Owned, o.Name) // of a key that comes twice, the last counts
	return s.array(func() error {
		row, err := s.row(o.Table)
		r.Owned[o.Name] = append(r.Owned[o.Name], row)
		return err
	})
}
