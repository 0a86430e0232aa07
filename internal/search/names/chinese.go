package names

import "strings"

// wadeGilesFinals has the finals of pinyin that Wade-Giles writes in another way.
var wadeGilesFinals = map[string]string{
	"ian": "ien", "ie": "ieh", "ong": "ung", "iong": "iung", "ue": "ueh", "ve": "ueh", "v": "u", "er": "erh",
}

// wadeGilesWhole has whole syllables that follow no rule.
var wadeGilesWhole = map[string]string{
	"zhi": "chih", "chi": "chih", "shi": "shih", "ri": "jih", "zi": "tzu", "ci": "tzu", "si": "ssu",
	"ye": "yeh", "yan": "yen", "yi": "i", "you": "yu", "yue": "yueh", "yong": "yung", "er": "erh", "e": "o",
	"ge": "ko", "ke": "ko", "he": "ho", "gui": "kuei", "kui": "kuei", "guo": "kuo", "kuo": "kuo", "huo": "huo",
	"shuo": "shuo", "duo": "to", "tuo": "to", "nuo": "no", "luo": "lo", "zuo": "tso", "cuo": "tso", "suo": "so",
	"zhuo": "cho", "chuo": "cho", "ruo": "jo", "yo": "yo",
}

// wadeGilesInitials are in the order in which they are tried.
var wadeGilesInitials = [][2]string{
	{"zh", "ch"}, {"ch", "ch"}, {"sh", "sh"}, {"b", "p"}, {"p", "p"}, {"d", "t"}, {"t", "t"}, {"g", "k"}, {"k", "k"},
	{"j", "ch"}, {"q", "ch"}, {"z", "ts"}, {"c", "ts"}, {"r", "j"}, {"x", "hs"},
}

// wadeGiles returns a syllable of pinyin in Wade-Giles, without its apostrophe and
// diaeresis, which newspapers and passports leave out.
func wadeGiles(pinyin string) string {
	if w, ok := wadeGilesWhole[pinyin]; ok {
		return w
	}
	initial, final := "", pinyin
	for _, i := range wadeGilesInitials {
		if rest, ok := strings.CutPrefix(pinyin, i[0]); ok {
			initial, final = i[1], rest
			break
		}
	}
	if initial == "" {
		for _, c := range "mfnlhsyw" {
			if rest, ok := strings.CutPrefix(pinyin, string(c)); ok {
				initial, final = string(c), rest
				break
			}
		}
	}
	if f, ok := wadeGilesFinals[final]; ok {
		final = f
	}
	// After j, q and x, pinyin writes u for ü.
	if strings.ContainsAny(pinyin[:1], "jqx") && final == "ue" {
		final = "ueh"
	}
	return initial + final
}

var jyutpingInitials = []struct {
	jyutping string
	written  []string
}{
	{"gw", []string{"kw", "gw"}}, {"kw", []string{"kw"}}, {"ng", []string{"ng", ""}}, {"z", []string{"ch", "ts", "j"}},
	{"c", []string{"ch", "ts"}}, {"s", []string{"s", "sh"}}, {"j", []string{"y"}}, {"d", []string{"t", "d"}},
	{"g", []string{"k", "g"}}, {"b", []string{"p", "b"}}, {"t", []string{"t"}}, {"k", []string{"k"}}, {"p", []string{"p"}},
	{"m", []string{"m"}}, {"f", []string{"f"}}, {"n", []string{"n"}}, {"l", []string{"l"}}, {"h", []string{"h"}}, {"w", []string{"w"}},
}

// jyutpingFinals has the finals of Jyutping as Hong Kong writes them.
var jyutpingFinals = map[string][]string{
	"aa": {"a", "ah"}, "aai": {"ai"}, "aau": {"au"}, "aam": {"am"}, "aan": {"an"}, "aang": {"ang"}, "aap": {"ap"}, "aat": {"at"}, "aak": {"ak"},
	"ai": {"ai"}, "au": {"au", "ow"}, "am": {"am", "um"}, "an": {"an", "un"}, "ang": {"ang"}, "ap": {"ap", "up"}, "at": {"at"}, "ak": {"ak"},
	"e": {"e", "eh"}, "ei": {"ei", "ee", "i", "ay"}, "eng": {"eng"}, "ek": {"ek"}, "oe": {"eu"}, "oeng": {"eung"}, "oek": {"euk", "eok"},
	"eoi": {"ui"}, "eon": {"un"}, "eot": {"ut"}, "i": {"i", "ee", "ze"}, "iu": {"iu"}, "im": {"im"}, "in": {"in"}, "ing": {"ing"},
	"ip": {"ip"}, "it": {"it"}, "ik": {"ik", "ick"}, "o": {"o"}, "oi": {"oi"}, "on": {"on"}, "ong": {"ong"}, "ot": {"ot"}, "ok": {"ok"},
	"ou": {"o", "ou"}, "u": {"u", "oo"}, "ui": {"ui"}, "un": {"un", "oon"}, "ung": {"ung"}, "uk": {"uk"}, "ut": {"ut"},
	"yu": {"u", "yu", "ue"}, "yun": {"uen", "un"}, "yut": {"uet", "ut"},
}

// hongKong returns the ways in which Hong Kong writes a syllable of Jyutping, the
// usual one first.
func hongKong(jyutping string) []string {
	switch jyutping {
	case "":
		return nil
	case "m", "ng":
		return []string{"ng"}
	case "jyu":
		return []string{"yu", "yue"}
	case "jyun":
		return []string{"yuen", "yun"}
	case "jyut":
		return []string{"yuet"}
	case "zi":
		return []string{"chi", "tsz", "tze", "tse"}
	case "ci":
		return []string{"chi", "tsz", "tze"}
	case "si":
		return []string{"sze", "si", "see", "shi"}
	}
	var out unit
	for _, i := range jyutpingInitials {
		final, ok := strings.CutPrefix(jyutping, i.jyutping)
		if !ok {
			continue
		}
		for n, f := range jyutpingFinals[final] {
			for k, w := range i.written {
				if n == 0 || k == 0 {
					out = out.add(w + f)
				}
			}
		}
		return out
	}
	return jyutpingFinals[jyutping]
}

// customaryChinese has spellings of family names that no system gives, beside those
// of Hong Kong, Taiwan and the Chinese of Southeast Asia.
var customaryChinese = map[rune][]string{
	'陈': {"chan", "tan", "chin"}, '黄': {"wong", "huang", "ng", "ooi", "wee"}, '林': {"lam", "lim", "ling"}, '李': {"lee", "li"},
	'张': {"cheung", "chang", "teo", "cheong"}, '王': {"wong", "wang", "ong", "heng"}, '吴': {"ng", "wu", "goh", "woo"}, '郑': {"cheng", "tay", "teh", "chang"},
	'蔡': {"choi", "tsai", "chua", "choy", "tsoi"}, '许': {"hui", "hsu", "koh", "khoo"}, '郭': {"kwok", "kuo", "quek", "kuok"},
	'谢': {"tse", "hsieh", "chia", "cheah"}, '曾': {"tsang", "tseng", "chan"}, '叶': {"yip", "yeh", "yap", "ip"}, '徐': {"tsui", "hsu", "chui"},
	'周': {"chow", "chau", "chou", "chew"}, '刘': {"lau", "liu", "low", "lao"}, '何': {"ho", "hoe"}, '罗': {"law", "lo", "loh"}, '朱': {"chu", "choo"},
	'赵': {"chiu", "chao", "chew"}, '杨': {"yeung", "yang", "yeo", "young"}, '梁': {"leung", "liang", "neo"}, '高': {"ko", "kao", "go"}, '马': {"ma", "mah"},
	'孙': {"suen", "sun", "sng"}, '胡': {"wu", "hu", "woo"}, '邓': {"tang", "teng"}, '苏': {"so", "su", "soh"}, '沈': {"sum", "shum", "shen", "sim"},
	'潘': {"poon", "pan", "phua"}, '卢': {"lo", "lu", "loo"}, '董': {"tung", "tong"}, '冯': {"fung", "feng"}, '洪': {"hung", "ang"}, '江': {"kong", "chiang"},
	'蒋': {"chiang", "tseung"}, '施': {"sze", "shih", "see"}, '余': {"yu", "yue"}, '欧': {"au", "ou"}, '宋': {"sung", "soong"}, '孔': {"hung", "kung"},
	'钟': {"chung", "cheong"}, '姚': {"yiu", "yao"}, '邱': {"yau", "chiu", "khoo"}, '廖': {"liu", "liaw", "liew"}, '戴': {"tai"}, '温': {"wan", "wen"},
}

// chineseUnits returns the units of a run of Han characters, and how many of them are
// the family name if the run is the name of a person. Characters without a reading
// have none.
func chineseUnits(text string) (units []unit, family int) {
	t := han()
	runes := []rune(text)
	family = 1
	if n := len(runes); n > 2 && n <= 4 {
		if _, ok := t.surnames[string(runes[:2])]; ok {
			family = 2
		}
	}
	key := text
	if len(runes) > family {
		key = string(runes[:family])
	}
	surname := t.surnames[key]
	isPerson := len(runes) <= 4
	units = make([]unit, 0, len(runes))
	for i, r := range runes {
		var readings unit
		if isPerson && i < len(surname) {
			readings = readings.add(surname[i]...)
		}
		readings = readings.add(t.mandarinOf(r)).add(t.more[r]...)
		out := append(unit{}, readings...)
		for _, p := range readings {
			out = out.add(wadeGiles(p))
			if strings.Contains(p, "v") {
				out = out.add(strings.ReplaceAll(p, "v", "yu"), strings.ReplaceAll(p, "v", "u"))
			}
			if p == "si" {
				out = out.add("szu")
			}
		}
		out = out.add(hongKong(t.cantoneseOf(r))...)
		if isPerson && i == 0 {
			out = out.add(customaryChinese[r]...)
		}
		units = append(units, out)
	}
	return units, family
}

// chineseWord returns a run of Han characters in pinyin, by the readings of words.
func chineseWord(text string) string {
	if p, ok := chineseWords[text]; ok {
		return p
	}
	t := han()
	var b strings.Builder
	for i, r := range text {
		if readings := t.surnames[text]; i == 0 && len(readings) > 0 && len(text) == 3 {
			b.WriteString(readings[0][0])
			continue
		}
		b.WriteString(t.mandarinOf(r))
	}
	return b.String()
}

// chineseWords has words whose reading is not that of their characters.
var chineseWords = map[string]string{"重庆": "chongqing", "厦门": "xiamen", "长江": "changjiang", "长城": "changcheng", "长安": "changan", "长征": "changzheng", "长虹": "changhong", "六安": "luan", "银行": "yinhang"}
