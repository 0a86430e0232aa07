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
// The prefix and the checksum are for scanners of leaked secrets, which find a
// key by its form and can tell it from chance without asking anybody. They
// also let a mistyped key be refused without a query.
const (
	secretPrefix = "rt_"
	randomBytes  = 20
	randomChars  = 32
	sumChars     = 7
	secretChars  = len(secretPrefix) + randomChars + sumChars

	// hintChars is how much of a key is kept to recognise it by. It takes 40
	// of the 160 bits: what is left cannot be guessed.
	hintChars = len(secretPrefix) + 8
)

var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newSecret() string {
	var b [randomBytes]byte
	rand.Read(b[:]) // never fails: it crashes the program instead
	text := secretPrefix + crockford.EncodeToString(b[:])
	return text + sumOf(text)
}

// sumOf is the checksum of a key's text without it.
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
