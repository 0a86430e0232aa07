package bounce

import (
	"encoding/json"
	"net/url"
	"strings"
)

// Confirmation is an error of Parse: Amazon SNS wants its subscription confirmed, which is done by opening
// the URL once. It is one of Amazon's.
type Confirmation struct{ URL string }

// Error names no secret: the URL has one.
func (*Confirmation) Error() string { return "Amazon SNS wants the subscription confirmed" }

const maxEvents = 2000

func parseJSON(raw []byte, tokens TokenReader) ([]Report, error) {
	if len(raw) > MaxSize {
		return nil, ErrNotReport
	}
	if raw[0] == '[' {
		return parseSendGrid(raw, tokens)
	}
	return parseSNS(raw, tokens)
}

// sns is a message of Amazon SNS, or without its envelope ("raw delivery") the notification of SES itself.
type sns struct {
	Type         string
	Message      string
	SubscribeURL string
}

// notification is one of SES, as it is sent for identities (notificationType) and configuration sets
// (eventType).
type notification struct {
	NotificationType string `json:"notificationType"`
	EventType        string `json:"eventType"`
	Bounce           struct {
		Type       string         `json:"bounceType"`
		SubType    string         `json:"bounceSubType"`
		Recipients []sesRecipient `json:"bouncedRecipients"`
	} `json:"bounce"`
	Delay struct {
		Recipients []sesRecipient `json:"delayedRecipients"`
	} `json:"deliveryDelay"`
	Complaint struct {
		Type string `json:"complaintFeedbackType"`
	} `json:"complaint"`
	Mail struct {
		Source  string `json:"source"`
		Headers []struct {
			Name  string `json:"name"`
			Value string `json:"value"`
		} `json:"headers"`
		Common struct {
			MessageID string `json:"messageId"`
		} `json:"commonHeaders"`
	} `json:"mail"`
}

type sesRecipient struct {
	Status     string `json:"status"`
	Diagnostic string `json:"diagnosticCode"`
}

func parseSNS(raw []byte, tokens TokenReader) ([]Report, error) {
	var envelope sns
	if err := json.Unmarshal(raw, &envelope); err != nil {
		return nil, ErrNotReport
	}
	switch envelope.Type {
	case "SubscriptionConfirmation":
		u, err := url.Parse(envelope.SubscribeURL)
		if err != nil || u.Scheme != "https" || !strings.HasPrefix(u.Host, "sns.") ||
			!strings.HasSuffix(u.Host, ".amazonaws.com") && !strings.HasSuffix(u.Host, ".amazonaws.com.cn") {
			return nil, ErrNotReport
		}
		return nil, &Confirmation{URL: u.String()}
	case "Notification":
		raw = []byte(envelope.Message)
	}
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
		return nil, ErrNotReport
	}
	report, ok := n.report()
	if !ok {
		return nil, ErrNotReport
	}
	candidates := []string{n.Mail.Source, n.Mail.Common.MessageID}
	for _, h := range n.Mail.Headers[:min(len(n.Mail.Headers), maxFields)] {
		if strings.EqualFold(h.Name, "Message-ID") || strings.EqualFold(h.Name, "Return-Path") {
			candidates = append(candidates, h.Value)
		}
	}
	for _, candidate := range candidates {
		if id, err := tokens.Read(tokenOf(candidate)); err == nil {
			report.ID = id
			return []Report{report}, nil
		}
	}
	return nil, ErrNoToken
}

func (n *notification) report() (r Report, ok bool) {
	r = Report{Source: "ses", Class: Other}
	switch n.NotificationType + n.EventType {
	case "Bounce":
		r.readRecipient(n.Bounce.Recipients)
		switch {
		case n.Bounce.Type != "Permanent":
			r.Class = Soft
		case n.Bounce.SubType == "NoEmail" || n.Bounce.SubType == "Suppressed" || n.Bounce.SubType == "OnAccountSuppressionList":
			r.Class = Hard
		case r.Enhanced == "" && r.Code == 0:
			r.Class = Hard // SES sends nothing there again, and gives no other reason
		default:
			r.Class = Classify(r.Code, r.Enhanced, firstDiagnostic(n.Bounce.Recipients))
		}
	case "Complaint":
		if n.Complaint.Type != "not-spam" {
			r.Class = Complaint
		}
	case "DeliveryDelay":
		r.readRecipient(n.Delay.Recipients)
		r.Class = Delayed
	case "Delivery":
	default:
		return Report{}, false
	}
	return r, true
}

func firstDiagnostic(all []sesRecipient) string {
	if len(all) == 0 {
		return ""
	}
	return all[0].Diagnostic
}

// readRecipient reads the codes of the first recipient: a message of ours has one.
func (r *Report) readRecipient(all []sesRecipient) {
	if len(all) == 0 {
		return
	}
	r.Code, r.Enhanced = readReply(all[0].Diagnostic)
	if r.Enhanced == "" {
		r.Enhanced = knownStatus(all[0].Status)
	}
}

// knownStatus returns an enhanced code that says something.
func knownStatus(status string) string {
	status = firstWord(status)
	class, subject, detail := splitStatus(status)
	if class != 4 && class != 5 || subject == 0 && detail == 0 || len(status) > 9 || subject < 0 || detail < 0 {
		return ""
	}
	return status
}

// event is one of SendGrid's event webhook.
type event struct {
	Event  string `json:"event"`
	Type   string `json:"type"`
	Status string `json:"status"`
	Reason string `json:"reason"`
	// Response is what the server of the recipient said, in a deferral.
	Response string `json:"response"`
	// SMTPID is the Message-ID of the message.
	SMTPID string `json:"smtp-id"`
}

func parseSendGrid(raw []byte, tokens TokenReader) ([]Report, error) {
	var events []event
	if err := json.Unmarshal(raw, &events); err != nil || len(events) > maxEvents {
		return nil, ErrNotReport
	}
	var reports []Report
	known := false
	for _, e := range events {
		report, ok := e.report()
		known = known || ok
		if id, err := tokens.Read(tokenOf(e.SMTPID)); ok && err == nil {
			report.ID = id
			reports = append(reports, report)
		}
	}
	switch {
	case !known:
		return nil, ErrNotReport
	case len(reports) == 0:
		return nil, ErrNoToken
	}
	return reports, nil
}

func (e *event) report() (r Report, ok bool) {
	r = Report{Source: "sendgrid", Class: Other}
	r.Code, r.Enhanced = readReply(e.Reason + " " + e.Response)
	if r.Enhanced == "" {
		r.Enhanced = knownStatus(e.Status)
	}
	switch e.Event {
	case "bounce":
		switch {
		case e.Type == "blocked":
			r.Class = Soft
		case r.Code == 0 && r.Enhanced == "":
			r.Class = Hard
		default:
			r.Class = Classify(r.Code, r.Enhanced, e.Reason)
		}
	case "dropped": // it is on SendGrid's own list
		if strings.EqualFold(e.Reason, "Bounced Address") || strings.EqualFold(e.Reason, "Invalid") {
			r.Class = Hard
		} else if strings.EqualFold(e.Reason, "Spam Reporting Address") {
			r.Class = Complaint
		}
	case "spamreport":
		r.Class = Complaint
	case "deferred":
		r.Class = Delayed
	case "processed", "delivered", "unsubscribe", "group_unsubscribe", "group_resubscribe", "open", "click":
	default:
		return Report{}, false
	}
	return r, true
}
