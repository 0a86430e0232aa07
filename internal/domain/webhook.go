package domain

import "time"

// WebhookEvents are what can become of a document in live. With the type of
// the document each is the type of an event: "report.published".
var WebhookEvents = []string{"PUBLISHED", "UPDATED", "UNPUBLISHED", "NO_LONGER_VISIBLE"}

// The states of a webhook.
const (
	WebhookEnabled  = "ENABLED"
	WebhookDisabled = "DISABLED"
)

// The states of a delivery.
const (
	DeliveryPending   = "PENDING"   // it waits for its first attempt, or for the next
	DeliveryDelivered = "DELIVERED" // the receiver has accepted it
	DeliveryDead      = "DEAD"      // it was attempted for as long as is tried
	DeliveryDropped   = "DROPPED"   // what it would tell is not for the receiver any more
)

// DeliveryStates lists the states of a delivery.
var DeliveryStates = []string{DeliveryPending, DeliveryDelivered, DeliveryDead, DeliveryDropped}

// WebhookAttempt is one request to a receiver, and what came of it.
type WebhookAttempt struct {
	At           time.Time `json:"at"`
	Milliseconds int       `json:"ms"`
	URL          string    `json:"url"`
	Status       int       `json:"status,omitempty"` // 0: there was no answer
	Response     string    `json:"response,omitempty"`
	Error        string    `json:"error,omitempty"`
}
