package newsletter

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

const (
	// A form is filled in for at least formMin, which programs are faster than, and is valid
	// for formMax.
	formMin = 2 * time.Second
	formMax = 24 * time.Hour
)

// FormParams is the input of [Subscribers.SubscribeByForm].
type FormParams struct {
	SubscribeParams
	Stamp string // of [Subscribers.FormStamp]
	Trap  string // a field that people do not see; programs fill it in
	Wait  string // the token of a WaitError
}

// WaitError is the error of a form that has to be sent again with Token, unchanged and not before
// After has passed, because there are very many sign-ups.
type WaitError struct {
	Token string
	After time.Duration
}

func (e *WaitError) Error() string {
	return "there are very many sign-ups at the moment: send the form again in a while"
}

// ErrFormStamp is the error of a form that was sent too early or too late after it was shown.
var ErrFormStamp = domain.Conflict("the form was sent too early or too late: send it again")

// FormStamp returns the time stamp of a form that is shown now.
func (s *Subscribers) FormStamp(ctx context.Context) (string, error) {
	keys, err := s.keys.get(ctx)
	if err != nil {
		return "", err
	}
	return keys.sign(forForm, stamp(s.now(), "")), nil
}

// SubscribeByForm is Subscribe for the form of a page. A form whose trap is filled in is
// dropped, with the same result. Under attack the proof is a wait, which needs no script.
//
// Errors: those of Subscribe except ChallengeError; [ErrFormStamp]; [WaitError].
func (s *Subscribers) SubscribeByForm(ctx context.Context, params FormParams) error {
	if params.Trap != "" {
		return nil
	}
	at := s.now()
	payload, valid, err := s.verify(ctx, forForm, params.Stamp, stampBytes)
	if err != nil {
		return err
	}
	if !valid {
		return ErrFormStamp
	}
	if old, _ := age(payload, "", at); old < formMin || old > formMax {
		return ErrFormStamp
	}
	about := strings.Join([]string{params.Email, params.Series, params.Language}, "\n")
	if params.Wait != "" {
		payload, valid, err := s.verify(ctx, forWait, params.Wait, stampBytes)
		if err != nil {
			return err
		}
		if valid {
			old, same := age(payload, about, at)
			params.waited = same && old >= waitFor && old <= waitMax
		}
	}
	err = s.Subscribe(ctx, params.SubscribeParams)
	if _, challenged := errors.AsType[*ChallengeError](err); !challenged {
		return err
	}
	keys, err := s.keys.get(ctx)
	if err != nil {
		return err
	}
	return &WaitError{Token: keys.sign(forWait, stamp(at, about)), After: waitFor}
}
