package domain

import "regexp"

// MaxSlug is the greatest length of a slug, in bytes.
const MaxSlug = 120

var slugForm = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)

// ValidSlug reports whether s can be a slug: lower-case ASCII letters and
// digits in groups joined by single hyphens, at most [MaxSlug] bytes.
func ValidSlug(s string) bool { return len(s) <= MaxSlug && slugForm.MatchString(s) }
