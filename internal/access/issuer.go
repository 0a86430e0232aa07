package access

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/outbound"
)

const (
	// askPause is the least time between two times that the issuer is asked
	// for its keys, whatever happens: tokens that name keys that don't exist
	// cost nothing to make.
	askPause = 30 * time.Second
	// keysRead is how long keys are used before they are read again, beside
	// the requests, while tokens come.
	keysRead = 5 * time.Minute
	// keysFresh is how long keys are taken to be those that the issuer
	// publishes. After that a token waits until they have been read again, so
	// that a key that the issuer has withdrawn is not used for longer.
	keysFresh = 10 * time.Minute
	// keysTrusted is how long keys are used of an issuer that doesn't answer.
	keysTrusted = time.Hour

	maxIssuerAnswer = 512 << 10
	maxKeys         = 100
	minRSABits      = 2048
	maxRSABits      = 8192 // more would make each check slow
)

// errNoKeys says that a token can't be checked.
var errNoKeys = &domain.Error{Kind: domain.KindUnavailable,
	Message: "tokens cannot be checked at the moment, because their issuer does not answer; try again in a minute, or use a key"}

// issuer has the public keys of an issuer. It asks for them when they are
// needed first, so that the program starts and serves without it. It is safe
// for concurrent use.
type issuer struct {
	url    string
	client *http.Client
	log    *slog.Logger
	now    func() time.Time

	mu      sync.Mutex
	keys    []signingKey
	readAt  time.Time     // when the keys were read; zero: never
	askedAt time.Time     // when the issuer was asked last; zero: never
	failed  bool          // whether that failed
	asking  chan struct{} // closed when the question that is under way is over; nil: none is
}

func newIssuer(c OIDC, log *slog.Logger, now func() time.Time) *issuer {
	return &issuer{url: c.Issuer, client: outbound.NewClient(c.outbound()), log: log, now: now}
}

// current returns the keys that the issuer publishes, as they were at most
// keysFresh ago; or, while the issuer gives no answer, keysTrusted ago.
func (i *issuer) current(ctx context.Context) ([]signingKey, error) {
	i.mu.Lock()
	age, keys := i.now().Sub(i.readAt), i.keys
	if i.readAt.IsZero() {
		age = keysTrusted
	}
	if age >= keysRead && age < keysFresh {
		i.ask(ctx)
	}
	i.mu.Unlock()
	if age < keysFresh {
		return keys, nil
	}
	reloaded, err := i.reload(ctx)
	if errors.Is(err, errNoKeys) && age < keysTrusted {
		return keys, nil
	}
	return reloaded, err
}

// reload asks the issuer for its keys and returns them, or those that are known
// where it was asked just now. It returns errNoKeys where the last answer was
// none, and the context's error where that ends first.
func (i *issuer) reload(ctx context.Context) ([]signingKey, error) {
	i.mu.Lock()
	asking := i.ask(ctx)
	i.mu.Unlock()
	if asking != nil {
		select {
		case <-asking:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.failed {
		return nil, errNoKeys
	}
	return i.keys, nil
}

// ask starts to ask for the keys, unless that is under way or was done less
// than askPause ago. It returns what closes when the answer is here; nil where
// nothing is under way. The caller holds mu.
//
// The question outlives the request that caused it: others wait for it too.
// The client's timeout ends it.
func (i *issuer) ask(ctx context.Context) <-chan struct{} {
	now := i.now()
	if i.asking != nil {
		return i.asking
	}
	if !i.askedAt.IsZero() && now.Sub(i.askedAt) < askPause {
		return nil
	}
	i.askedAt = now
	asking := make(chan struct{})
	i.asking = asking
	ctx = context.WithoutCancel(ctx)
	go func() {
		keys, err := i.read(ctx)
		if err != nil {
			i.log.ErrorContext(ctx, "the keys of the issuer of tokens could not be read; people cannot sign in until they are", "issuer", i.url, "error", clip(err.Error()))
		} else {
			i.log.InfoContext(ctx, "the keys of the issuer of tokens were read", "issuer", i.url, "keys", len(keys))
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.failed = err != nil; !i.failed {
			i.keys, i.readAt = keys, i.now()
		}
		i.asking = nil
		close(asking)
	}()
	return asking
}

// read finds out where the issuer's keys are, and reads them.
func (i *issuer) read(ctx context.Context) ([]signingKey, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, i.client), i.url)
	if errors.Is(err, outbound.ErrPrivateAddress) {
		return nil, fmt.Errorf("%w; if that is as it should be, allow it with --oidc-allow-private", err)
	}
	if err != nil {
		return nil, fmt.Errorf("read the issuer's configuration: %w", err)
	}
	var configuration struct {
		Keys string `json:"jwks_uri"`
	}
	if err := provider.Claims(&configuration); err != nil {
		return nil, fmt.Errorf("read the issuer's configuration: %w", err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, configuration.Keys, nil)
	if err != nil {
		return nil, fmt.Errorf("the issuer's \"jwks_uri\": %w", err)
	}
	request.Header.Set("Cache-Control", "no-cache")
	response, err := i.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the issuer's keys: %w", err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, fmt.Errorf("read the issuer's keys: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("read the issuer's keys: it answers %s", response.Status)
	}
	return parseKeys(body)
}

// parseKeys returns the keys of a set that can check signatures that we
// accept. Others are passed over: a set may have keys for other purposes, and
// of kinds that are yet unknown.
func parseKeys(body []byte) ([]signingKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("the issuer's keys are not understood: %w", err)
	}
	if len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("the issuer has %d keys, more than %d", len(set.Keys), maxKeys)
	}
	var keys []signingKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if json.Unmarshal(raw, &key) != nil || !usable(key) {
			continue
		}
		if known, err := newSigningKey(key); err == nil {
			keys = append(keys, known)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the issuer has no key that can check a signature")
	}
	return keys, nil
}

// signingKey is a key of an issuer.
type signingKey struct {
	jose.JSONWebKey
	print keyPrint
}

// keyPrint is the same for two keys that check the same signatures.
type keyPrint [sha256.Size]byte

func newSigningKey(key jose.JSONWebKey) (signingKey, error) {
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, err
	}
	print := sha256.Sum256(fmt.Appendf(nil, "%q %q %x", key.KeyID, key.Algorithm, thumbprint))
	return signingKey{key, print}, nil
}

func usable(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" || !key.Valid() {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= minRSABits && k.N.BitLen() <= maxRSABits
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false // a secret, or a private key
}
