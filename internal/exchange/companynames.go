package exchange

import (
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base32"
	"encoding/hex"
	"slices"
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// cleanName returns a name as the desk stores it: composed (NFC), with single spaces.
func cleanName(s string) string {
	return canonical.Of(strings.Join(strings.Fields(s), " "))
}

// nameKey returns the key of a name: names with the same key are names of one company.
// It has the words without case and without the punctuation between them. Letters keep
// their marks, symbols such as + count, and initials are one word ("S.A." is "SA").
// It is empty for a name without a letter, digit or symbol.
func nameKey(name string) string {
	folded := []rune(norm.NFC.String(cases.Fold().String(norm.NFC.String(name))))
	var b strings.Builder
	gap := false
	for i, r := range folded {
		switch {
		case unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.S):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		case r == '\'', r == '’', unicode.Is(unicode.Cf, r), r == '.' && dotInInitials(folded, i):
		default:
			gap = true
		}
	}
	return b.String()
}

// dotInInitials reports whether the dot at i stands between two initials: letters that
// are words of their own.
func dotInInitials(s []rune, i int) bool {
	initial := func(at, beyond int) bool {
		inside := func(i int) bool { return i >= 0 && i < len(s) && (unicode.IsLetter(s[i]) || unicode.IsDigit(s[i])) }
		return inside(at) && unicode.IsLetter(s[at]) && !inside(beyond)
	}
	return initial(i-1, i-2) && initial(i+1, i+2)
}

// maxPlainSlug is the greatest length of a slug that is the name alone, and slugHash
// the length of the hash in other slugs.
const (
	maxPlainSlug = 80
	slugHash     = 12
)

// companySlug returns the slug of the company with a key. It depends on the key alone,
// so that it is the same in every order of rows and files, and differs for each key:
// a key of ASCII letters and digits is its own slug, and any other has a hash of the
// key.
func companySlug(key string) string {
	slug := strings.ReplaceAll(key, " ", "-")
	if len(slug) <= maxPlainSlug && domain.ValidSlug(slug) && !endsInHash(slug) {
		return slug
	}
	readable := editorial.Slugify(key)
	if len(readable) > maxPlainSlug-slugHash-1 {
		readable = readable[:maxPlainSlug-slugHash-1]
	}
	return strings.Trim(readable+"-"+hashOf(key), "-")
}

// otherSlugs returns the slugs besides [companySlug] that a document with a name can
// have: the one of the name alone, and those of older versions of the program.
func otherSlugs(name string) []string {
	plain := editorial.Slugify(name)
	key := nameKey(name)
	if plain == companySlug(key) {
		return nil
	}
	letters := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
	sum := sha256.Sum256([]byte(letters))
	older := hex.EncodeToString(sum[:4])
	if plain == "" {
		return []string{older}
	}
	return []string{plain, plain + "-" + older}
}

// hashOf returns a hash of 60 bits, in letters and digits.
func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:slugHash]
}

// endsInHash reports whether the last word of a slug looks like a hash. A name that
// ends so gets a hash too.
func endsInHash(slug string) bool {
	last := slug[strings.LastIndexByte(slug, '-')+1:]
	return len(last) == slugHash && strings.ContainsAny(last, "234567")
}

// compareSpellings orders spellings of a name, the best first: those that are not all
// in capitals, then the longer ones, which have their commas and dots, then by the
// alphabet.
func compareSpellings(a, b string) int {
	return cmp.Or(
		cmp.Compare(allCapitals(a), allCapitals(b)),
		cmp.Compare(len(b), len(a)),
		cmp.Compare(a, b))
}

// allCapitals returns 1 for a text with capitals and no small letters, and otherwise 0.
func allCapitals(s string) int {
	if strings.ToUpper(s) == s && strings.ToLower(s) != s {
		return 1
	}
	return 0
}

//go:embed legalforms.txt
var legalFormsText string

// legalForms returns the keys of the abbreviations of legal forms.
var legalForms = sync.OnceValue(func() map[string]bool {
	forms := map[string]bool{}
	for line := range strings.Lines(legalFormsText) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for form := range strings.SplitSeq(line, ";") {
			if key := nameKey(form); key != "" {
				forms[key] = true
			}
		}
	}
	return forms
})

// endingForms are legal forms with which no name begins, so that a part that begins
// with one continues the name before it ("Harbour Cranes, Inc. China"). A name can
// begin with many others ("AS Harbour", "AB Harbour").
var endingForms = []string{"ltd", "inc", "llc", "llp", "plc", "gmbh"}

// isLegalForm reports whether a text is a legal form, or several ("GmbH & Co. KG"),
// perhaps followed by something in brackets ("AS (Oslo)"), or begins with one of
// [endingForms].
func isLegalForm(text string) bool {
	if at := strings.IndexAny(text, "(（"); at > 0 {
		text = text[:at]
	}
	words := strings.Fields(nameKey(text))
	if len(words) > 0 && slices.Contains(endingForms, words[0]) {
		return true
	}
	for len(words) > 0 {
		n := longestForm(words)
		if n == 0 {
			return false
		}
		if words = words[n:]; len(words) == 0 {
			return true
		}
	}
	return false
}

// longestForm returns how many of the first words are one legal form.
func longestForm(words []string) int {
	const most = 6
	for n := min(most, len(words)); n > 0; n-- {
		if legalForms()[strings.Join(words[:n], " ")] {
			return n
		}
	}
	return 0
}

// splitNames splits a list of names at semicolons, and at commas unless a legal form
// follows: "Hesai Technology Co., Ltd." is one name.
func splitNames(list string) []string {
	var names []string
	for part := range strings.SplitSeq(list, ";") {
		begin, end := 0, -1 // of the current name; -1 before the first
		for from := 0; from <= len(part); {
			to := len(part)
			if comma := strings.IndexByte(part[from:], ','); comma >= 0 {
				to = from + comma
			}
			if end < 0 || strings.TrimSpace(part[begin:end]) == "" || !isLegalForm(part[from:to]) {
				if end >= 0 {
					names = append(names, part[begin:end])
				}
				begin = from
			}
			end, from = to, to+1
		}
		names = append(names, part[begin:max(begin, end)])
	}
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	return slices.DeleteFunc(names, func(name string) bool { return nameKey(name) == "" })
}
