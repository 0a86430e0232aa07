package newsletter

import (
	"html/template"
	"strings"
)

// TextVersion is the version of the words that people agree to, in consents. It changes with
// the words of the sign-up pages and mails.
const TextVersion = "2026-11-29"

// mailWords are the words of the mails of a sign-up, in one language. {series} and {publisher}
// are replaced.
type mailWords struct {
	subject, hello, ask, button, expires, ignore   string
	alreadySubject, already, preferences, notAsked string
}

// wordsOfMails returns the words in a language; in English if it has none.
func wordsOfMails(language string) mailWords {
	switch language {
	case "ja":
		return mailWords{
			subject:        "「{series}」の購読の確認",
			hello:          "このメールアドレスで、{publisher}の「{series}」の購読が申し込まれました。",
			ask:            "購読するには、次のページを開き、ボタンを押してください。",
			button:         "購読を確認する",
			expires:        "このリンクは48時間有効で、一度だけ使えます。",
			ignore:         "お心当たりがない場合は、何もする必要はありません。購読は始まらず、アドレスは2日後に削除されます。",
			alreadySubject: "「{series}」はすでに購読中です",
			already:        "このメールアドレスで「{series}」の購読が申し込まれましたが、すでに購読中です。何もする必要はありません。",
			preferences:    "配信設定を変更する",
			notAsked:       "お心当たりがない場合は、このメールを無視してください。",
		}
	case "zh-Hant":
		return mailWords{
			subject:        "請確認訂閱「{series}」",
			hello:          "有人以此電子郵件地址申請訂閱{publisher}的「{series}」。",
			ask:            "如要訂閱，請開啟以下頁面並按下按鈕。",
			button:         "確認訂閱",
			expires:        "此連結於 48 小時內有效，只能使用一次。",
			ignore:         "若您並未申請，無須採取任何動作：訂閱不會開始，您的地址將於兩天後刪除。",
			alreadySubject: "您已訂閱「{series}」",
			already:        "有人以此電子郵件地址申請訂閱「{series}」，但您已經訂閱，無須採取任何動作。",
			preferences:    "變更訂閱設定",
			notAsked:       "若您並未申請，請忽略此郵件。",
		}
	case "zh-Hans":
		return mailWords{
			subject:        "请确认订阅“{series}”",
			hello:          "有人用此电子邮件地址申请订阅{publisher}的“{series}”。",
			ask:            "如需订阅，请打开以下页面并点击按钮。",
			button:         "确认订阅",
			expires:        "此链接在 48 小时内有效，只能使用一次。",
			ignore:         "如果您没有申请，则无需任何操作：订阅不会开始，您的地址将在两天后删除。",
			alreadySubject: "您已订阅“{series}”",
			already:        "有人用此电子邮件地址申请订阅“{series}”，但您已经订阅，无需任何操作。",
			preferences:    "更改订阅设置",
			notAsked:       "如果您没有申请，请忽略此邮件。",
		}
	}
	return mailWords{
		subject:        "Confirm your subscription to {series}",
		hello:          "This address was signed up for {series}, from {publisher}.",
		ask:            "To subscribe, open this page and press the button on it:",
		button:         "Confirm the subscription",
		expires:        "The link works once, and for 48 hours.",
		ignore:         "If you did not sign up, do nothing: no subscription begins, and your address is deleted after two days.",
		alreadySubject: "You already receive {series}",
		already:        "This address was signed up for {series}, which it already receives. You need not do anything.",
		preferences:    "Change what you receive",
		notAsked:       "If you did not sign up, ignore this mail.",
	}
}

// confirmMail returns the mail with the link that confirms a request.
func (s *Subscribers) confirmMail(r request, series Series, url string) *Outgoing {
	w := wordsOfMails(r.language)
	return s.mail(r, series, w.subject, url, w.button, []string{w.hello, w.ask}, []string{w.expires, w.ignore})
}

// alreadyMail returns the mail to an address that has the subscription.
func (s *Subscribers) alreadyMail(r request, series Series, links Links) *Outgoing {
	w := wordsOfMails(r.language)
	return s.mail(r, series, w.alreadySubject, links.Preferences, w.preferences, []string{w.already}, []string{w.notAsked})
}

// mail returns a mail of paragraphs around one link. Its forms have the same links.
func (s *Subscribers) mail(r request, series Series, subject, url, button string, before, after []string) *Outgoing {
	fill := strings.NewReplacer("{series}", oneLine(series.Title), "{publisher}", oneLine(s.publisher)).Replace
	var text strings.Builder
	page := mailPage{Language: r.language, Subject: fill(subject), URL: url, Button: button, Publisher: oneLine(s.publisher)}
	for _, p := range before {
		page.Before = append(page.Before, fill(p))
		text.WriteString(fill(p) + "\n\n")
	}
	text.WriteString(url + "\n\n")
	for _, p := range after {
		page.After = append(page.After, fill(p))
		text.WriteString(fill(p) + "\n\n")
	}
	text.WriteString("-- \n" + page.Publisher + "\n")
	var html strings.Builder
	if err := template.Must(template.New("mail").Parse(mailHTML)).Execute(&html, page); err != nil {
		panic(err) // it is a constant
	}
	return &Outgoing{ID: "request-" + r.id.String(), To: r.email, Language: r.language, Subject: page.Subject, Text: text.String(), HTML: html.String(), Bounces: r.id}
}

// oneLine returns a text without line breaks, for the header of a mail.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

type mailPage struct {
	Language, Subject, URL, Button, Publisher string
	Before, After                             []string
}

const mailHTML = `<!doctype html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Subject}}</title>
</head>
<body style="margin:0;padding:24px 16px;font:16px/1.6 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif">
<div style="max-width:560px;margin:0 auto">
{{range .Before}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}<p style="margin:24px 0"><a href="{{.URL}}" style="display:inline-block;padding:12px 20px;border-radius:4px;background:#b50d29;color:#ffffff;font-weight:600;text-decoration:none">{{.Button}}</a></p>
<p style="margin:0 0 16px;font-size:13px;word-break:break-all"><a href="{{.URL}}" style="color:inherit">{{.URL}}</a></p>
{{range .After}}<p style="margin:0 0 16px">{{.}}</p>
{{end}}<p style="margin:32px 0 0;font-size:13px">{{.Publisher}}</p>
</div>
</body>
</html>
`
