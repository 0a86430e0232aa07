package picture

import "strings"

// sign returns a drawing of 14 by 14 units that stands for a kind of entity, as the data
// of a path: the second way, beside the colour, that distinguishes kinds.
func sign(kind string) string {
	switch kind {
	case "PERSON":
		return "M9.6 4.2a2.6 2.6 0 1 1-5.2 0 2.6 2.6 0 0 1 5.2 0ZM2 13C2 9.6 4.3 8.3 7 8.3s5 1.3 5 4.7Z"
	case "COMPANY":
		return "M2.5 13V1.5h6V13M8.5 5.5H12V13M1 13h12M4.5 4.2h2M4.5 7h2M4.5 9.8h2"
	case "ORGANIZATION":
		return "M8.8 3a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0ZM4.8 11a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0ZM12.8 11a1.8 1.8 0 1 1-3.6 0 1.8 1.8 0 0 1 3.6 0ZM6.1 4.7 3.9 9.3M7.9 4.7l2.2 4.6M4.8 11h4.4"
	case "PUBLIC_BODY":
		return "M1 5 7 1.3 13 5ZM3 5v6M7 5v6M11 5v6M2 11h10M1 13h12"
	case "COUNTRY":
		return "M3 13.5V1M3 1.5h9l-2.2 3L12 7.5H3"
	case "PLACE":
		return "M7 13.2C4 9.3 2.8 7.4 2.8 5.3a4.2 4.2 0 0 1 8.4 0C11.2 7.4 10 9.3 7 13.2ZM8.4 5.3a1.4 1.4 0 1 1-2.8 0 1.4 1.4 0 0 1 2.8 0Z"
	case "LEGAL_INSTRUMENT":
		return "M3 1h6l2.5 2.5V13H3ZM9 1v2.5h2.5M5 6.5h4.5M5 8.7h4.5M5 10.9h3"
	case "PROJECT":
		return "M1.5 1.5h11v11h-11ZM1.5 8.5H5V5h3.5V1.5M9 12.5V9h3.5"
	case "PLATFORM":
		return "M1.5 2h11v7.5H6.8L3.8 12.6V9.5H1.5Z"
	case "EVENT":
		return "M1.5 3h11v10h-11ZM1.5 6h11M4.5 1v3M9.5 1v3"
	}
	return "M11 7a4 4 0 1 1-8 0 4 4 0 0 1 8 0Z"
}

// corner returns the radius of the corners of boxes of a kind of entity.
func corner(kind string, height float64) float64 {
	switch kind {
	case "PERSON":
		return min(height/2, 16)
	case "COUNTRY", "PLACE":
		return 8
	}
	return 2
}

// phrase returns a term of a closed list in words: "JOINT_VENTURE_WITH" is "joint
// venture with".
func phrase(term string) string {
	return strings.ToLower(strings.ReplaceAll(clean(term), "_", " "))
}
