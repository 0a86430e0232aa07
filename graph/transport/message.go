package transport

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/coder/websocket"
)

// subprotocol is the name of the protocol graphql-transport-ws.
const subprotocol = "graphql-transport-ws"

// The types of messages.
const (
	messageInit      = "connection_init"
	messageAck       = "connection_ack"
	messagePing      = "ping"
	messagePong      = "pong"
	messageSubscribe = "subscribe"
	messageNext      = "next"
	messageError     = "error"
	messageComplete  = "complete"
)

// The close codes of the protocol.
const (
	closeInvalid      websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeForbidden    websocket.StatusCode = 4403
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeExists       websocket.StatusCode = 4409
	closeTooManyInits websocket.StatusCode = 4429
	closeInternal     websocket.StatusCode = 4500
)

var closeReasons = map[websocket.StatusCode]string{
	closeUnauthorized:             "Unauthorized",
	closeForbidden:                "Forbidden",
	closeSubprotocol:              "Subprotocol not acceptable",
	closeInitTimeout:              "Connection initialisation timeout",
	closeTooManyInits:             "Too many initialisation requests",
	closeInternal:                 "Internal server error",
	websocket.StatusGoingAway:     "The server is shutting down",
	websocket.StatusTryAgainLater: "Try again later",

	websocket.StatusInvalidFramePayloadData: "The message is not UTF-8",
}

// maxReason is the maximum length of a close reason, in bytes.
const maxReason = 123

// clip cuts a reason that is too long for a frame, between two characters.
func clip(reason string) string {
	for len(reason) > maxReason {
		_, size := utf8.DecodeLastRuneInString(reason)
		reason = reason[:len(reason)-size]
	}
	return reason
}

// message is a message of the protocol, in either direction.
type message struct {
	ID      string          `json:"id,omitempty"`
	Type    string          `json:"type"`
	Payload json.RawMessage `json:"payload,omitempty"`
}

// decodeMessage reads a message from a client. The error is the reason for
// which the connection is closed. Members that the protocol doesn't know are
// ignored.
func decodeMessage(body []byte) (message, error) {
	var m message
	members, _, err := decodeObject(body, "id", "type", "payload")
	if err != nil {
		return m, fmt.Errorf("the message %w", err)
	}
	if err := decodeParam("type", members["type"], &m.Type); err != nil {
		return m, err
	}
	if payload := members["payload"]; !bytes.Equal(payload, []byte("null")) {
		m.Payload = payload
	}
	switch m.Type {
	case messageInit, messagePing, messagePong:
		if len(m.Payload) > 0 && m.Payload[0] != '{' {
			return m, fmt.Errorf("the payload of %s must be an object, and is %s", m.Type, kind(m.Payload))
		}
	case messageSubscribe, messageComplete:
		if err := decodeParam("id", members["id"], &m.ID); err != nil {
			return m, err
		}
		if m.ID == "" {
			return m, fmt.Errorf("%s needs an id", m.Type)
		}
		if m.Type == messageSubscribe && len(m.Payload) == 0 {
			return m, errors.New("subscribe needs a payload")
		}
	case "":
		return m, errors.New("the message has no type")
	default:
		return m, errors.New("the message is of a type that clients don't send")
	}
	return m, nil
}

// authorizationOf finds the credential in the payload of connection_init,
// under "Authorization" in any case. It is empty where there is none.
func authorizationOf(payload json.RawMessage) (string, error) {
	if len(payload) == 0 {
		return "", nil
	}
	members, _, err := decodeObject(payload)
	if err != nil {
		return "", fmt.Errorf("the payload %w", err)
	}
	found := ""
	for name, value := range members {
		if !strings.EqualFold(name, "Authorization") {
			continue
		}
		if found != "" {
			return "", errors.New("there is more than one Authorization")
		}
		if err := decodeParam("Authorization", value, &found); err != nil {
			return "", err
		}
	}
	return found, nil
}
