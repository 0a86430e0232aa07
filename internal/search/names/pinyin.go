package names

import (
	"slices"
	"strings"
)

// Pinyin returns how a name in Han characters is typed in pinyin by readers who do not know where its words end, for
// search and suggestions: in words of two syllables, as one word, and syllable by syllable
// (gangdeng kuangye, gangdengkuangye, gang deng kuang ye). It is empty for names that are read in another
// language, or have characters without a reading.
func Pinyin(n Name) []string {
	language, _, _ := strings.Cut(n.Language, "-")
	if language == "ja" || language == "ko" {
		return nil
	}
	t := han()
	var syllables []string
	for _, token := range tokenize(n.Text) {
		for _, r := range token.text {
			s := t.mandarinOf(r)
			if s == "" {
				return nil
			}
			syllables = append(syllables, strings.ReplaceAll(s, "v", "u"))
		}
	}
	if len(syllables) < 2 || len(syllables) > maxPinyin {
		return nil
	}
	var pairs []string
	for pair := range slices.Chunk(syllables, 2) {
		pairs = append(pairs, strings.Join(pair, ""))
	}
	forms := []string{strings.Join(pairs, " "), strings.Join(syllables, ""), strings.Join(syllables, " ")}
	return slices.Compact(forms)
}

// maxPinyin is how many characters a name has at most that is searched by its pinyin.
const maxPinyin = 24
