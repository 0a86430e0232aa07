package picture

import (
	"math"
	"slices"
	"strconv"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// contrast returns the contrast ratio of two colours as WCAG 2.2 defines it.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(colour[1:], 16, 32)
	if err != nil || len(colour) != 7 {
		t.Fatalf("%q is no colour", colour)
	}
	channel := func(shift int) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for name, theme := range map[string]Theme{"light": Light, "dark": Dark} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := theme.palette()
			grounds := []string{p.ground}
			for _, kind := range slices.Concat(domain.EntityKinds, []string{""}) {
				grounds = append(grounds, p.fill(kind))
			}
			for _, ground := range grounds {
				for what, text := range map[string]string{"ink": p.ink, "muted": p.muted, "accent": p.accent} {
					if got := contrast(t, text, ground); got < 4.5 {
						t.Errorf("%s on %s: got %.2f, want at least 4.5 (WCAG 2.2, 1.4.3)", what, ground, got)
					}
				}
				if got := contrast(t, p.line, ground); got < 3 {
					t.Errorf("lines on %s: got %.2f, want at least 3 (WCAG 2.2, 1.4.11)", ground, got)
				}
			}
			if got := contrast(t, p.onAccent, p.accent); got < 4.5 {
				t.Errorf("text on accent: got %.2f, want at least 4.5", got)
			}
			for _, colour := range p.series {
				if got := contrast(t, colour, p.ground); got < 3 {
					t.Errorf("series %s: got %.2f, want at least 3", colour, got)
				}
			}
		})
	}
}

func TestSignsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, kind := range slices.Concat(domain.EntityKinds, []string{""}) {
		if other, ok := seen[sign(kind)]; ok {
			t.Errorf("%q and %q have the same sign", kind, other)
		}
		seen[sign(kind)] = kind
	}
}
