package access

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"hash/crc32"
	"strings"
)

// A key's text is "rt_", 32 characters of Crockford's base 32 in lower case
// (160 random bits), and 7 more with the CRC-32 of all before them:
//
//	rt_[0-9a-hjkmnp-tv-z]{39}
//
// The prefix and the checksum are for scanners of leaked secrets, which can tell
// a key from random text by its form alone. With them a mistyped key is refused
// without a query.
const (
	secretPrefix = "rt_"
	randomBytes  = 20
	randomChars  = 32
	sumChars     = 7
	secretChars  = len(secretPrefix) + randomChars + sumChars

	// hintChars is how many characters of a key are stored to recognise it by.
	// They hold 40 of the 160 bits; the rest cannot be guessed.
	hintChars = len(secretPrefix) + 8
)

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newSecret() string {
	var b [randomBytes]byte
	rand.Read(b[:]) // never fails: it crashes the program instead
	text := secretPrefix + crockford.EncodeToString(b[:])
	return text + sumOf(text)
}

// sumOf returns the checksum of a key's text; the text is without it.
func sumOf(text string) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], crc32.ChecksumIEEE([]byte(text)))
	return crockford.EncodeToString(b[:])
}

// wellFormed reports whether a text has the form and the checksum of a key.
func wellFormed(secret string) bool {
	if len(secret) != secretChars || !strings.HasPrefix(secret, secretPrefix) {
		return false
	}
	body := len(secret) - sumChars
	return secret[body:] == sumOf(secret[:body])
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
