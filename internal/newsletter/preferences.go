package newsletter

import (
	"context"
	"fmt"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// Preferences is what a subscriber receives.
type Preferences struct {
	Email    string // masked
	Language string
	Series   []Choice
}

// Choice is a series that a subscriber receives or can choose to receive.
type Choice struct {
	ID         domain.ID
	Title      string
	Subscribed bool
}

// Preferences returns what a subscriber receives, by the link of a mail. The error of a link
// that is not valid, or not any more, is of KindNotFound.
func (s *Subscribers) Preferences(ctx context.Context, token string) (Preferences, error) {
	l, err := s.readLink(ctx, forPreferences, token)
	if err != nil {
		return Preferences{}, err
	}
	who, choices, _, err := s.choices(ctx, s.stores.DeskRows(), l.subscriber)
	if err != nil {
		return Preferences{}, err
	}
	return Preferences{Email: mask(who.email), Language: who.language, Series: choices}, nil
}

// choices returns a subscriber, and the series that it receives or can receive: those that are
// public, and those up to the clearance of a subscription to them. A suppressed address can
// receive none.
func (s *Subscribers) choices(ctx context.Context, db store.Rows, id domain.ID) (subscriber, []Choice, map[domain.ID]*subscription, error) {
	who, found, err := findSubscriber(ctx, db, "id = ?", id)
	if err == nil && !found {
		err = errLink()
	}
	if err != nil {
		return subscriber{}, nil, nil, err
	}
	has, err := subscriptionsOf(ctx, db, id)
	if err != nil {
		return subscriber{}, nil, nil, err
	}
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return subscriber{}, nil, nil, fmt.Errorf("find the series: %w", err)
	}
	barred, err := suppressed(ctx, db, who.hash)
	if err != nil {
		return subscriber{}, nil, nil, err
	}
	var choices []Choice
	for _, one := range all {
		had := has[one.ID]
		if one.Marking == domain.Clear && !barred || had.active() && had.clearance >= one.Marking {
			choices = append(choices, Choice{ID: one.ID, Title: one.Title, Subscribed: had.active()})
		}
	}
	return who, choices, has, nil
}

// PreferencesParams is the input of [Subscribers.SetPreferences].
type PreferencesParams struct {
	Token    string
	Language string   // one of Languages; empty: as it is
	Series   []string // the ids of all series to be received
}

// SetPreferences changes what a subscriber receives, by the link of a mail. Series that the
// subscriber cannot choose are ignored.
//
// Errors: KindNotFound if the link is not valid; KindInvalid.
func (s *Subscribers) SetPreferences(ctx context.Context, params PreferencesParams) (Preferences, error) {
	l, err := s.readLink(ctx, forPreferences, params.Token)
	if err != nil {
		return Preferences{}, err
	}
	if params.Language != "" && !IsLanguage(params.Language) {
		return Preferences{}, domain.Invalid("language: want one of %v", Languages())
	}
	at := s.txTime()
	err = s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		who, choices, has, err := s.choices(ctx, tx, l.subscriber)
		if err != nil {
			return err
		}
		lang := who.language
		if params.Language != "" {
			lang = params.Language
		}
		if lang != who.language {
			if err := store.Exec(ctx, tx, "UPDATE subscribers SET language = ?, updated_at = ? WHERE id = ?", lang, at, who.id); err != nil {
				return fmt.Errorf("set the language of a subscriber: %w", err)
			}
		}
		for _, choice := range choices {
			id, wanted := choice.ID, slices.Contains(params.Series, choice.ID.String())
			if wanted == choice.Subscribed {
				continue
			}
			c := consent{hash: who.hash, series: id, act: ConsentUnsubscribed, at: at, network: network(ctx), version: TextVersion, lang: lang, from: "the page of preferences"}
			if wanted {
				c.act = ConsentSubscribed
				err = activate(ctx, tx, who.id, id, has[id], domain.Clear, at, at)
			} else {
				err = end(ctx, tx, has[id].id, at)
			}
			if err != nil {
				return err
			}
			if err := insertConsent(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Preferences{}, fmt.Errorf("set preferences: %w", err)
	}
	return s.Preferences(ctx, params.Token)
}

// Leaving is what a link to unsubscribe is about.
type Leaving struct {
	Series      string // its title; empty if the series is not live
	Language    string // the subscriber's; empty if there is none any more
	Preferences string // the URL of the page of preferences; empty as Language
	Left        bool   // the subscription has ended
}

// Leaving returns what a link to unsubscribe is about, and changes nothing. The error of a
// link that is not valid is of KindNotFound.
func (s *Subscribers) Leaving(ctx context.Context, token string) (Leaving, error) {
	l, err := s.readLink(ctx, forUnsubscribe, token)
	if err != nil {
		return Leaving{}, err
	}
	return s.leaving(ctx, l)
}

func (s *Subscribers) leaving(ctx context.Context, l link) (Leaving, error) {
	all, err := s.series.LiveSeries(ctx)
	if err != nil {
		return Leaving{}, fmt.Errorf("find the series: %w", err)
	}
	var leaving Leaving
	who, found, err := findSubscriber(ctx, s.stores.DeskRows(), "id = ?", l.subscriber)
	if err != nil {
		return Leaving{}, err
	}
	leaving.Left = true
	if found {
		has, err := subscriptionsOf(ctx, s.stores.DeskRows(), who.id)
		if err != nil {
			return Leaving{}, err
		}
		links, err := s.Links(ctx, l.subscriber, l.series, s.now())
		if err != nil {
			return Leaving{}, err
		}
		leaving.Language, leaving.Preferences = who.language, links.Preferences
		leaving.Left = !has[l.series].active()
	}
	if series, live := seriesByID(all, l.series); live {
		leaving.Series = series.Title
	}
	return leaving, nil
}

// Unsubscribe ends a subscription, by the link of a mail. A second call changes nothing, and so
// does one for a subscriber who was erased. The error of a link that is not valid is of
// KindNotFound.
func (s *Subscribers) Unsubscribe(ctx context.Context, token string) (Leaving, error) {
	l, err := s.readLink(ctx, forUnsubscribe, token)
	if err != nil {
		return Leaving{}, err
	}
	if err := s.leave(ctx, l.subscriber, l.series, "the link of a mail"); err != nil {
		return Leaving{}, fmt.Errorf("unsubscribe: %w", err)
	}
	return s.leaving(ctx, l)
}

// LeaveAll ends all subscriptions of a subscriber, by the link to the preferences. The error of
// a link that is not valid, or not any more, is of KindNotFound.
func (s *Subscribers) LeaveAll(ctx context.Context, token string) (Preferences, error) {
	l, err := s.readLink(ctx, forPreferences, token)
	if err != nil {
		return Preferences{}, err
	}
	if err := s.leave(ctx, l.subscriber, 0, "the page of preferences"); err != nil {
		return Preferences{}, fmt.Errorf("leave all series: %w", err)
	}
	return s.Preferences(ctx, token)
}

// leave ends the subscription of a subscriber to a series; to all for 0.
func (s *Subscribers) leave(ctx context.Context, id, series domain.ID, from string) error {
	at := s.txTime()
	return s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		who, found, err := findSubscriber(ctx, tx, "id = ?", id)
		if err != nil || !found {
			return err
		}
		has, err := subscriptionsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		for _, one := range has {
			if !one.active() || series != 0 && one.series != series {
				continue
			}
			if err := end(ctx, tx, one.id, at); err != nil {
				return err
			}
			if err := insertConsent(ctx, tx, consent{hash: who.hash, series: one.series, act: ConsentUnsubscribed, at: at,
				network: network(ctx), version: TextVersion, lang: who.language, from: from}); err != nil {
				return err
			}
		}
		return nil
	})
}
