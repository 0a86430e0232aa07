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
	// minFetchInterval is the shortest time between two fetches of the issuer's
	// keys. It holds in any case: a token that names a key that doesn't exist
	// costs nothing to make.
	minFetchInterval = 30 * time.Second
	// refreshAfter is the age at which keys are fetched again in the background,
	// when a token is verified.
	refreshAfter = 5 * time.Minute
	// freshFor is the age up to which keys are used without waiting. After that
	// a token waits until they have been fetched again, so that a key that the
	// issuer has withdrawn is not used for longer.
	freshFor = 10 * time.Minute
	// staleFor is the age up to which keys are used when the issuer doesn't
	// answer.
	staleFor = time.Hour

	maxIssuerAnswer = 512 << 10
	maxKeys         = 100
	minRSABits      = 2048
	maxRSABits      = 8192 // more would make each check slow
)

// errNoKeys is the error of a token that cannot be verified for want of keys.
var errNoKeys = &domain.Error{Kind: domain.KindUnavailable,
	Message: "tokens cannot be checked at the moment, because their issuer does not answer; try again in a minute, or use a key"}

// issuer caches the public keys of an issuer. It fetches them when they are
// needed first, so that the program starts and serves without the issuer. It is
// safe for concurrent use.
type issuer struct {
	url    string
	client *http.Client
	log    *slog.Logger
	now    func() time.Time

	mu         sync.Mutex
	keys       []signingKey
	fetchedAt  time.Time     // when the keys were fetched; zero: never
	triedAt    time.Time     // when the last fetch began; zero: never
	failed     bool          // whether the last fetch failed
	inProgress chan struct{} // closed when the fetch that is under way is over; nil: none is
}

func newIssuer(c OIDC, log *slog.Logger, now func() time.Time) *issuer {
	return &issuer{url: c.Issuer, client: outbound.NewClient(c.outbound()), log: log, now: now}
}

// current returns the keys of the issuer as they were at most freshFor ago, or,
// while the issuer doesn't answer, staleFor ago.
func (i *issuer) current(ctx context.Context) ([]signingKey, error) {
	i.mu.Lock()
	age, keys := i.now().Sub(i.fetchedAt), i.keys
	if i.fetchedAt.IsZero() {
		age = staleFor
	}
	if age >= refreshAfter && age < freshFor {
		i.fetch(ctx)
	}
	i.mu.Unlock()
	if age < freshFor {
		return keys, nil
	}
	reloaded, err := i.reload(ctx)
	if errors.Is(err, errNoKeys) && age < staleFor {
		return keys, nil
	}
	return reloaded, err
}

// reload fetches the keys and returns them; the cached ones where they were
// fetched less than minFetchInterval ago. It returns errNoKeys where the last
// fetch failed, and the context's error where that ends first.
func (i *issuer) reload(ctx context.Context) ([]signingKey, error) {
	i.mu.Lock()
	done := i.fetch(ctx)
	i.mu.Unlock()
	if done != nil {
		select {
		case <-done:
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

// fetch starts to fetch the keys, unless that is under way or was begun less
// than minFetchInterval ago. It returns a channel that is closed when the fetch
// is over; nil where none is under way. The caller holds mu.
//
// The fetch outlives the request that caused it: others wait for it too. The
// timeout of the HTTP client ends it.
func (i *issuer) fetch(ctx context.Context) <-chan struct{} {
	now := i.now()
	if i.inProgress != nil {
		return i.inProgress
	}
	if !i.triedAt.IsZero() && now.Sub(i.triedAt) < minFetchInterval {
		return nil
	}
	i.triedAt = now
	done := make(chan struct{})
	i.inProgress = done
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
			i.keys, i.fetchedAt = keys, i.now()
		}
		i.inProgress = nil
		close(done)
	}()
	return done
}

// read reads the issuer's configuration, and then its keys.
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

// parseKeys returns the keys of a set (RFC 7517) that can verify signatures that
// are accepted. It skips others: a set may have keys for other purposes, and of
// unknown kinds.
func parseKeys(body []byte) ([]signingKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("parse the issuer's keys: %w", err)
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
		if k, err := newSigningKey(key); err == nil {
			keys = append(keys, k)
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
	fingerprint keyFingerprint
}

// keyFingerprint is the same for two keys that verify the same signatures.
type keyFingerprint [sha256.Size]byte

func newSigningKey(key jose.JSONWebKey) (signingKey, error) {
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return signingKey{}, err
	}
	fingerprint := sha256.Sum256(fmt.Appendf(nil, "%q %q %x", key.KeyID, key.Algorithm, thumbprint))
	return signingKey{key, fingerprint}, nil
}

// usable reports whether a key can verify signatures that are accepted.
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
