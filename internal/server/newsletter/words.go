package newsletter

import "strings"

// Words are the words of the pages in one language. {series}, {email}, {publisher} and
// {seconds} are replaced.
type Words struct {
	Languages, Email, Series, MailLanguage, Trap string

	Subscribe, SubscribeLead, SubscribeButton, SubscribeNote        string
	EmailProblem, SeriesProblem, FormProblem                        string
	Sent, SentText                                                  string
	Limit, LimitText, Wait, WaitText                                string
	Confirm, ConfirmText, ConfirmButton, ConfirmNote                string
	Confirmed, ConfirmedText, ToPreferences                         string
	Preferences, PreferencesText, Save, Saved, LeaveAll, Left       string
	Unsubscribe, UnsubscribeText, UnsubscribeButton, Done, DoneText string
	BadLink, BadLinkText, ToSubscribe, Failed, FailedText, NoSeries string
}

// languageName returns the name of a language in itself.
func languageName(tag string) string {
	return map[string]string{"en": "English", "ja": "日本語", "zh-Hant": "繁體中文", "zh-Hans": "简体中文"}[tag]
}

// wordsIn returns the words in a language; in English if it has none.
func wordsIn(language string) Words {
	switch language {
	case "ja":
		return japanese()
	case "zh-Hant":
		return traditional()
	case "zh-Hans":
		return simplified()
	}
	return english()
}

func english() Words {
	return Words{
		Languages: "Languages", Email: "E-mail address", Series: "What you receive", MailLanguage: "Language of our messages", Trap: "Leave this field empty",

		Subscribe: "Subscribe by e-mail", SubscribeLead: "Leave your address, and each new edition comes to you by e-mail.",
		SubscribeButton: "Subscribe", SubscribeNote: "We send you a link to confirm it. Every mail has a link to unsubscribe. No mail has anything that tracks you.",
		EmailProblem: "Enter an e-mail address such as name@example.org.", SeriesProblem: "Choose what you want to receive.",
		FormProblem: "Please check what you entered, and send it again.",

		Sent: "Look into your mailbox", SentText: "If the address can receive our mails, a message is on its way to it. Open the link in it, and press the button, within 48 hours. Look into the folder for spam, too.",

		Limit: "Too many sign-ups", LimitText: "There were too many sign-ups from your network. Please try again in an hour.",
		Wait: "One more moment", WaitText: "There are very many sign-ups at the moment. Please wait for {seconds} seconds: a button will appear here. Press it to send yours.",

		Confirm: "Confirm your subscription", ConfirmText: "Subscribe {email} to {series}?", ConfirmButton: "Confirm the subscription",
		ConfirmNote: "If you did not sign up, close this page: no subscription begins.",
		Confirmed:   "You are subscribed", ConfirmedText: "From now on {series} comes to {email}.", ToPreferences: "Change what you receive",

		Preferences: "What you receive", PreferencesText: "These are the subscriptions of {email}.", Save: "Save", Saved: "Saved.",
		LeaveAll: "Unsubscribe from everything", Left: "You are unsubscribed from everything.",

		Unsubscribe: "Unsubscribe", UnsubscribeText: "Stop receiving {series}?", UnsubscribeButton: "Unsubscribe",
		Done: "You are unsubscribed", DoneText: "{series} is not sent to you any more. A mail that is on its way may still arrive.",

		BadLink: "This link does not work", BadLinkText: "It is not complete, or it has expired or been used up. Use the link in a newer mail, or sign up again.", ToSubscribe: "Sign up",
		Failed: "That did not work", FailedText: "Something went wrong on our side. Please try again in a few minutes.", NoSeries: "There is nothing to subscribe to at the moment.",
	}
}

func japanese() Words {
	return Words{
		Languages: "言語", Email: "メールアドレス", Series: "配信内容", MailLanguage: "ご案内の言語", Trap: "この欄は空のままにしてください",

		Subscribe: "メールで購読する", SubscribeLead: "メールアドレスをご登録いただくと、新しい号をメールでお届けします。",
		SubscribeButton: "購読を申し込む", SubscribeNote: "確認用のリンクをお送りします。どのメールからもいつでも配信を停止できます。メールに追跡の仕組みはありません。",
		EmailProblem: "name@example.org のような形式のメールアドレスを入力してください。", SeriesProblem: "購読するものを選んでください。",
		FormProblem: "入力内容をご確認のうえ、もう一度送信してください。",

		Sent: "メールをご確認ください", SentText: "受信できるアドレスであれば、まもなくメールが届きます。48時間以内にメール内のリンクを開き、ボタンを押してください。迷惑メールフォルダもご確認ください。",

		Limit: "申し込みが多すぎます", LimitText: "お使いのネットワークからの申し込みが多すぎます。1時間ほど後にもう一度お試しください。",
		Wait: "少々お待ちください", WaitText: "現在、申し込みが大変多くなっています。{seconds}秒ほどお待ちいただくと、ここにボタンが表示されます。それを押して送信してください。",

		Confirm: "購読の確認", ConfirmText: "{email} で「{series}」を購読しますか。", ConfirmButton: "購読を確認する",
		ConfirmNote: "お心当たりがない場合は、このページを閉じてください。購読は始まりません。",
		Confirmed:   "購読を開始しました", ConfirmedText: "今後、「{series}」を {email} にお届けします。", ToPreferences: "配信設定を変更する",

		Preferences: "配信設定", PreferencesText: "{email} の購読内容です。", Save: "保存する", Saved: "保存しました。",
		LeaveAll: "すべての配信を停止する", Left: "すべての配信を停止しました。",

		Unsubscribe: "配信の停止", UnsubscribeText: "「{series}」の配信を停止しますか。", UnsubscribeButton: "配信を停止する",
		Done: "配信を停止しました", DoneText: "今後、「{series}」はお送りしません。送信中のメールが届く場合があります。",

		BadLink: "このリンクは使えません", BadLinkText: "リンクが不完全か、有効期限が切れています。新しいメールのリンクをお使いいただくか、もう一度お申し込みください。", ToSubscribe: "申し込む",
		Failed: "処理できませんでした", FailedText: "サーバーで問題が発生しました。数分後にもう一度お試しください。", NoSeries: "現在、購読できるものはありません。",
	}
}

func traditional() Words {
	return Words{
		Languages: "語言", Email: "電子郵件地址", Series: "訂閱內容", MailLanguage: "通知所用的語言", Trap: "請將此欄留空",

		Subscribe: "以電子郵件訂閱", SubscribeLead: "留下您的電子郵件地址，每期新刊將寄送給您。",
		SubscribeButton: "訂閱", SubscribeNote: "我們會寄給您一個確認連結。每封郵件均附有取消訂閱的連結，且不含任何追蹤。",
		EmailProblem: "請輸入電子郵件地址，例如 name@example.org。", SeriesProblem: "請選擇您要訂閱的內容。",
		FormProblem: "請檢查您輸入的內容，然後再次送出。",

		Sent: "請查看您的信箱", SentText: "若該地址可以接收我們的郵件，您很快就會收到一封。請於 48 小時內開啟郵件中的連結並按下按鈕。也請查看垃圾郵件匣。",

		Limit: "申請次數過多", LimitText: "來自您所在網路的申請次數過多，請於一小時後再試。",
		Wait: "請稍候", WaitText: "目前申請訂閱的人非常多。請等候 {seconds} 秒，此處將出現一個按鈕，按下即可送出。",

		Confirm: "確認訂閱", ConfirmText: "是否以 {email} 訂閱「{series}」？", ConfirmButton: "確認訂閱",
		ConfirmNote: "若您並未申請，請關閉此頁面，訂閱不會開始。",
		Confirmed:   "訂閱成功", ConfirmedText: "今後「{series}」將寄送至 {email}。", ToPreferences: "變更訂閱設定",

		Preferences: "訂閱設定", PreferencesText: "以下是 {email} 的訂閱內容。", Save: "儲存", Saved: "已儲存。",
		LeaveAll: "取消全部訂閱", Left: "您已取消全部訂閱。",

		Unsubscribe: "取消訂閱", UnsubscribeText: "是否停止接收「{series}」？", UnsubscribeButton: "取消訂閱",
		Done: "您已取消訂閱", DoneText: "「{series}」將不再寄送給您。正在寄送途中的郵件可能仍會送達。",

		BadLink: "此連結無法使用", BadLinkText: "連結不完整、已過期或已使用過。請使用較新郵件中的連結，或重新申請訂閱。", ToSubscribe: "申請訂閱",
		Failed: "操作未能完成", FailedText: "我們的系統發生問題，請於幾分鐘後再試。", NoSeries: "目前沒有可供訂閱的內容。",
	}
}

func simplified() Words {
	return Words{
		Languages: "语言", Email: "电子邮件地址", Series: "订阅内容", MailLanguage: "通知所用的语言", Trap: "请将此栏留空",

		Subscribe: "通过电子邮件订阅", SubscribeLead: "留下您的电子邮件地址，每期新刊将发送给您。",
		SubscribeButton: "订阅", SubscribeNote: "我们会向您发送一个确认链接。每封邮件都附有退订链接，且不含任何跟踪。",
		EmailProblem: "请输入电子邮件地址，例如 name@example.org。", SeriesProblem: "请选择您要订阅的内容。",
		FormProblem: "请检查您输入的内容，然后再次提交。",

		Sent: "请查看您的邮箱", SentText: "如果该地址可以接收我们的邮件，您很快就会收到一封。请在 48 小时内打开邮件中的链接并点击按钮。也请查看垃圾邮件文件夹。",

		Limit: "申请次数过多", LimitText: "来自您所在网络的申请次数过多，请在一小时后重试。",
		Wait: "请稍候", WaitText: "目前申请订阅的人非常多。请等待 {seconds} 秒，此处将出现一个按钮，点击即可提交。",

		Confirm: "确认订阅", ConfirmText: "是否用 {email} 订阅“{series}”？", ConfirmButton: "确认订阅",
		ConfirmNote: "如果您没有申请，请关闭此页面，订阅不会开始。",
		Confirmed:   "订阅成功", ConfirmedText: "今后“{series}”将发送至 {email}。", ToPreferences: "更改订阅设置",

		Preferences: "订阅设置", PreferencesText: "以下是 {email} 的订阅内容。", Save: "保存", Saved: "已保存。",
		LeaveAll: "退订全部内容", Left: "您已退订全部内容。",

		Unsubscribe: "退订", UnsubscribeText: "是否停止接收“{series}”？", UnsubscribeButton: "退订",
		Done: "您已退订", DoneText: "“{series}”将不再发送给您。正在发送途中的邮件可能仍会送达。",

		BadLink: "此链接无法使用", BadLinkText: "链接不完整、已过期或已使用过。请使用较新邮件中的链接，或重新申请订阅。", ToSubscribe: "申请订阅",
		Failed: "操作未能完成", FailedText: "我们的系统出现问题，请在几分钟后重试。", NoSeries: "目前没有可供订阅的内容。",
	}
}

// fill replaces the names in braces: fill(text, "{email}", masked).
func fill(text string, names ...string) string { return strings.NewReplacer(names...).Replace(text) }
