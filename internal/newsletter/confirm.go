package newsletter

import (
	"context"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// maxToken bounds the tokens that are looked up, in bytes.
const maxToken = 200

// Confirmation is a sign-up that a mailed link is about.
type Confirmation struct {
	Series    string // its title
	Email     string // masked
	Language  string
	Confirmed bool
	// Preferences is the URL of the page of preferences; empty if it is not confirmed.
	Preferences string
}

// Confirmation returns the sign-up of a mailed link, and changes nothing. The error of a link
// that is not valid, or not any more, is of KindNotFound.
func (s *Subscribers) Confirmation(ctx context.Context, token string) (Confirmation, error) {
	r, series, err := s.requestOf(ctx, s.stores.DeskRows(), token)
	if err != nil {
		return Confirmation{}, err
	}
	return Confirmation{Series: series.Title, Email: mask(r.email), Language: r.language, Confirmed: r.state == requestConfirmed}, nil
}

// Confirm subscribes the address of a mailed link. A second call changes nothing. The error of a
// link that is not valid, or not any more, is of KindNotFound.
func (s *Subscribers) Confirm(ctx context.Context, token string) (Confirmation, error) {
	if _, err := s.keys.get(ctx); err != nil {
		return Confirmation{}, err // they are not made within the transaction
	}
	var done Confirmation
	at := s.txTime()
	err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		r, series, err := s.requestOf(ctx, tx, token)
		if err != nil {
			return err
		}
		done = Confirmation{Series: series.Title, Email: mask(r.email), Language: r.language, Confirmed: true}
		if r.state == requestConfirmed {
			return nil
		}
		id, err := putSubscriber(ctx, tx, r.email, r.hash, r.language, at)
		if err != nil {
			return err
		}
		has, err := subscriptionsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := activate(ctx, tx, id, r.series, has[r.series], domain.Clear, at, at); err != nil {
			return err
		}
		for _, c := range []consent{
			{hash: r.hash, series: r.series, act: ConsentRequested, at: r.created, network: r.network, version: r.words, lang: r.language},
			{hash: r.hash, series: r.series, act: ConsentConfirmed, at: at, network: network(ctx), version: r.words, lang: r.language, from: "the button of the page behind the mailed link"},
		} {
			if err := insertConsent(ctx, tx, c); err != nil {
				return err
			}
		}
		links, err := s.Links(ctx, id, r.series, at)
		if err != nil {
			return err
		}
		done.Preferences = links.Preferences
		return endRequest(ctx, tx, r.id, requestConfirmed, at)
	})
	if err != nil {
		return Confirmation{}, fmt.Errorf("confirm a sign-up: %w", err)
	}
	return done, nil
}

// requestOf returns the request of a mailed link and its series.
func (s *Subscribers) requestOf(ctx context.Context, db store.Rows, token string) (request, Series, error) {
	if token == "" || len(token) > maxToken {
		return request{}, Series{}, errLink()
	}
	r, found, err := findRequest(ctx, db, "token_hash = ?", tokenHash(strings.TrimSpace(token)))
	if err != nil {
		return request{}, Series{}, err
	}
	if !found || r.state == requestDropped || s.txTime().After(r.expires) {
		return request{}, Series{}, errLink()
	}
	barred, err := suppressed(ctx, db, r.hash)
	if err != nil {
		return request{}, Series{}, err
	}
	public, err := s.PublicSeries(ctx)
	if err != nil {
		return request{}, Series{}, err
	}
	series, live := seriesByID(public, r.series)
	if barred || !live {
		return request{}, Series{}, errLink()
	}
	return r, series, nil
}
