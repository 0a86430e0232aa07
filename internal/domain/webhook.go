package domain

import "time"

// The states of a webhook.
const (
	WebhookEnabled  = "ENABLED"
	WebhookDisabled = "DISABLED"
)

// WebhookStates lists the states of a webhook.
var WebhookStates = []string{WebhookEnabled, WebhookDisabled}

// The states of a delivery.
const (
	DeliveryPending   = "PENDING"   // the first attempt, or the next, is still to come
	DeliveryDelivered = "DELIVERED" // the receiver accepted it
	DeliveryFailed    = "DEAD"      // all attempts failed; there will be no more
	DeliveryDropped   = "DROPPED"   // not sent: the receiver may no longer see the document
)

// DeliveryStates lists the states of a delivery.
var DeliveryStates = []string{DeliveryPending, DeliveryDelivered, DeliveryFailed, DeliveryDropped}

// WebhookAttempt is one request to a receiver, and its result.
type WebhookAttempt struct {
	At           time.Time `json:"at"`
	Milliseconds int       `json:"ms"`
	URL          string    `json:"url"`
	Status       int       `json:"status,omitempty"` // 0: there was no response
	Response     string    `json:"response,omitempty"`
	Error        string    `json:"error,omitempty"`
}
