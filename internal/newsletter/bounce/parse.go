package bounce

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
)

// Report is what a report says.
type Report struct {
	ID    int64 // that of the token
	Class Class
	// Code is the reply code of the server that refused the message, 0 if unknown.
	Code int
	// Enhanced is its enhanced status code, such as 5.1.1; empty if unknown.
	Enhanced string
	// Source is the form of the report: dsn, text, arf, ses or sendgrid.
	Source string
}

// TokenReader reads the tokens of return paths. [Tokens] is one.
type TokenReader interface {
	Read(token string) (int64, error)
}

// Errors of Parse.
var (
	// ErrNotReport is a message or a document that is no report, such as an automatic reply.
	ErrNotReport = errors.New("it is no report about a message")
	// ErrNoToken is a report in which no return path of ours is found.
	ErrNoToken = errors.New("the report has no return path of ours")
)

// Parse reads a report: a message (RFC 5322), or a webhook's JSON. JSON may have several; reports in it
// that are not about messages of ours are left out. The errors are ErrNotReport, ErrNoToken and
// [*Confirmation].
func Parse(raw []byte, tokens TokenReader) ([]Report, error) {
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); len(trimmed) > 0 && (trimmed[0] == '{' || trimmed[0] == '[') {
		return parseJSON(trimmed, tokens)
	}
	report, err := ParseMessage(raw, tokens)
	if err != nil {
		return nil, err
	}
	return []Report{report}, nil
}

// ParseMessage reads a report that is a message. Lines may end in LF or CRLF. What is over MaxSize is ignored.
func ParseMessage(raw []byte, tokens TokenReader) (Report, error) {
	raw = raw[:min(len(raw), MaxSize)]
	h, body := readHeader(raw)
	s := &scan{}
	// Where the report was sent to: the one place that each server fills in.
	for _, name := range []string{"delivered-to", "x-original-to", "envelope-to", "to"} {
		s.addCandidates(h, name)
	}
	parts := 0
	walk(h, body, 0, &parts, s.visit)
	report, ok := s.report(h)
	if !ok {
		return Report{}, ErrNotReport
	}
	for _, token := range s.candidates {
		if id, err := tokens.Read(token); err == nil {
			report.ID = id
			return report, nil
		}
	}
	return Report{}, ErrNoToken
}

// scan gathers what is in the parts of a report.
type scan struct {
	candidates []string // tokens, perhaps
	text       string   // the first part for people
	status     []header // a group of fields for each recipient
	feedback   header
	original   bool // the returned message was seen
}

func (s *scan) visit(p part) {
	switch p.media {
	case "text/plain", "text/html":
		if s.text == "" {
			s.text = strings.ToValidUTF8(string(p.body[:min(len(p.body), maxText)]), "\uFFFD")
		}
	case "message/delivery-status", "message/global-delivery-status":
		for rest := p.body; len(rest) > 0 && len(s.status) < maxParts; {
			var group header
			if group, rest = readHeader(rest); len(group) > 0 {
				s.status = append(s.status, group)
			}
		}
	case "message/feedback-report":
		if s.feedback == nil {
			s.feedback, _ = readHeader(p.body)
			s.addCandidates(s.feedback, "original-mail-from")
		}
	case "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers", "message/global-headers":
		if !s.original {
			s.original = true
			h, _ := readHeader(p.body)
			s.addCandidates(h, "return-path")
			s.addCandidates(h, "message-id")
		}
	}
}

const maxCandidates = 100

var localPattern = regexp.MustCompile(`[A-Za-z0-9+=._-]{1,80}@`)

// addCandidates adds what is ahead of an @ in the fields of a name, without "bounces+".
func (s *scan) addCandidates(h header, name string) {
	for _, f := range h {
		if f.name != name {
			continue
		}
		for _, local := range localPattern.FindAllString(f.value, 10) {
			if len(s.candidates) < maxCandidates {
				s.candidates = append(s.candidates, tokenOf(local))
			}
		}
	}
}

// tokenOf returns what may be a token in an address or a Message-ID.
func tokenOf(address string) string {
	local, _, _ := strings.Cut(strings.Trim(address, "<> "), "@")
	if len(local) > len(prefix) && strings.EqualFold(local[:len(prefix)], prefix) {
		return local[len(prefix):]
	}
	return local
}

// report makes a report of the parts. ok is false if they have none.
func (s *scan) report(h header) (r Report, ok bool) {
	if s.feedback != nil {
		r = Report{Class: Complaint, Source: "arf"}
		if strings.EqualFold(s.feedback.get("feedback-type"), "not-spam") {
			r.Class = Other
		}
		return r, true
	}
	for _, group := range s.status {
		action := strings.ToLower(group.get("action"))
		if action == "" {
			continue // the fields of the message, not of a recipient
		}
		if next := s.recipient(action, group); !ok || next.Class.rank() > r.Class.rank() {
			r, ok = next, true
		}
	}
	if ok || len(s.status) > 0 {
		return r, ok
	}
	return s.fromText(h)
}

// recipient reads the fields of one recipient, RFC 3464 section 2.3.
func (s *scan) recipient(action string, group header) Report {
	r := Report{Class: Other, Source: "dsn"}
	text := group.get("diagnostic-code")
	if text == "" && action != "delivered" && action != "relayed" && action != "expanded" {
		text = s.text // OpenSMTPD has the reply there only, and Exim the reasons of its own
	}
	r.Code, r.Enhanced = readReply(text)
	// Some servers always write 5.0.0 or 4.0.0, so the reply counts more.
	if r.Enhanced == "" {
		r.Enhanced = knownStatus(group.get("status"))
	}
	switch action {
	case "failed":
		r.Class = Classify(r.Code, r.Enhanced, text)
	case "delayed":
		r.Class = Delayed
	}
	return r
}

func firstWord(s string) string {
	if words := strings.Fields(s); len(words) > 0 {
		return words[0]
	}
	return ""
}

var daemonPattern = regexp.MustCompile(`(?i)(mailer-daemon|postmaster)@`)

// fromText is for servers that write to people only, such as qmail.
func (s *scan) fromText(h header) (r Report, ok bool) {
	if !daemonPattern.MatchString(h.get("from")) || s.text == "" {
		return Report{}, false
	}
	text := s.text
	for _, mark := range []string{"--- Below this line is a copy", "------ This is a copy"} {
		text, _, _ = strings.Cut(text, mark)
	}
	r = Report{Source: "text"}
	r.Code, r.Enhanced = readReply(text)
	if r.Class = byText(text); r.Code == 0 && r.Class == Other {
		return Report{}, false
	}
	if r.Code != 0 {
		r.Class = Classify(r.Code, r.Enhanced, text)
	}
	return r, true
}
