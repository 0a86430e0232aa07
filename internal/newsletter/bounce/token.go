package bounce

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Tokens makes and reads the signed tokens of return paths (VERP) and Message-IDs.
type Tokens struct {
	domain string
	keys   [][]byte
}

const (
	prefix = "bounces+"
	minKey = 16
	macLen = 8 // 64 bits: each guess is a request, and the most that one achieves is to stop one subscription
)

// encoding has letters of one case only, because some servers write local parts in lower case.
var encoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// tokenLen is the length of a token: 8 bytes of the id, and the signature.
var tokenLen = encoding.EncodedLen(8 + macLen)

var domainPattern = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)

// NewTokens returns the tokens of a domain. The first key signs; all are tried when a token is read, so
// that reports about messages from before a rotation are understood.
func NewTokens(domain string, keys ...[]byte) (*Tokens, error) {
	if len(domain) > 200 || !domainPattern.MatchString(domain) {
		return nil, errors.New("the domain of return paths: want a domain in lower case, such as news.example.org")
	}
	if len(keys) == 0 {
		return nil, errors.New("the keys of return paths: want at least one")
	}
	for i, key := range keys {
		if len(key) < minKey {
			return nil, fmt.Errorf("the keys of return paths: want at least %d bytes in key %d, not %d", minKey, i+1, len(key))
		}
	}
	return &Tokens{domain: domain, keys: keys}, nil
}

// Token returns the token of an id.
func (t *Tokens) Token(id int64) string {
	raw := binary.BigEndian.AppendUint64(nil, uint64(id))
	return encoding.EncodeToString(append(raw, sign(t.keys[0], raw)...))
}

// ReturnPath returns the envelope sender of the message with the id.
func (t *Tokens) ReturnPath(id int64) string { return prefix + t.Token(id) + "@" + t.domain }

// MessageID returns the Message-ID of the message with the id, without angle brackets. Providers that
// replace the return path report it.
func (t *Tokens) MessageID(id int64) string { return t.Token(id) + "@" + t.domain }

// errToken is a token that is not one of ours.
var errToken = errors.New("the token is not valid")

// Read returns the id of a token, in any case of letters.
func (t *Tokens) Read(token string) (int64, error) {
	if len(token) != tokenLen {
		return 0, errToken
	}
	raw, err := encoding.DecodeString(strings.ToLower(token))
	if err != nil {
		return 0, errToken
	}
	for _, key := range t.keys {
		if hmac.Equal(sign(key, raw[:8]), raw[8:]) {
			return int64(binary.BigEndian.Uint64(raw)), nil
		}
	}
	return 0, errToken
}

func sign(key, id []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("redthread return path\x00"))
	mac.Write(id)
	return mac.Sum(nil)[:macLen]
}
