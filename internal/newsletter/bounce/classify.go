package bounce

import (
	"regexp"
	"strconv"
	"strings"
)

// Class is what a report means for a subscription.
type Class string

// The classes.
const (
	// Hard: the address does not exist. Nothing should be sent to it again.
	Hard Class = "HARD"
	// Soft: the message was not delivered, but another may be: a full mailbox, a server that
	// did not respond.
	Soft Class = "SOFT"
	// Complaint: the reader called the message spam. Nothing should be sent again.
	Complaint Class = "COMPLAINT"
	// Delayed: the server still tries.
	Delayed Class = "DELAYED"
	// Other: a report that says nothing of the address, such as a refusal of this message's content or
	// sender, or of a delivery.
	Other Class = "OTHER"
)

// rank orders classes of several recipients in one report: the worst counts.
func (c Class) rank() int {
	for i, other := range []Class{Other, Delayed, Soft, Hard, Complaint} {
		if c == other {
			return i
		}
	}
	return 0
}

// Classify returns the class of a message that a server refused for good, from the reply code (0 if unknown), the
// enhanced status code (RFC 3463; empty if unknown) and the text. A report of Postfix and a reply to
// RCPT have the same codes, so it serves for both.
func Classify(code int, enhanced, text string) Class {
	if strings.HasPrefix(enhanced, "4.") || enhanced == "" && code >= 400 && code < 500 {
		return Soft
	}
	class, subject, detail := splitStatus(enhanced)
	if class == 5 && !(subject == 0 && detail == 0) {
		switch subject {
		case 1: // the address
			if detail == 7 || detail == 8 {
				return Other // the sender's address
			}
			return Hard
		case 2: // the mailbox
			if detail == 1 {
				return Hard // disabled
			}
			return Soft
		case 4: // the way there
			return Soft
		case 0:
			return byText(text)
		}
		return Other // 3 the system, 5 the protocol, 6 the content, 7 policy
	}
	if class := byText(text); class != Other {
		return class
	}
	switch code {
	case 550, 551, 552, 553:
		return Soft // of a mailbox, but without a reason
	}
	return Other
}

func splitStatus(s string) (class, subject, detail int) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return 0, 0, 0
	}
	class, _ = strconv.Atoi(parts[0])
	subject, _ = strconv.Atoi(parts[1])
	detail, _ = strconv.Atoi(parts[2])
	return class, subject, detail
}

var (
	fullPattern    = regexp.MustCompile(`(?i)\b(quota|mailbox[^.]{0,40} full|over ?quota|insufficient (system )?storage)`)
	unknownPattern = regexp.MustCompile(`(?i)\b((user|recipient|mailbox|address|account|alias)( is)? (unknown|unavailable|disabled|not found|does ?n.t exist|does not exist|invalid)|` +
		`(unknown|invalid|no such|nonexistent) (local )?(user|recipient|mailbox|address|account|person)|no mailbox|unrouteable address|user not found|domain (not found|does not exist))`)
)

// byText is for servers without enhanced codes.
func byText(text string) Class {
	switch {
	case fullPattern.MatchString(text):
		return Soft
	case unknownPattern.MatchString(text):
		return Hard
	}
	return Other
}

var replyPattern = regexp.MustCompile(`\b([45][0-5]\d)(?:[ -]([45]\.\d{1,3}\.\d{1,3})(?:\s|$)|[ -])`)

// readReply reads codes from the text of a reply that may have several lines: the last enhanced code, because some
// servers have it on the last line only, or else the first reply code.
func readReply(text string) (code int, enhanced string) {
	for _, m := range replyPattern.FindAllStringSubmatch(text, 50) {
		if code == 0 || m[2] != "" {
			code, _ = strconv.Atoi(m[1])
		}
		if m[2] != "" {
			enhanced = m[2]
		}
	}
	return code, enhanced
}
