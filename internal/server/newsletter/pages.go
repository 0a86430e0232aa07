package newsletter

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

// form shows the form of a sign-up, with what was entered and what is wrong with it.
func (v *visit) form(entered newsletter.FormParams, status int, wrong error) error {
	words := v.words()
	if v.r.Method != http.MethodPost && v.r.URL.Query().Get("sent") != "" {
		return v.write(http.StatusOK, "message.html", view{Title: words.Sent, Text: words.SentText})
	}
	series, err := v.pages.subscribers.PublicSeries(v.r.Context())
	if err != nil {
		return err
	}
	if len(series) == 0 {
		return v.write(http.StatusNotFound, "message.html", view{Title: words.Subscribe, Text: words.NoSeries})
	}
	shown := &formView{Email: entered.Email, Languages: mailLanguages(cmp.Or(entered.Language, v.language))}
	if shown.Stamp, err = v.pages.subscribers.FormStamp(v.r.Context()); err != nil {
		return err
	}
	chosen := cmp.Or(entered.Series, v.r.URL.Query().Get("series"))
	title := words.Subscribe
	if len(series) == 1 {
		shown.Single, title = series[0].Slug, series[0].Title
	}
	for _, one := range series {
		shown.Series = append(shown.Series, seriesChoice{one.Slug, one.Title, one.Language, one.Slug == chosen || one.ID.String() == chosen})
	}
	if wrong != nil {
		shown.Problem = words.FormProblem
		if invalid, ok := errors.AsType[*domain.Error](wrong); ok {
			for _, f := range invalid.Fields {
				switch f.Path {
				case "email":
					shown.EmailProblem = words.EmailProblem
				case "series":
					shown.SeriesProblem = words.SeriesProblem
				}
			}
		}
	}
	return v.write(status, "subscribe.html", view{Title: title, Form: shown})
}

// subscribe takes the form of a sign-up.
func (v *visit) subscribe() error {
	if err := v.r.ParseForm(); err != nil {
		return domain.Invalid("the form cannot be read: want application/x-www-form-urlencoded of at most %d bytes", maxForm).WithCause(err)
	}
	field := v.r.PostForm.Get
	params := newsletter.FormParams{
		SubscribeParams: newsletter.SubscribeParams{Email: strings.TrimSpace(field("email")), Series: field("series"), Language: field("language")},
		Stamp:           field("stamp"), Trap: field("website"), Wait: field("wait"),
	}
	err := v.pages.subscribers.SubscribeByForm(v.r.Context(), params)
	var wait *newsletter.WaitError
	switch {
	case err == nil:
		v.w.Header().Set("Cache-Control", "no-store")
		v.w.Header().Set("Location", "?"+url.Values{"sent": {"1"}, "lang": {v.language}}.Encode())
		v.w.WriteHeader(http.StatusSeeOther)
		return nil
	case errors.As(err, &wait):
		v.w.Header().Set("Retry-After", seconds(wait.After))
		words := v.words()
		return v.write(http.StatusTooManyRequests, "wait.html", view{
			Title: words.Wait, Text: fill(words.WaitText, "{seconds}", seconds(wait.After)),
			Hidden: []hiddenField{{"email", params.Email}, {"series", params.Series}, {"language", params.Language}, {"stamp", params.Stamp}, {"wait", wait.Token}},
		})
	case errors.Is(err, newsletter.ErrFormStamp), domain.KindOf(err) == domain.KindInvalid:
		return v.form(params, http.StatusUnprocessableEntity, err)
	}
	return err
}

// confirm is the page behind the mailed link of a sign-up.
func (v *visit) confirm(post bool) error {
	find := v.pages.subscribers.Confirmation
	if post {
		find = v.pages.subscribers.Confirm
	}
	found, err := find(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	v.use(found.Language)
	words := v.words()
	in := func(text string) string { return fill(text, "{series}", found.Series, "{email}", found.Email) }
	if !found.Confirmed {
		return v.write(http.StatusOK, "message.html", view{Title: words.Confirm, Text: in(words.ConfirmText), Button: words.ConfirmButton, More: words.ConfirmNote})
	}
	shown := view{Title: words.Confirmed, Text: in(words.ConfirmedText)}
	if found.Preferences != "" {
		shown.Link, shown.LinkText = found.Preferences, words.ToPreferences
	}
	return v.write(http.StatusOK, "message.html", shown)
}

// preferences is the page of what a subscriber receives.
func (v *visit) preferences(post bool) error {
	found, err := v.pages.subscribers.Preferences(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	v.use(found.Language)
	status := ""
	if post {
		if err := v.r.ParseForm(); err != nil {
			return domain.Invalid("the form cannot be read: want application/x-www-form-urlencoded of at most %d bytes", maxForm).WithCause(err)
		}
		switch {
		case v.r.PostForm.Get("leave") == "all":
			found, err = v.pages.subscribers.LeaveAll(v.r.Context(), v.token())
			status = v.words().Left
		case v.r.PostForm.Has("save"):
			found, err = v.pages.subscribers.SetPreferences(v.r.Context(), newsletter.PreferencesParams{
				Token: v.token(), Language: v.r.PostForm.Get("language"), Series: v.r.PostForm["series"]})
			v.use(found.Language)
			status = v.words().Saved
		default:
			err = domain.Invalid("the form has no button")
		}
		if err != nil {
			return err
		}
	}
	return v.write(http.StatusOK, "preferences.html", view{
		Title: v.words().Preferences, Text: fill(v.words().PreferencesText, "{email}", found.Email),
		Preferences: &found, MailLanguages: mailLanguages(found.Language), Status: status,
	})
}

// unsubscribe is the page behind the link to unsubscribe. By a POST it is the one-click address of
// RFC 8058, whose body is not read.
func (v *visit) unsubscribe(post bool) error {
	find := v.pages.subscribers.Leaving
	if post {
		find = v.pages.subscribers.Unsubscribe
	}
	found, err := find(v.r.Context(), v.token())
	if err != nil {
		return err
	}
	v.use(found.Language)
	words := v.words()
	series := cmp.Or(found.Series, v.pages.subscribers.Publisher())
	if !found.Left {
		return v.write(http.StatusOK, "message.html", view{Title: words.Unsubscribe, Text: fill(words.UnsubscribeText, "{series}", series),
			Button: words.UnsubscribeButton, Link: found.Preferences, LinkText: words.ToPreferences})
	}
	shown := view{Title: words.Done, Text: fill(words.DoneText, "{series}", series)}
	if found.Preferences != "" {
		shown.Link, shown.LinkText = found.Preferences, words.ToPreferences
	}
	return v.write(http.StatusOK, "message.html", shown)
}
