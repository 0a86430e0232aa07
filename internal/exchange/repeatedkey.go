package exchange

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// maxDepth bounds the nesting that repeatedKey looks into. Documents have three levels.
const maxDepth = 64

// repeatedKey returns the path of a key that an object of a JSON text has twice, such as
// "citations[0].source"; "" if there is none. The package json would take the last one. Of
// text that is not JSON it looks at what comes before the error.
func repeatedKey(text []byte) string {
	s := keyScanner{text: text}
	s.value("", 0)
	return s.repeated
}

type keyScanner struct {
	text     []byte
	at       int
	repeated string
}

// next returns the next byte that is not white space, without a step over it; 0 at the end.
func (s *keyScanner) next() byte {
	for s.at < len(s.text) {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
			s.at++
		default:
			return c
		}
	}
	return 0
}

// value steps over a value. It returns false at an error, and at a repeated key.
func (s *keyScanner) value(path string, depth int) bool {
	switch c := s.next(); c {
	case '{':
		return depth < maxDepth && s.object(path, depth)
	case '[':
		return depth < maxDepth && s.array(path, depth)
	case '"':
		_, ok := s.str()
		return ok
	case 0, '}', ']', ',', ':':
		return false
	}
	for s.at < len(s.text) && bytes.IndexByte([]byte(",]} \t\r\n"), s.text[s.at]) < 0 { // a number, true, false, null
		s.at++
	}
	return true
}

func (s *keyScanner) object(path string, depth int) bool {
	s.at++
	if s.next() == '}' {
		s.at++
		return true
	}
	var keys [][]byte
	for {
		if s.next() != '"' {
			return false
		}
		raw, ok := s.str()
		if !ok || s.next() != ':' {
			return false
		}
		key := raw[1 : len(raw)-1]
		if bytes.IndexByte(key, '\\') >= 0 {
			var plain string
			if json.Unmarshal(raw, &plain) != nil {
				return false
			}
			key = []byte(plain)
		}
		s.at++
		at := string(key)
		if path != "" {
			at = path + "." + at
		}
		for _, k := range keys {
			if bytes.Equal(k, key) {
				s.repeated = at
				return false
			}
		}
		if keys = append(keys, key); len(keys) > 256 {
			return false // more than any document has: it is refused for those that it does not have
		}
		if !s.value(at, depth+1) {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case '}':
			s.at++
			return true
		default:
			return false
		}
	}
}

func (s *keyScanner) array(path string, depth int) bool {
	s.at++
	if s.next() == ']' {
		s.at++
		return true
	}
	for i := 0; ; i++ {
		at := path
		if s.next() == '{' {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		if !s.value(at, depth+1) {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case ']':
			s.at++
			return true
		default:
			return false
		}
	}
}

// str steps over a string and returns it, with its quotes.
func (s *keyScanner) str() ([]byte, bool) {
	start := s.at
	for i := s.at + 1; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			s.at = i + 1
			return s.text[start:s.at], true
		}
	}
	return nil, false
}
