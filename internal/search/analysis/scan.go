package analysis

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A sink takes the pieces that a scanner finds, in the order of the text.
type sink interface {
	// word takes a word as it is written. A part is a part of the word before it.
	word(text string, start, end int, part bool)
	// pair takes two neighbouring characters of a run.
	pair(text string, start, end int)
	// last takes the last character of a run, of which only is true if it has no other.
	last(text string, start, end int, only bool)
}

// A scanner divides a text in NFKC into words and runs.
type scanner struct {
	text  string
	table *[tableEnd]class
	out   sink
}

func scan(text string, out sink) {
	s := scanner{text: text, table: classTable(), out: out}
	for i := 0; i < len(text); {
		c, n := classAt(s.table, text, i)
		switch c {
		case letter, digit:
			i = s.word(i)
		case gram:
			i = s.run(i)
		default:
			i += n
		}
	}
}

// run scans a run of characters that are indexed in pairs, and returns its end.
func (s *scanner) run(start int) int {
	first, last, end, pairs := start, start, start, 0
	i := start
	for i < len(s.text) {
		c, n := classAt(s.table, s.text, i)
		switch c {
		case gram:
			if i > start {
				s.out.pair(s.text[last:i+n], last, i+n)
				pairs++
			}
			last, end = i, i+n
		case mark:
			end = i + n
		case ignored:
		default:
			s.out.last(s.text[last:end], last, end, last == first)
			return i
		}
		i += n
	}
	s.out.last(s.text[last:end], last, end, last == first)
	return i
}

// A part is a sequence of letters and digits, and how it ends.
type part struct {
	start, end int // without invisible characters at the end
	next       int // the first byte after those
	letters    int // the number of its letters, digits excluded
	digits     int
	firstDigit bool
	lastDigit  bool
}

func (s *scanner) part(start int) part {
	p := part{start: start, end: start}
	i := start
	for i < len(s.text) {
		c, n := classAt(s.table, s.text, i)
		switch c {
		case letter:
			p.letters++
			p.lastDigit = false
			p.end = i + n
		case digit:
			p.firstDigit = p.firstDigit || p.letters+p.digits == 0
			p.digits++
			p.lastDigit = true
			p.end = i + n
		case mark:
			p.end = i + n
		case ignored:
		default:
			p.next = i
			return p
		}
		i += n
	}
	p.next = i
	return p
}

// isWord reports whether a letter or digit begins at the byte.
func (s *scanner) isWord(i int) (isLetter, isDigit bool) {
	if i >= len(s.text) {
		return false, false
	}
	c, _ := classAt(s.table, s.text, i)
	return c == letter, c == digit
}

// word scans a word, and returns its end.
func (s *scanner) word(start int) int {
	p := s.part(start)
	first, parts := p, 1
	acronym := p.letters == 1 && p.digits == 0
	for p.next < len(s.text) {
		r, n := rune(s.text[p.next]), 1
		if r == ' ' {
			break
		}
		if r >= utf8.RuneSelf {
			r, n = utf8.DecodeRuneInString(s.text[p.next:])
		}
		isLetter, isDigit := s.isWord(p.next + n)
		if !isLetter && !isDigit {
			break
		}
		after := p.next + n
		switch {
		case isDigit && p.lastDigit && isSeparator(r):
			p = s.join(p, s.part(after))
		case isLetter && isApostrophe(r):
			next := s.part(after)
			if isClitic(s.text[next.start:next.end]) && !s.apostropheAt(next.next) {
				s.out.word(s.text[start:p.end], start, p.end, false)
				return next.next
			}
			if parts == 1 && isElision(s.text[start:p.end]) {
				return after
			}
			if p.lastDigit {
				s.out.word(s.text[start:p.end], start, p.end, false)
				return p.next
			}
			p = s.join(p, next)
		case isLetter && r == '.' && acronym:
			next := s.part(after)
			if next.letters != 1 || next.digits != 0 {
				s.out.word(s.text[start:p.end], start, p.end, false)
				return after
			}
			p = s.join(p, next)
			parts++
			continue
		case isLetter && r == '·' && s.lAt(p.end-1) && s.lAt(after),
			isLetter && (r == '"' || r == '״' || r == '׳') && s.isHebrew(p.end, after):
			p = s.join(p, s.part(after))
		case isHyphen(r) && parts == 1 && !s.hyphenBefore(start):
			next := s.part(after)
			if !joins(s.text[start:p.end], first, next) {
				s.out.word(s.text[start:p.end], start, p.end, false)
				return after
			}
			s.out.word(s.text[start:next.end], start, next.end, false)
			if p.letters > 1 {
				s.out.word(s.text[start:p.end], start, p.end, true)
			}
			s.out.word(s.text[next.start:next.end], next.start, next.end, true)
			return next.next
		default:
			s.out.word(s.text[start:p.end], start, p.end, false)
			return p.next
		}
		parts++
		acronym = false
	}
	s.out.word(s.text[start:p.end], start, p.end, false)
	return p.next
}

// join returns the parts as one.
func (*scanner) join(a, b part) part {
	a.end, a.next, a.lastDigit = b.end, b.next, b.lastDigit
	a.letters += b.letters
	a.digits += b.digits
	return a
}

// joins reports whether a hyphen joins the parts to one word: after a single letter
// (e-mail, X-ray), and between few letters and digits (DF-21, AS-400).
func joins(text string, a, b part) bool {
	if a.digits > 0 || text[0] >= utf8.RuneSelf {
		return false
	}
	if b.firstDigit {
		return a.letters <= 3
	}
	return a.letters == 1 && b.letters > 1
}

func (s *scanner) apostropheAt(i int) bool {
	if i >= len(s.text) {
		return false
	}
	r, n := utf8.DecodeRuneInString(s.text[i:])
	isLetter, _ := s.isWord(i + n)
	return isApostrophe(r) && isLetter
}

func (s *scanner) hyphenBefore(i int) bool {
	r, n := utf8.DecodeLastRuneInString(s.text[:i])
	if !isHyphen(r) {
		return false
	}
	r, _ = utf8.DecodeLastRuneInString(s.text[:i-n])
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

func (s *scanner) lAt(i int) bool { return s.text[i]|0x20 == 'l' }

// isHebrew reports whether the letters before and after a quotation mark are Hebrew:
// it then marks an abbreviation.
func (s *scanner) isHebrew(end, after int) bool {
	a, _ := utf8.DecodeLastRuneInString(s.text[:end])
	b, _ := utf8.DecodeRuneInString(s.text[after:])
	return unicode.Is(unicode.Hebrew, a) && unicode.Is(unicode.Hebrew, b)
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == '‘' || r == '`' || r == '׳' }

func isHyphen(r rune) bool { return r == '-' || r == '‐' || r == '‑' }

// isSeparator reports whether the character separates the digits of a number.
func isSeparator(r rune) bool {
	return r == ',' || r == '.' || r == '\'' || r == '’' || r == '٫' || r == '٬'
}

// isClitic reports whether the letters after an apostrophe are a short word of
// English that is dropped: China's, they're.
func isClitic(text string) bool {
	switch len(text) {
	case 1:
		return strings.Contains("sdmSDM", text)
	case 2:
		lower := strings.ToLower(text)
		return lower == "re" || lower == "ve" || lower == "ll"
	}
	return false
}

// isElision reports whether the letters before an apostrophe are an article or the
// like, whose vowel is left out, in French, Italian and Portuguese. It is dropped. The
// t of French is not among them, since T'ang is a name.
func isElision(text string) bool {
	switch strings.ToLower(text) {
	case "c", "d", "j", "l", "m", "n", "s", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu", "quelqu",
		"un", "gl", "dell", "all", "nell", "sull", "dall", "coll", "quell", "quest", "bell":
		return true
	}
	return false
}
