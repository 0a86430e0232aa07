package names

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed data/legalforms.txt
var legalFormsFile string

// A legalForm is a legal form as a name has it.
type legalForm struct {
	class string // what it means: a key of data/legalforms.txt
	text  string // how it is spelt, with abbreviations of English words written out
}

// A spelling is a spelling of a legal form.
type spelling struct {
	form  legalForm
	weak  bool // only in capitals
	front bool // also in front of the name
}

// legalForms are the known spellings without spaces and dots.
var legalForms = sync.OnceValue(func() map[string]spelling {
	forms := map[string]spelling{}
	for class, values := range tableLines(legalFormsFile) {
		class = strings.TrimSuffix(class, ":")
		for value := range strings.SplitSeq(values, ";") {
			value = strings.TrimSpace(value)
			s := spelling{form: legalForm{class: class}}
			if cut := strings.TrimSuffix(value, "^"); cut != value {
				value, s.front = cut, true
			}
			if cut := strings.TrimSuffix(value, "~"); cut != value {
				value, s.weak = cut, true
			}
			tokens := tokenize(value)
			s.form.text = writtenOut(tokens)
			key := squeeze(tokens)
			s.weak = s.weak || forms[key].weak || len(key) == 2 && len(tokens) == 2
			forms[key] = s
		}
	}
	return forms
})

// writtenOut joins tokens with the abbreviations of English words written out.
func writtenOut(tokens []token) string {
	var b strings.Builder
	for _, t := range tokens {
		switch t.text {
		case "ltd":
			b.WriteString("limited")
		case "co":
			b.WriteString("company")
		case "corp":
			b.WriteString("corporation")
		case "inc":
			b.WriteString("incorporated")
		case "pvt":
			b.WriteString("private")
		default:
			b.WriteString(t.text)
		}
	}
	return b.String()
}

// squeeze joins tokens without spaces.
func squeeze(tokens []token) string {
	n := 0
	for _, t := range tokens {
		n += len(t.text)
	}
	b := make([]byte, 0, n)
	for _, t := range tokens {
		b = append(b, t.text...)
	}
	return string(b)
}

// maxLegalTokens is the length of the longest legal form in words.
const maxLegalTokens = 6

// cutLegalForm removes the legal form at the end of a name, or in front of it, and
// returns the rest. It leaves at least one token, and removes two forms at most
// ("Group Company Limited" has one, "Redline Co., Ltd. LLC" two).
func cutLegalForm(tokens []token) ([]token, legalForm) {
	var form legalForm
	tokens = corrected(tokens)
	for range 2 {
		rest, found := cutOnce(tokens)
		if found.class == "" {
			break
		}
		tokens = rest
		if form.class == "" {
			form = found
		}
	}
	return tokens, form
}

// longForms are the words of legal forms that are long enough to be recognised with a
// mistake.
var longForms = []string{"company", "corporation", "incorporated", "limited"}

// corrected corrects the last two words, except the first, if they are words of legal
// forms with one mistake.
func corrected(tokens []token) []token {
	for i := max(1, len(tokens)-2); i < len(tokens); i++ {
		text := tokens[i].text
		if tokens[i].script != latin || len(text) < 6 || len(text) > 13 {
			continue
		}
		for _, form := range longForms {
			if text != form && edits([]byte(text), []byte(form), 1) == 1 {
				tokens[i].text = form
			}
		}
	}
	return tokens
}

func cutOnce(tokens []token) ([]token, legalForm) {
	forms := legalForms()
	// Han and Hangul have no spaces before the form.
	if n := len(tokens); n > 0 {
		last := tokens[n-1]
		if last.script == hanScript || last.script == hangul {
			if rest, form := cutWithoutSpaces(last.text); form.class != "" {
				if rest != "" {
					out := append([]token{}, tokens...)
					out[n-1].text = rest
					return out, form
				}
				if n > 1 {
					return tokens[:n-1], form
				}
			}
		}
		first := tokens[0]
		if first.script == hanScript || first.script == hangul {
			if rest, form := cutFront(first.text); form.class != "" {
				if rest != "" {
					out := append([]token{}, tokens...)
					out[0].text = rest
					return out, form
				}
				if n > 1 {
					return tokens[1:], form
				}
			}
		}
	}
	for n := min(maxLegalTokens, len(tokens)-1); n > 0; n-- {
		tail := tokens[len(tokens)-n:]
		if s, ok := forms[squeeze(tail)]; ok && counts(tokens, tail, s) {
			return tokens[:len(tokens)-n], legalForm{class: s.form.class, text: writtenOut(tail)}
		}
		head := tokens[:n]
		if s, ok := forms[squeeze(head)]; ok && s.front && counts(tokens, head, s) {
			return tokens[n:], legalForm{class: s.form.class, text: writtenOut(head)}
		}
	}
	return tokens, legalForm{}
}

// counts reports whether a weak form is written so that it is one: in capitals or as
// letters, and not in a name that is all in capitals and short.
func counts(all, part []token, s spelling) bool {
	if !s.weak || len(part) > 1 {
		return true
	}
	if !part[0].capitals {
		return false
	}
	length := 0
	capitals := true
	for _, t := range all {
		capitals = capitals && t.capitals
		length += len(t.text)
	}
	return !capitals || length-len(part[0].text) >= 6
}

// cutWithoutSpaces removes the longest legal form at the end of a text.
func cutWithoutSpaces(text string) (string, legalForm) {
	for i := range text {
		if s, ok := legalForms()[text[i:]]; ok && (len(text[i:]) > 3 || s.front && i > 6) {
			return text[:i], s.form
		}
	}
	return text, legalForm{}
}

func cutFront(text string) (string, legalForm) {
	for i := len(text); i > 0; i-- {
		if s, ok := legalForms()[text[:i]]; ok && s.front && i > 3 {
			return text[i:], s.form
		}
	}
	return text, legalForm{}
}
