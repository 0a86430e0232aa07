package newsletter

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a request.
const (
	requestNew       = "NEW"
	requestMailed    = "MAILED"
	requestConfirmed = "CONFIRMED"
	requestDropped   = "DROPPED" // no mail is sent
)

const (
	// requestFor is how long the mailed link is valid.
	requestFor    = 48 * time.Hour
	networkWindow = time.Hour
	addressWindow = 24 * time.Hour
	attackWindow  = 10 * time.Minute
)

const (
	// workBits is the number of leading zero bits of a proof of work: about a million hashes.
	workBits = 20
	workFor  = 10 * time.Minute
	maxProof = 200
	// waitFor and waitMax are how long a form has to be, and may be, on its way under attack.
	waitFor = 15 * time.Second
	waitMax = time.Hour
)

// SubscribeParams is the input of [Subscribers.Subscribe].
type SubscribeParams struct {
	Email    string
	Series   string // an id or a slug
	Language string // a BCP 47 tag; empty: that of the series
	// Proof is needed under attack: see [ChallengeError].
	Proof string

	waited bool // the page has made the client wait
}

// LimitError is the error of a request beyond the limit of its network.
type LimitError struct{ RetryAfter time.Duration }

func (e *LimitError) Error() string { return "too many sign-ups from your network; try again later" }

// ChallengeError is the error of a request that needs a proof of work, because there are
// very many. The proof is Token, a colon and a text with which the SHA-256 of all three
// begins with Bits zero bits. It is valid for ten minutes, and for the same address.
type ChallengeError struct {
	Token string
	Bits  int
}

func (e *ChallengeError) Error() string {
	return fmt.Sprintf("there are very many sign-ups at the moment: send a proof of work of %d bits for the challenge", e.Bits)
}

// Subscribe requests a subscription to a public series. If the address may receive mail, it is
// sent a link to confirm it. Whether the address is known shows neither in the result nor in the
// work that is done.
//
// Errors: KindInvalid with all problems of the input; [LimitError]; [ChallengeError];
// KindUnavailable where no mail is sent.
func (s *Subscribers) Subscribe(ctx context.Context, params SubscribeParams) error {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	if s.mailer == nil {
		return &domain.Error{Kind: domain.KindUnavailable, Message: "sign-up is off: this server sends no mail"}
	}
	public, err := s.PublicSeries(ctx)
	if err != nil {
		return err
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return err
	}
	var p domain.Problems
	a, problem := parseAddress(params.Email)
	if problem != "" {
		p.Add("email", "%s", problem)
	}
	series, found := findSeries(public, params.Series)
	if !found {
		p.Add("series", "there is no series with this id or slug that can be subscribed to")
	}
	lang, problem := chooseLanguage(params.Language, series.Language)
	if problem != "" {
		p.Add("language", "%s", problem)
	}
	if len(params.Proof) > maxProof {
		p.Add("proof", "is too long: at most %d bytes", maxProof)
	}
	if err := p.Err("the sign-up was not accepted"); err != nil {
		return err
	}
	hash := keys.hash(a)
	at := s.txTime()
	from := network(ctx)
	limited := from
	if viewer.Authenticated() {
		limited = ""
	}
	proven := params.waited || s.proven(keys, params.Proof, hash, at)
	check := func(db store.Rows) error {
		attack, err := s.checkLimits(ctx, db, limited, at)
		if err == nil && attack && !proven {
			return &ChallengeError{Token: keys.sign(forWork, stamp(at, hash)), Bits: workBits}
		}
		return err
	}
	// Before the transaction as well, so that requests that are refused do not hold the writer.
	if err := check(s.stores.DeskRows()); err != nil {
		return err
	}
	id := domain.NewID(domain.Row, at)
	return s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := check(tx); err != nil {
			return err
		}
		err := store.Exec(ctx, tx, "INSERT INTO subscription_requests (id, email, email_hash, series_id, language, network, text_version, state, created_at, expires_at)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", id, a.typed, hash, series.ID, lang, nullIfEmpty(from), TextVersion, requestNew, at, at.Add(requestFor))
		if err != nil {
			return fmt.Errorf("insert a sign-up: %w", err)
		}
		return s.enqueueRequest(ctx, tx, id)
	})
}

// chooseLanguage returns the one of Languages that fits best: to a tag, or else to the
// language of the series.
func chooseLanguage(tag, series string) (lang, problem string) {
	if tag != "" {
		if _, err := language.Parse(tag); err != nil || strings.ContainsAny(tag, ",;") {
			return "", "want a language tag such as en, ja or zh-Hant"
		}
	}
	for _, wanted := range []string{tag, series} {
		if lang, ok := MatchLanguage(wanted); ok {
			return lang, ""
		}
	}
	return Languages()[0], ""
}

// checkLimits returns an error if the network has made too many requests, and whether there are
// so many requests that each one needs a proof.
func (s *Subscribers) checkLimits(ctx context.Context, db store.Rows, network string, at time.Time) (attack bool, err error) {
	if network != "" {
		n, err := count(ctx, db, "SELECT count(*) FROM subscription_requests WHERE network = ? AND created_at > ?", network, at.Add(-networkWindow))
		if err != nil {
			return false, fmt.Errorf("count the sign-ups of a network: %w", err)
		}
		if n >= s.limits.PerNetwork {
			return false, &LimitError{RetryAfter: networkWindow}
		}
	}
	return s.underAttack(ctx, db, at)
}

func (s *Subscribers) underAttack(ctx context.Context, db store.Rows, at time.Time) (bool, error) {
	n, err := count(ctx, db, "SELECT count(*) FROM (SELECT 1 FROM subscription_requests WHERE created_at > ? LIMIT ?) t", at.Add(-attackWindow), s.limits.Attack)
	if err != nil {
		return false, fmt.Errorf("count the sign-ups: %w", err)
	}
	return n >= s.limits.Attack, nil
}

const stampBytes = 16

// stamp is the payload of tokens that are about a text and a time.
func stamp(at time.Time, about string) []byte {
	sum := sha256.Sum256([]byte(about))
	return append(binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli())), sum[:8]...)
}

// age returns how old a stamp is; false if it is about another text.
func age(payload []byte, about string, at time.Time) (time.Duration, bool) {
	made := time.UnixMilli(int64(binary.BigEndian.Uint64(payload)))
	return at.Sub(made), string(stamp(made, about)[8:]) == string(payload[8:])
}

// proven reports whether a proof of work is valid for an address.
func (s *Subscribers) proven(keys *keys, proof, hash string, at time.Time) bool {
	token, _, _ := strings.Cut(proof, ":")
	payload, _, valid := keys.verify(forWork, token, stampBytes)
	if !valid {
		return false
	}
	old, same := age(payload, hash, at)
	sum := sha256.Sum256([]byte(proof))
	return same && old >= 0 && old <= workFor && bits.LeadingZeros32(binary.BigEndian.Uint32(sum[:])) >= workBits
}
