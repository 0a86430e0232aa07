package delivery

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/redthread-api/redthread/ent/db"
)

// The headers of a signed request.
const (
	headerID        = "Webhook-Id"
	headerTimestamp = "Webhook-Timestamp"
	headerSignature = "Webhook-Signature"
)

const (
	secretPrefix = "whsec_"
	secretBytes  = 32
)

// newSecret returns a random secret in the form that receivers get.
func newSecret() string {
	var b [secretBytes]byte
	rand.Read(b[:]) // never fails: it crashes the program instead
	return secretPrefix + base64.StdEncoding.EncodeToString(b[:])
}

// signature returns one entry of the signature header.
func signature(secret, id string, timestamp int64, body []byte) (string, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, secretPrefix))
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(timestamp, 10) + ".")) // a hash never returns an error
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// sign sets the headers of Standard Webhooks, with a signature by each of the
// secrets.
func sign(header http.Header, secrets []string, id string, at time.Time, body []byte) error {
	signatures := make([]string, len(secrets))
	for i, secret := range secrets {
		var err error
		if signatures[i], err = signature(secret, id, at.Unix(), body); err != nil {
			return err
		}
	}
	header.Set(headerID, id)
	header.Set(headerTimestamp, strconv.FormatInt(at.Unix(), 10))
	header.Set(headerSignature, strings.Join(signatures, " "))
	return nil
}

// secretsOf returns the secrets of a webhook that sign at a time, the newest first.
func secretsOf(hook *db.Webhook, at time.Time) []string {
	secrets := []string{hook.Secret}
	if hook.PreviousSecret != nil && hook.PreviousUntil != nil && at.Before(*hook.PreviousUntil) {
		secrets = append(secrets, *hook.PreviousSecret)
	}
	return secrets
}
