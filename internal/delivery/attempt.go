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
	// maxExcerpt is how much of an answer is kept, in bytes.
	maxExcerpt = 1 << 10
	// maxAnswer is how long an answer may say that it is. No more than the
	// excerpt is read of it.
	maxAnswer = 64 << 20
)

// attempt carries out a job: one request, and the note of what came of it. An
// error says that the job is to be run again.
func (w *Webhooks) attempt(ctx context.Context, job Job) error {
	desk := onDesk(ctx, "deliver to webhooks")
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
	// Whatever made the job void has seen to what comes next.
	if d.State != domain.DeliveryPending || d.Turn != job.Turn || hook.State != domain.WebhookEnabled {
		return nil
	}
	if !isTombstone(d.Event) {
		seen, err := w.visible(asReceiver(ctx, hook), d.DocumentID)
		if err != nil {
			return err
		}
		if !seen {
			return w.record(desk, job, outcome{dropped: true})
		}
	}
	o := w.send(ctx, hook, d.ID, []byte(d.Body))
	if ctx.Err() != nil {
		return ctx.Err() // the program ends; the receiver is not to blame
	}
	return w.record(desk, job, o)
}

// outcome is what became of an attempt.
type outcome struct {
	domain.WebhookAttempt
	dropped bool          // the document is not for the receiver any more: nothing was sent
	wish    time.Duration // for how long the receiver asks to be left alone
}

func (o outcome) delivered() bool { return o.Status >= 200 && o.Status < 300 }

// send makes one signed request.
func (w *Webhooks) send(ctx context.Context, hook *db.Webhook, id domain.ID, body []byte) outcome {
	at := w.clock()
	o := outcome{WebhookAttempt: domain.WebhookAttempt{At: at, URL: hook.URL}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.URL, bytes.NewReader(body))
	if err == nil {
		err = sign(request.Header, secretsOf(hook, at), id.String(), at, body)
	}
	if err != nil {
		o.Error = "the request cannot be made"
		return o
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", w.agent)
	began := time.Now()
	response, err := w.client.Do(request)
	if err == nil {
		o.Status = response.StatusCode
		o.wish = wishOf(response, at)
		o.Response = excerpt(response.Body)
		err = response.Body.Close()
	}
	o.Milliseconds = int(time.Since(began).Milliseconds())
	switch {
	case o.Status == 0:
		o.Error = reasonOf(err)
	case o.Status >= 300 && o.Status < 400:
		o.Error = fmt.Sprintf("the answer has the status %d; redirects are not followed", o.Status)
	case !o.delivered():
		o.Error = fmt.Sprintf("the answer has the status %d", o.Status)
	}
	return o
}

// excerpt is the beginning of an answer, fit to be shown.
func excerpt(body io.Reader) string {
	raw, _ := io.ReadAll(io.LimitReader(body, maxExcerpt)) // as much as came
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

// reasonOf says why there was no answer, without the addresses that package
// net has in its errors: whoever chose the name of the host may read it, and
// would learn what is where in the network.
func reasonOf(err error) string {
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
		return fmt.Sprintf("there was no answer within %d seconds", int(AttemptTimeout.Seconds()))
	case unresolved:
		return "the name of the host cannot be resolved"
	case unverified:
		return "the certificate of the host is not trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the host refuses the connection"
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.ErrUnexpectedEOF):
		return "the host ended the connection without an answer"
	}
	return "the connection failed"
}
