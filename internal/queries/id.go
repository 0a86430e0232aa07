package queries

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

// validID matches an id that a client may choose.
var validID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$`)

// sha256Hex matches an id that is the SHA-256 of the text.
var sha256Hex = regexp.MustCompile(`^(sha256:)?[0-9a-fA-F]{64}$`)

// hashOf returns the SHA-256 of a text, in lower case hex.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// storedID returns an id as it is stored: a SHA-256 without its prefix, in
// lower case.
func storedID(id string) string {
	if sha256Hex.MatchString(id) {
		return strings.ToLower(strings.TrimPrefix(id, "sha256:"))
	}
	return id
}
