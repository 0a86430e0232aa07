package names

import (
	"strings"
	"sync"
)

// kanaTable lists kana and their spellings: Hepburn, then Kunrei after a slash.
const kanaTable = `ア a イ i ウ u エ e オ o カ ka キ ki ク ku ケ ke コ ko サ sa シ shi/si ス su セ se ソ so
タ ta チ chi/ti ツ tsu/tu テ te ト to ナ na ニ ni ヌ nu ネ ne ノ no ハ ha ヒ hi フ fu/hu ヘ he ホ ho
マ ma ミ mi ム mu メ me モ mo ヤ ya ユ yu ヨ yo ラ ra リ ri ル ru レ re ロ ro ワ wa ヰ i ヱ e ヲ o ン n/m
ガ ga ギ gi グ gu ゲ ge ゴ go ザ za ジ ji/zi ズ zu ゼ ze ゾ zo ダ da ヂ ji/zi ヅ zu デ de ド do
バ ba ビ bi ブ bu ベ be ボ bo パ pa ピ pi プ pu ペ pe ポ po ヴ v/b
キャ kya キュ kyu キョ kyo シャ sha/sya シュ shu/syu ショ sho/syo チャ cha/tya チュ chu/tyu チョ cho/tyo
ニャ nya ニュ nyu ニョ nyo ヒャ hya ヒュ hyu ヒョ hyo ミャ mya ミュ myu ミョ myo リャ rya リュ ryu リョ ryo
ギャ gya ギュ gyu ギョ gyo ジャ ja/zya ジュ ju/zyu ジョ jo/zyo ビャ bya ビュ byu ビョ byo ピャ pya ピュ pyu ピョ pyo
ファ fa フィ fi フェ fe フォ fo ティ ti ディ di トゥ tu ドゥ du ウィ wi ウェ we ウォ wo シェ she/sye ジェ je/zye チェ che/tye
ツァ tsa ヴァ va ヴィ vi ヴェ ve ヴォ vo デュ dyu
ァ a ィ i ゥ u ェ e ォ o ャ ya ュ yu ョ yo`

// kanaSpellings has the katakana in Hepburn and, where it differs, in Kunrei.
var kanaSpellings = sync.OnceValue(func() map[string]unit {
	table := map[string]unit{}
	fields := strings.Fields(kanaTable)
	for i := 0; i+1 < len(fields); i += 2 {
		table[fields[i]] = strings.Split(fields[i+1], "/")
	}
	return table
})

// japaneseUnits returns the units of a run of katakana (hiragana was folded to it):
// syllables, with doubled consonants and long vowels as they may be written.
func japaneseUnits(text string) []unit {
	runes := []rune(text)
	var units []unit
	double := false
	for i := 0; i < len(runes); i++ {
		switch runes[i] {
		case 'ッ':
			double = true
			continue
		case 'ー':
			continue // a long vowel is written as a short one
		}
		var u unit
		if i+1 < len(runes) {
			u = kanaSpellings()[string(runes[i:i+2])]
		}
		if u != nil {
			i++
		} else {
			u = kanaSpellings()[string(runes[i])]
		}
		if u == nil {
			units = append(units, nil)
			continue
		}
		long := i+1 < len(runes) && runes[i+1] == 'ー'
		var out unit
		for _, s := range u {
			d := s
			if double && s != "" {
				d = s[:1] + s
				if strings.HasPrefix(s, "ch") {
					d = "t" + s
				}
			}
			out = out.add(d)
			if long {
				out = out.add(d+d[len(d)-1:], d+"h")
			}
		}
		// ou and uu are mostly long vowels, which are written short as well.
		if runes[i] == 'ウ' && len(units) > 0 && endsInO(units[len(units)-1]) {
			out = append(out, "", "h")
		}
		double = false
		units = append(units, out)
	}
	return units
}

func endsInO(u unit) bool {
	return len(u) > 0 && (strings.HasSuffix(u[0], "o") || strings.HasSuffix(u[0], "u"))
}
