package names

import (
	"slices"
	"strings"
)

// Forms returns how a name is also written: without its legal form, and in Latin
// letters, for search and suggestions. The text itself is not among them.
//
// They are pinyin with the readings of family names, Wade-Giles and the customary
// spelling of Hong Kong for Han; Revised Romanisation, McCune-Reischauer and customary
// spellings for Hangul; Hepburn and Kunrei for kana; BGN/PCGN, ISO 9 and ICAO Doc 9303
// for Cyrillic, all without their marks; and generic words of organisations in
// English. Japanese kanji are read as Chinese: their Japanese reading takes a
// dictionary.
func Forms(n Name) []string {
	p := prepare(n.Text, n.Language)
	var out []string
	add := func(s string) {
		if s = strings.TrimSpace(s); s != "" && s != n.Text && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if p.legal.class != "" {
		add(p.joined)
		if p.scripts != 1<<latin {
			add(p.native.squeezed)
		}
	}
	for i := range p.latin {
		add(titled(&p.latin[i]))
	}
	if p.scripts == 1<<latin {
		return out
	}
	if len(p.units) > p.family {
		s, _, _ := strings.Cut(n.Language, "-")
		if p.scripts&(1<<hanScript) != 0 && s != "ja" && s != "ko" {
			add(hongKongForm(p.native.squeezed, p.family))
		}
		if p.scripts&(1<<hangul) != 0 {
			for _, f := range p.units[0][:min(len(p.units[0]), 3)] {
				add(capital(f) + " " + capital(usual(p.units[p.family:])))
			}
		}
	}
	if p.scripts&(1<<cyrillic) != 0 {
		words := make([]string, 0, len(p.native.words))
		for _, w := range p.native.words {
			if w.script == cyrillic {
				words = append(words, capital(cyrillicSystem(icao).romanise(w.text, isUkrainian(n.Text, n.Language))))
			} else {
				words = append(words, capital(w.text))
			}
		}
		add(strings.Join(words, " "))
	}
	if p.scripts&(1<<hanScript) != 0 && p.legal.class != "" {
		// The generic words of an organisation are also just read.
		words := make([]string, 0, len(p.native.words))
		for _, w := range p.native.words {
			if w.script == hanScript {
				words = append(words, capital(chineseWord(w.text)))
			} else {
				words = append(words, capital(w.text))
			}
		}
		add(strings.Join(words, " "))
	}
	return out
}

// hongKongForm returns the name of a person as Hong Kong writes it: Wong Siu Ming.
func hongKongForm(text string, family int) string {
	var words []string
	for i, r := range []rune(text) {
		written := hongKong(han().cantoneseOf(r))
		if i == 0 && family == 1 && len(customaryChinese[r]) > 0 {
			written = customaryChinese[r]
		}
		if len(written) == 0 {
			return ""
		}
		words = append(words, capital(written[0]))
	}
	return strings.Join(words, " ")
}

func titled(f *form) string {
	words := make([]string, len(f.words))
	for i := range f.words {
		words[i] = capital(f.words[i].text)
	}
	return strings.Join(words, " ")
}

func capital(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	return string(s[0]-'a'+'A') + s[1:]
}
