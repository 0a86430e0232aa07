package names

import "strings"

// cyrillicSpellings has how letters of Cyrillic are written in Latin letters: after
// BGN/PCGN first, then after ICAO Doc 9303 (passports), ISO 9 without its marks, and
// as is customary. For Ukrainian, Serbian and Bulgarian letters likewise.
var cyrillicSpellings = map[rune]unit{
	'а': {"a"}, 'б': {"b"}, 'в': {"v", "w"}, 'г': {"g", "h"}, 'д': {"d"}, 'е': {"e", "ye", "ie", "je", "yo", "io", "jo"}, 'ж': {"zh", "z", "j"}, 'з': {"z", "s"},
	'и': {"i", "y", "ji"}, 'й': {"y", "i", "j", ""}, 'к': {"k", "c"}, 'л': {"l"}, 'м': {"m"}, 'н': {"n"}, 'о': {"o"}, 'п': {"p"}, 'р': {"r"}, 'с': {"s", "ss"},
	'т': {"t"}, 'у': {"u", "ou"}, 'ф': {"f", "ph"}, 'х': {"kh", "h", "x", "ch"}, 'ц': {"ts", "c", "tz", "z"}, 'ч': {"ch", "c", "tch"}, 'ш': {"sh", "s", "sch"},
	'щ': {"shch", "sc", "shh", "sch", "sht"}, 'ъ': {"", "ie", "a"}, 'ы': {"y", "i"}, 'ь': {"", "j"}, 'э': {"e"}, 'ю': {"yu", "iu", "u", "ju"}, 'я': {"ya", "ia", "a", "ja"},
	'і': {"i"}, 'ї': {"yi", "i", "ji"}, 'є': {"ye", "ie", "e", "je"}, 'ґ': {"g"}, 'ў': {"w", "u"},
	'ђ': {"dj", "d"}, 'ј': {"j", "y"}, 'љ': {"lj", "l"}, 'њ': {"nj", "n"}, 'ћ': {"c", "ch"}, 'џ': {"dz", "dzh"}, 'ѓ': {"gj", "g"}, 'ќ': {"kj", "k"}, 'ѕ': {"dz"},
	'қ': {"q", "k"}, 'ғ': {"gh", "g"}, 'ң': {"ng", "n"}, 'ү': {"u"}, 'ұ': {"u"}, 'ә': {"a"}, 'ө': {"o"}, 'һ': {"h"},
}

// iso9 has the letters that ISO 9 writes with other Latin letters than the first of
// cyrillicSpellings, its marks removed.
var iso9 = map[rune]string{
	'ж': "z", 'й': "j", 'х': "h", 'ц': "c", 'ч': "c", 'ш': "s", 'щ': "s", 'ю': "u", 'я': "a", 'є': "e", 'ї': "i", 'ў': "u",
}

// icao has the letters that ICAO Doc 9303 writes in another way than BGN/PCGN.
var icao = map[rune]string{'й': "i", 'ъ': "ie", 'ю': "iu", 'я': "ia", 'є': "ie", 'ї': "i"}

// ukrainian has the letters that Ukrainian romanises in another way than Russian.
var ukrainian = map[rune]string{'г': "h", 'и': "y"}

// cyrillicUnits returns the units of a word in Cyrillic, of which the ending -ий is
// one.
func cyrillicUnits(word string) []unit {
	runes := []rune(word)
	units := make([]unit, 0, len(runes))
	for i := 0; i < len(runes); i++ {
		if i == len(runes)-2 && runes[i+1] == 'й' && (runes[i] == 'и' || runes[i] == 'ы') {
			units = append(units, unit{"y", "iy", "ii", "ij", "i", "yy", "yi", "yj"})
			break
		}
		if i+1 < len(runes) && runes[i] == 'к' && runes[i+1] == 'с' {
			units = append(units, unit{"ks", "x"})
			i++
			continue
		}
		units = append(units, cyrillicSpellings[runes[i]])
	}
	return units
}

// A cyrillicSystem is a romanisation of Cyrillic.
type cyrillicSystem map[rune]string

// romanise writes a word in Cyrillic in Latin letters.
func (s cyrillicSystem) romanise(word string, isUkrainian bool) string {
	var b strings.Builder
	previous := rune(0)
	for _, r := range word {
		switch latin, ok := s[r]; {
		case ok:
			b.WriteString(latin)
		case isUkrainian && ukrainian[r] != "":
			b.WriteString(ukrainian[r])
		case s == nil && r == 'е' && (previous == 0 || strings.ContainsRune("аеиоуыэюяйъь", previous)):
			b.WriteString("ye")
		default:
			if u := cyrillicSpellings[r]; len(u) > 0 {
				b.WriteString(u[0])
			}
		}
		previous = r
	}
	out := b.String()
	if s == nil { // BGN/PCGN: -iy is customarily -y
		if cut, ok := strings.CutSuffix(out, "iy"); ok {
			out = cut + "y"
		}
	}
	return out
}
