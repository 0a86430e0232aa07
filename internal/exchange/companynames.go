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

// cleanName is a text as the desk keeps it: composed (NFC), with single spaces.
func cleanName(s string) string {
	return canonical.Of(strings.Join(strings.Fields(s), " "))
}

// nameKey is what names of one company have in common, and names of two have
// not: the words, without case and without what stands between them. Letters keep
// their marks, symbols such as + count, and initials are one word ("S.A." is
// "SA"). It is empty for a name without a letter, digit or symbol.
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
		case r == '\'', r == '’', unicode.Is(unicode.Cf, r), r == '.' && between(folded, i):
		default:
			gap = true
		}
	}
	return b.String()
}

// between reports whether the dot at i stands between two initials: letters that
// are words of their own.
func between(s []rune, i int) bool {
	initial := func(at, beyond int) bool {
		inside := func(i int) bool { return i >= 0 && i < len(s) && (unicode.IsLetter(s[i]) || unicode.IsDigit(s[i])) }
		return inside(at) && unicode.IsLetter(s[at]) && !inside(beyond)
	}
	return initial(i-1, i-2) && initial(i+1, i+2)
}

// maxPlainSlug is the longest slug that is the name alone, and slugHash how many
// characters tell names apart whose slug is not.
const (
	maxPlainSlug = 80
	slugHash     = 12
)

// companySlug is the slug of the company of a key. It follows from the key alone,
// so that it is the same in every order of rows and files, and no two keys have
// the same: a key of ASCII letters and digits is its own slug, and any other
// brings a hash of itself.
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

// otherSlugs are the slugs that a document of a name can have where not all of the
// name is in its slug: the plain one, and those that older programs gave.
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

// hashOf is a hash of 60 bits, in letters and digits.
func hashOf(key string) string {
	sum := sha256.Sum256([]byte(key))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:slugHash]
}

// endsInHash reports whether the last word of a slug could be taken for a hash. A
// name that ends so has one of its own.
func endsInHash(slug string) bool {
	last := slug[strings.LastIndexByte(slug, '-')+1:]
	return len(last) == slugHash && strings.ContainsAny(last, "234567")
}

// compareSpellings puts the better spelling of a name first: one that is not all
// in capitals, then the longer one, which has its commas and dots, then the first
// in the alphabet.
func compareSpellings(a, b string) int {
	return cmp.Or(
		cmp.Compare(shouting(a), shouting(b)),
		cmp.Compare(len(b), len(a)),
		cmp.Compare(a, b))
}

// shouting is 1 for a text that has capitals and no small letters.
func shouting(s string) int {
	if strings.ToUpper(s) == s && strings.ToLower(s) != s {
		return 1
	}
	return 0
}

//go:embed legalforms.txt
var legalFormsText string

// legalForms are the keys of the abbreviations of legal forms.
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

// endingForms are legal forms with which no name begins: whatever comes behind
// one, the name goes on ("Harbour Cranes, Inc. China"). A name can begin with many
// others ("AS Harbour", "AB Harbour").
var endingForms = []string{"ltd", "inc", "llc", "llp", "plc", "gmbh"}

// isLegalForm reports whether a text is nothing but a legal form, or several
// ("GmbH & Co. KG"), perhaps with something in brackets behind it ("AS (Oslo)"),
// or begins with one that no name begins with.
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

// longestForm is how many of the first words are one legal form.
func longestForm(words []string) int {
	const most = 6
	for n := min(most, len(words)); n > 0; n-- {
		if legalForms()[strings.Join(words[:n], " ")] {
			return n
		}
	}
	return 0
}

// splitNames splits a list of names at semicolons, and at commas that do not
// stand before a legal form: "Hesai Technology Co., Ltd." is one name.
func splitNames(list string) []string {
	var names []string
	for part := range strings.SplitSeq(list, ";") {
		begin, end := 0, -1 // of the name that may go on; -1 before the first
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
