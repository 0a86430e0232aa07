package delivery

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/outbound"
)

const (
	// maxExcerpt is how much of a response body is kept, in bytes.
	maxExcerpt = 1 << 10
	// maxResponse is the largest Content-Length that is accepted. Only the excerpt
	// is read.
	maxResponse = 64 << 20
)

// attempt runs a job: it makes one request and records the result. If it returns
// an error, the job has to be run again.
func (w *Webhooks) attempt(ctx context.Context, job Job) error {
	desk := asSystemOnDesk(ctx, "deliver to webhooks")
	d, err := w.stores.Client(desk).WebhookDelivery.Get(desk, job.Delivery)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a delivery: %w", err)
	}
	hook, err := w.stores.Client(desk).Webhook.Get(desk, d.WebhookID)
	if db.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read a webhook: %w", err)
	}
	// The job is void: the transaction that made it void has enqueued the next one.
	if d.State != domain.DeliveryPending || d.Generation != job.Generation || hook.State != domain.WebhookEnabled {
		return nil
	}
	clearance, problem, err := w.clearanceOf(ctx, hook)
	if err != nil {
		return err
	}
	if problem != "" {
		return w.disableOwned(desk, hook.ID, problem) // the delivery stays pending
	}
	if !isTombstone(d.Event) && d.Event != purgeType {
		visible, err := w.visible(asWebhook(ctx, clearance), d.DocumentID)
		if err != nil {
			return err
		}
		if !visible {
			return w.record(desk, job, result{dropped: true, clearance: clearance})
		}
	}
	res := w.send(ctx, hook, d.ID, []byte(d.Body))
	if ctx.Err() != nil {
		return ctx.Err() // the program stops: not a failure of the receiver
	}
	return w.record(desk, job, res)
}

// result is the result of an attempt.
type result struct {
	domain.WebhookAttempt
	dropped    bool           // the receiver may not see the document any more: nothing was sent
	clearance  domain.Marking // with which it was dropped
	retryAfter time.Duration  // from the Retry-After header of the response
}

func (o result) delivered() bool { return o.Status >= 200 && o.Status < 300 }

// send makes one signed request.
func (w *Webhooks) send(ctx context.Context, hook *db.Webhook, id domain.ID, body []byte) result {
	at := w.txTime()
	res := result{WebhookAttempt: domain.WebhookAttempt{At: at, URL: hook.URL}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err == nil {
		err = sign(request.Header, secretsOf(hook, at), id.String(), at, body)
	}
	if err != nil {
		res.Error = "the request could not be created"
		return res
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", w.agent)
	began := time.Now()
	response, err := w.client.Do(request)
	if err == nil {
		res.Status = response.StatusCode
		res.retryAfter = parseRetryAfter(response, at)
		res.Response = excerpt(response.Body)
		err = response.Body.Close()
	}
	res.Milliseconds = int(time.Since(began).Milliseconds())
	switch {
	case res.Status == 0:
		res.Error = failureReason(err)
	case res.Status >= 300 && res.Status < 400:
		res.Error = fmt.Sprintf("the response has status %d; redirects are not followed", res.Status)
	case !res.delivered():
		res.Error = fmt.Sprintf("the response has status %d", res.Status)
	}
	return res
}

// excerpt returns the beginning of a response body, without control characters.
func excerpt(body io.Reader) string {
	raw, _ := io.ReadAll(io.LimitReader(body, maxExcerpt)) // what was read before an error is enough
	for len(raw) > 0 && len(raw) == maxExcerpt && !utf8.RuneStart(raw[len(raw)-1]) {
		raw = raw[:len(raw)-1]
	}
	text := strings.ToValidUTF8(string(raw), "�")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return ' '
		}
		return r
	}, text))
}

// failureReason returns why there was no response. It leaves out the addresses in
// the errors of package net: the person who chose the host name can read the
// reason, and would learn the addresses of private hosts.
func failureReason(err error) string {
	var timeout interface{ Timeout() bool }
	_, unverified := errors.AsType[*tls.CertificateVerificationError](err)
	_, unresolved := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, outbound.ErrPrivateAddress), errors.Is(err, outbound.ErrInsecure):
		for _, reason := range []error{outbound.ErrPrivateAddress, outbound.ErrInsecure} {
			if errors.Is(err, reason) {
				return reason.Error()
			}
		}
		return ""
	case errors.As(err, &timeout) && timeout.Timeout():
		return fmt.Sprintf("no response within %d seconds", int(AttemptTimeout.Seconds()))
	case unresolved:
		return "the host name cannot be resolved"
	case unverified:
		return "the certificate of the host is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the host refused the connection"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF):
		return "the host closed the connection without a response"
	}
	return "the connection failed"
}
