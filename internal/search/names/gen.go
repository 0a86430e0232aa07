//go:build ignore

// This program writes the tables of Han characters in data from the files of the
// Unihan database. Run it with the folder of Unihan_Readings.txt,
// Unihan_Variants.txt and Unihan_DictionaryLikeData.txt as its argument.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const header = "# %s\n# Made by gen.go from the Unihan database of Unicode 15.0: U+4E00 to U+9FFF, tones\n# removed. See LICENSE-UNICODE.\n"

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run gen.go FOLDER")
	}
	dir := os.Args[1]
	core := map[rune]bool{}
	mandarin, more, cantonese := map[string][]rune{}, map[string][]rune{}, map[string][]rune{}
	first := map[rune]string{}
	simple := map[rune]rune{}
	read(filepath.Join(dir, "Unihan_DictionaryLikeData.txt"), func(r rune, field, value string) {
		if field == "kUnihanCore2020" {
			core[r] = true
		}
	})
	read(filepath.Join(dir, "Unihan_Readings.txt"), func(r rune, field, value string) {
		switch field {
		case "kMandarin":
			s := plain(strings.Fields(value)[0])
			first[r] = s
			mandarin[s] = append(mandarin[s], r)
		case "kCantonese":
			if core[r] {
				s := strings.TrimRight(strings.Fields(value)[0], "123456")
				cantonese[s] = append(cantonese[s], r)
			}
		}
	})
	read(filepath.Join(dir, "Unihan_Readings.txt"), func(r rune, field, value string) {
		if field != "kHanyuPinlu" {
			return
		}
		var seen []string
		for _, v := range strings.Fields(value) {
			s := plain(v[:strings.IndexByte(v, '(')])
			if s != first[r] && !slices.Contains(seen, s) {
				seen = append(seen, s)
				more[s] = append(more[s], r)
			}
		}
	})
	read(filepath.Join(dir, "Unihan_Variants.txt"), func(r rune, field, value string) {
		if field != "kSimplifiedVariant" {
			return
		}
		for _, v := range strings.Fields(value) {
			s := codePoint(v)
			if s == r {
				return // some words keep the character
			}
			if simple[r] == 0 && s >= 0x4E00 && s <= 0x9FFF {
				simple[r] = s
			}
		}
	})
	write("data/mandarin.txt", "Readings of Han characters in pinyin (kMandarin): a syllable and its characters.", mandarin)
	write("data/mandarin-more.txt", "Further readings in use (kHanyuPinlu), of which the first is in mandarin.txt.", more)
	write("data/cantonese.txt", "Readings of Han characters in Jyutping (kCantonese, of kUnihanCore2020).", cantonese)

	var b strings.Builder
	fmt.Fprintf(&b, header, "Pairs of a traditional character and the simplified one (kSimplifiedVariant).")
	keys := make([]rune, 0, len(simple))
	for r := range simple {
		keys = append(keys, r)
	}
	slices.Sort(keys)
	for i, r := range keys {
		b.WriteRune(r)
		b.WriteRune(simple[r])
		if i%40 == 39 || i == len(keys)-1 {
			b.WriteByte('\n')
		}
	}
	if err := os.WriteFile("data/simplified.txt", []byte(b.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}

func codePoint(s string) rune {
	s, _, _ = strings.Cut(strings.TrimPrefix(s, "U+"), "<")
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		log.Fatal(err)
	}
	return rune(n)
}

func read(name string, each func(r rune, field, value string)) {
	f, err := os.Open(name)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		parts := strings.Split(lines.Text(), "\t")
		if len(parts) != 3 || !strings.HasPrefix(parts[0], "U+") {
			continue
		}
		if r := codePoint(parts[0]); r >= 0x4E00 && r <= 0x9FFF {
			each(r, parts[1], parts[2])
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
}

// plain removes the tone: lǜ becomes lv, as passports and keyboards write it.
func plain(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case r == 0x308:
			t := strings.TrimSuffix(b.String(), "u")
			b.Reset()
			b.WriteString(t + "v")
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

func write(name, title string, table map[string][]rune) {
	var b strings.Builder
	fmt.Fprintf(&b, header, title)
	keys := make([]string, 0, len(table))
	for s := range table {
		keys = append(keys, s)
	}
	slices.Sort(keys)
	for _, s := range keys {
		slices.Sort(table[s])
		fmt.Fprintf(&b, "%s %s\n", s, string(table[s]))
	}
	if err := os.WriteFile(name, []byte(b.String()), 0o644); err != nil {
		log.Fatal(err)
	}
}
