package names

// JaroWinkler is the similarity that spellings are compared with.
func JaroWinkler(a, b string) float64 { return jaroWinkler([]rune(a), []rune(b)) }

// Jaro is JaroWinkler without the bonus for a common prefix.
func Jaro(a, b string) float64 { return jaro([]rune(a), []rune(b)) }

// Edits is the distance of Damerau and Levenshtein.
func Edits(a, b string, most int) int { return edits([]rune(a), []rune(b), most) }

// WadeGiles, Revised, McCune and HongKong romanise.
func WadeGiles(s string) string { return wadeGiles(s) }

func Revised(s string) string { return revised(s) }

func McCune(s string) string { return mcCune(s) }

func HongKong(s string) []string { return hongKong(s) }
