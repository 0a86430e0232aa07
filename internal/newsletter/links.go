package newsletter

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/bounce"
)

// purpose is what a signed token is for. A token of one purpose is not valid for another.
type purpose byte

const (
	forPreferences purpose = 'p'
	forUnsubscribe purpose = 'u'
	forForm        purpose = 'f' // the time stamp of the form
	forWait        purpose = 'w' // the wait under attack
	forWork        purpose = 'k' // the proof of work
	forConfirm     purpose = 'c'
)

const macBytes = 16

// preferencesFor is how long a link to the preferences is valid. A link to unsubscribe is
// valid for as long as its key is on the desk.
const preferencesFor = 400 * 24 * time.Hour

// sign returns a token: the purpose, the id of the key, the payload and a MAC of them.
func (k *keys) sign(p purpose, payload []byte) string {
	token := binary.BigEndian.AppendUint64([]byte{byte(p)}, uint64(k.signing))
	token = append(token, payload...)
	token = append(token, mac(k.links[k.signing], token)...)
	return base64.RawURLEncoding.EncodeToString(token)
}

func mac(key, message []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(message)
	return h.Sum(nil)[:macBytes]
}

// verify returns the payload of a token, whose length is size; false if the token is not
// valid.
func (k *keys) verify(p purpose, token string, size int) (payload []byte, known, valid bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != 9+size+macBytes || purpose(raw[0]) != p {
		return nil, true, false
	}
	key := k.links[domain.ID(binary.BigEndian.Uint64(raw[1:]))]
	if key == nil {
		return nil, false, false
	}
	signed := raw[:9+size]
	return signed[9:], true, hmac.Equal(mac(key, signed), raw[9+size:])
}

// verify is keys.verify, and reads the keys anew if the token is by one that is not known.
func (s *Subscribers) verify(ctx context.Context, p purpose, token string, size int) ([]byte, bool, error) {
	keys, err := s.keys.get(ctx)
	if err != nil {
		return nil, false, err
	}
	payload, known, valid := keys.verify(p, token, size)
	if !known {
		if keys, err = s.keys.load(ctx, keysMinReload); err != nil {
			return nil, false, err
		}
		payload, _, valid = keys.verify(p, token, size)
	}
	return payload, valid, nil
}

// link is what the token of a mail says.
type link struct {
	subscriber, series domain.ID
	at                 time.Time // when the mail was made, to the day
}

const (
	linkBytes = 18
	day       = 24 * time.Hour
)

// dayZero is the day 0 of tokens.
func dayZero() time.Time { return time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) }

func (l link) payload() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(l.subscriber))
	b = binary.BigEndian.AppendUint64(b, uint64(l.series))
	return binary.BigEndian.AppendUint16(b, uint16(l.at.Sub(dayZero())/day))
}

// readLink verifies the token of a mail. The error of one that is not valid, or not any more,
// is errLink.
func (s *Subscribers) readLink(ctx context.Context, p purpose, token string) (link, error) {
	payload, valid, err := s.verify(ctx, p, token, linkBytes)
	if err != nil {
		return link{}, err
	}
	if !valid {
		return link{}, errLink()
	}
	l := link{
		subscriber: domain.ID(binary.BigEndian.Uint64(payload)),
		series:     domain.ID(binary.BigEndian.Uint64(payload[8:])),
		at:         dayZero().Add(time.Duration(binary.BigEndian.Uint16(payload[16:])) * day),
	}
	if p == forPreferences && s.now().Sub(l.at) > preferencesFor {
		return link{}, errLink()
	}
	return l, nil
}

// errLink is the error of a link that leads nowhere.
func errLink() error {
	return domain.NotFound("this link is not valid, or not any more; use the one in a newer mail, or sign up again")
}

// Links are the links of a mail to a subscriber.
type Links struct {
	// Unsubscribe ends the subscription by a POST with any body, as in RFC 8058; a GET is
	// responded to with a page that has a button.
	Unsubscribe string
	// Preferences is the page of the subscriber's subscriptions and language.
	Preferences string
}

// Links returns the links of a mail of a series to a subscriber. For the same day and key they
// are the same.
func (s *Subscribers) Links(ctx context.Context, subscriber, series domain.ID, at time.Time) (Links, error) {
	keys, err := s.keys.get(ctx)
	if err != nil {
		return Links{}, err
	}
	payload := link{subscriber, series, at}.payload()
	return Links{
		Unsubscribe: s.page("unsubscribe", keys.sign(forUnsubscribe, payload)),
		Preferences: s.page("subscriptions", keys.sign(forPreferences, payload)),
	}, nil
}

// page returns the URL of a page with a token.
func (s *Subscribers) page(path, token string) string {
	return s.publicURL + "/" + path + "?" + url.Values{"token": {token}}.Encode()
}

// BounceTokens returns the tokens of return paths at a domain. Their keys follow from those of links, and are
// rotated with them.
func (s *Subscribers) BounceTokens(ctx context.Context, host string) (*bounce.Tokens, error) {
	keys, err := s.keys.get(ctx)
	if err != nil {
		return nil, err
	}
	derived := [][]byte{keys.forBounces(keys.signing)}
	for _, id := range slices.Sorted(maps.Keys(keys.links)) {
		if id != keys.signing {
			derived = append(derived, keys.forBounces(id))
		}
	}
	return bounce.NewTokens(host, derived...)
}

// forBounces returns the key of return paths that belongs to a link key.
func (k *keys) forBounces(id domain.ID) []byte {
	mac := hmac.New(sha256.New, k.links[id])
	mac.Write([]byte("return paths"))
	return mac.Sum(nil)
}
