package picture

import "github.com/redthread-api/redthread/internal/domain"

// Theme is the ground that a picture is drawn on. The zero value is [Light].
type Theme int

// The themes.
const (
	Light Theme = iota
	Dark
)

// ParseTheme returns the theme with the name "light" or "dark"; the empty name is
// light. The error is of KindInvalid.
func ParseTheme(name string) (Theme, error) {
	switch name {
	case "", "light":
		return Light, nil
	case "dark":
		return Dark, nil
	}
	return 0, domain.Invalid("%q is not a theme: want light or dark", clean(ellipsis(name, 20)))
}

// A palette has the colours of a theme. Texts are drawn in ink, muted and accent on
// ground or on one of the fills, and in onAccent on accent.
type palette struct {
	ground, ink, muted  string
	line, hairline      string // ties and borders; rules and grids
	accent, onAccent    string
	person, body, state string // fills of boxes, by families of kinds
	place, law, other   string
	series              [6]string // of stacked bars, the greatest group first
}

func (t Theme) palette() palette {
	if t == Dark {
		return palette{
			ground: "#15181b", ink: "#eceae6", muted: "#aeb3b8",
			line: "#8d949b", hairline: "#3a4046",
			accent: "#ff9080", onAccent: "#15181b",
			person: "#1f2a35", body: "#262624", state: "#2b2531",
			place: "#1e2b2b", law: "#2e291e", other: "#24282c",
			series: [6]string{"#ff9080", "#d5d2cb", "#8d949b", "#7fb0cf", "#c9b458", "#6f7a85"},
		}
	}
	return palette{
		ground: "#ffffff", ink: "#1b1b1b", muted: "#5a5a5a",
		line: "#757575", hairline: "#d9d7d2",
		accent: "#b3201f", onAccent: "#ffffff",
		person: "#ecf2f8", body: "#f6f5f1", state: "#f4eff6",
		place: "#ebf4f3", law: "#faf4e6", other: "#f3f4f5",
		series: [6]string{"#b3201f", "#3d4247", "#8a8f94", "#4b7a99", "#94802a", "#6b7178"},
	}
}

// fill returns the fill of the boxes of a kind of entity.
func (p palette) fill(kind string) string {
	switch kind {
	case "PERSON":
		return p.person
	case "COMPANY", "ORGANIZATION":
		return p.body
	case "PUBLIC_BODY":
		return p.state
	case "COUNTRY", "PLACE":
		return p.place
	case "LEGAL_INSTRUMENT", "EVENT":
		return p.law
	}
	return p.other
}
