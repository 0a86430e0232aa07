package mail

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Status is what became of a submission.
type Status int

const (
	// Deferred: the message was not accepted, and may be submitted again later.
	Deferred Status = iota
	// Submitted: the server accepted the message. That does not mean that it is delivered.
	Submitted
	// Failed: the server refused the message for good.
	Failed
	// Unknown: all of the message was sent, but the connection ended before the reply. The
	// server may have accepted it, so to submit it again could send it twice.
	Unknown
)

// String returns the status in lower case.
func (s Status) String() string {
	return [...]string{"deferred", "submitted", "failed", "unknown"}[s]
}

// Step is the part of a session in which a submission ended.
type Step string

// The steps.
const (
	StepConnect Step = "connect" // also TLS, the greeting, EHLO and AUTH
	StepSender  Step = "sender"
	// StepRecipient is the only step whose refusal is about the recipient's address.
	StepRecipient Step = "recipient"
	StepData      Step = "data"
	StepReply     Step = "reply" // the reply to the whole message
)

// Result is what became of a submission. It has no addresses.
type Result struct {
	Status Status
	Step   Step
	// Code is the reply code of the server (RFC 5321 section 4.2), 0 if it gave none.
	Code int
	// Enhanced is the enhanced status code (RFC 3463), such as 5.1.1; empty if there was none.
	Enhanced string
	// Text is the server's reply, or what went wrong, without addresses, at most 300 characters.
	Text string
}

// maxReply is how many characters of a reply are stored.
const maxReply = 300

var addressPattern = regexp.MustCompile(`[^\s<>()\[\],;:"']*@[^\s<>()\[\],;:"']*`)

// withoutAddresses returns a text of a server on one line, without addresses and control characters.
func withoutAddresses(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = addressPattern.ReplaceAllString(text, "(address)")
	text = strings.Join(strings.FieldsFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }), " ")
	if utf8.RuneCountInString(text) > maxReply {
		text = string([]rune(text)[:maxReply-1]) + "…"
	}
	return text
}

var enhancedPattern = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}$`)

// splitEnhanced splits the enhanced code off the beginning of a reply's text.
func splitEnhanced(text string) (enhanced, rest string) {
	enhanced, rest, _ = strings.Cut(text, " ")
	if !enhancedPattern.MatchString(enhanced) {
		return "", text
	}
	return enhanced, rest
}
