package access

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/outbound"
)

// OIDC configures which OpenID Connect tokens are accepted, and which roles and
// clearances their claims give. The zero value accepts none.
type OIDC struct {
	// Issuer is the issuer's URL, exactly as it is in the "iss" of its
	// tokens. Its configuration is found below it.
	Issuer string
	// Audiences are the client ids that a token may be meant for. Its "aud"
	// has to name one of them.
	Audiences []string

	// RoleClaim is the path of the claim with the roles of the holder: a string
	// or a list of strings, such as "realm_access.roles". The name of a claim may
	// have a dot as well. Empty: "roles".
	RoleClaim string
	// Roles maps the values of that claim to roles. Of several values the
	// highest role counts. A token without any of them is refused.
	Roles map[string]domain.Role

	// ClearanceClaim is the path of the claim with the clearance of the holder,
	// likewise. Empty: the clearance is the default of the role.
	ClearanceClaim string
	// Clearances maps the values of that claim to clearances. Of several values
	// the highest clearance counts. A token without any of them has CLEAR.
	Clearances map[string]domain.Marking

	// NameClaims are the paths of claims with the name of the holder; the first
	// one that has a usable name counts. Empty:
	// "name", "preferred_username", "email" (without the domain), "sub".
	NameClaims []string
	// Algorithms are the signature algorithms that are accepted, of those that
	// sign with a private key. Empty: all of them.
	Algorithms []string

	// AllowPrivate allows an issuer in a private network; see
	// [outbound.Options].
	AllowPrivate bool
	// Timeout bounds each request to the issuer. 0: 5 seconds.
	Timeout time.Duration
}

// algorithms are all that can be accepted. HMACs are not among them: the key
// that checks an HMAC can also make one, and here it would be a public key.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512,
	oidc.ES256, oidc.ES384, oidc.ES512, oidc.EdDSA,
}

const (
	// clockSkew is how far the issuer's clock may be from ours.
	clockSkew = time.Minute
	// maxToken bounds a token, in bytes. Proxies allow about as much for a
	// header.
	maxToken = 8 << 10
	// maxKeyID bounds the id of the key that signed a token.
	maxKeyID = 256
	// maxSubject is the bound of OpenID Connect.
	maxSubject = 255

	// verifiedTTL is for how long the claims of a verified token are cached.
	// Whether the issuer still publishes the key that has signed it, and whether
	// its holder is disabled, is checked each time.
	verifiedTTL = 5 * time.Minute
	maxVerified = 10_000
)

// errInvalidToken is the same for every token that is refused. The reason is in
// the log, at debug level.
var errInvalidToken = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "authentication failed: the token may be malformed, expired, of another issuer or for another audience, or its holder disabled"}

// claims are the claims of a valid token.
type claims struct {
	subject   string
	name      string
	email     string // empty: none, or not verified by the issuer
	role      domain.Role
	hasRole   bool // whether the token claims a role
	clearance *domain.Marking
	issuedAt  time.Time
	until     time.Time // when the token has to be verified again
	signedBy  keyFingerprint
}

// tokenVerifier verifies tokens of an issuer. It is safe for concurrent use.
type tokenVerifier struct {
	config   OIDC
	log      *slog.Logger
	now      func() time.Time
	issuer   *issuer
	verified *lru.Cache[[sha256.Size]byte, *claims]
}

func newTokenVerifier(config OIDC, log *slog.Logger, now func() time.Time) *tokenVerifier {
	config.RoleClaim = cmp.Or(config.RoleClaim, "roles")
	if len(config.NameClaims) == 0 {
		config.NameClaims = []string{"name", "preferred_username", "email", "sub"}
	}
	allowed := algorithms
	if len(config.Algorithms) > 0 {
		// An algorithm that is not in our list is not accepted, whatever the
		// configuration says.
		allowed = slices.DeleteFunc(slices.Clone(algorithms), func(a string) bool { return !slices.Contains(config.Algorithms, a) })
	}
	config.Algorithms = allowed
	verified, err := lru.New[[sha256.Size]byte, *claims](maxVerified)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &tokenVerifier{config: config, log: log, now: now, verified: verified, issuer: newIssuer(config, log, now)}
}

// verify returns the claims of a valid token. Its errors are errInvalidToken,
// and errNoKeys where the issuer's keys cannot be read.
func (t *tokenVerifier) verify(ctx context.Context, token string) (*claims, error) {
	if err := wellFormedToken(token, t.config.Algorithms); err != nil {
		return nil, t.refuse(ctx, err)
	}
	key := sha256.Sum256([]byte(token))
	c, err := t.cached(ctx, key)
	if c == nil && err == nil {
		c, err = t.parse(ctx, token)
	}
	if errors.Is(err, errNoKeys) {
		return nil, errNoKeys
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, t.refuse(ctx, err)
	}
	t.verified.Add(key, c)
	return c, nil
}

// cached returns the claims of a token that was verified before, with a key that
// the issuer still publishes; nil where there are none.
func (t *tokenVerifier) cached(ctx context.Context, token [sha256.Size]byte) (*claims, error) {
	c, ok := t.verified.Get(token)
	if !ok || !t.now().Before(c.until) {
		return nil, nil
	}
	keys, err := t.issuer.current(ctx)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(keys, func(k signingKey) bool { return k.fingerprint == c.signedBy }) {
		return c, nil
	}
	t.verified.Remove(token)
	return nil, nil
}

// refuse logs the reason why a token is refused, and returns the error for the
// client.
func (t *tokenVerifier) refuse(ctx context.Context, reason error) error {
	t.log.DebugContext(ctx, "a token is refused", "reason", clip(reason.Error()))
	return errInvalidToken
}

// clip shortens a text that others wrote, before it is logged.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// wellFormedToken returns why a text cannot be a token that is accepted, before
// any work is done for it.
func wellFormedToken(token string, allowed []string) error {
	if len(token) > maxToken {
		return fmt.Errorf("it is longer than %d bytes", maxToken)
	}
	if strings.Count(token, ".") != 2 {
		return errors.New("it does not have three parts")
	}
	for i := range len(token) {
		c := token[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return errors.New("it is not in base 64")
		}
	}
	encoded, _, _ := strings.Cut(token, ".")
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return errors.New("its header is not in base 64")
	}
	var header struct {
		Algorithm string          `json:"alg"`
		Type      string          `json:"typ"`
		KeyID     string          `json:"kid"`
		Critical  json.RawMessage `json:"crit"`
	}
	if err := json.Unmarshal(raw, &header); err != nil {
		return errors.New("its header is not valid JSON")
	}
	switch {
	case !slices.Contains(allowed, header.Algorithm):
		return errors.New("it is not signed in a way that is accepted")
	case !slices.Contains([]string{"", "jwt", "at+jwt", "application/at+jwt"}, strings.ToLower(header.Type)):
		return errors.New("it is neither an access token nor an ID token")
	case len(header.KeyID) > maxKeyID:
		return errors.New("the id of its key is too long")
	case header.Critical != nil:
		return errors.New("its header requires extensions")
	}
	return nil
}

// parse verifies a token and returns its claims. go-oidc verifies the form, the
// signature, the issuer and the expiry; the rest is checked here.
func (t *tokenVerifier) parse(ctx context.Context, token string) (*claims, error) {
	now := t.now()
	// go-oidc turns the error of a signature into text, so it is kept here.
	signature := &signatureCheck{issuer: t.issuer, algorithms: t.config.Algorithms}
	id, err := oidc.NewVerifier(t.config.Issuer, signature, &oidc.Config{
		SkipClientIDCheck:    true, // there may be several; see below
		SupportedSigningAlgs: t.config.Algorithms,
		Now:                  func() time.Time { return now.Add(-clockSkew) },
	}).Verify(ctx, token)
	if signature.err != nil {
		return nil, signature.err
	}
	if err != nil {
		return nil, err
	}
	var all map[string]any
	var notBefore struct {
		At *json.Number `json:"nbf"`
	}
	if err := errors.Join(id.Claims(&all), id.Claims(&notBefore)); err != nil {
		return nil, err
	}
	if err := unambiguous(all); err != nil {
		return nil, err
	}
	switch {
	case !slices.ContainsFunc(id.Audience, func(a string) bool { return slices.Contains(t.config.Audiences, a) }):
		return nil, errors.New("it is for another audience")
	case id.Subject == "" || len(id.Subject) > maxSubject || strings.ContainsFunc(id.Subject, func(r rune) bool {
		return unicode.IsControl(r) || r == utf8.RuneError
	}):
		return nil, errors.New("it has no valid subject")
	case all["iat"] == nil:
		return nil, errors.New("it doesn't say when it was issued")
	case id.IssuedAt.After(now.Add(clockSkew)):
		return nil, errors.New("it was issued in the future")
	case all["events"] != nil:
		return nil, errors.New("it is an event token, such as for a sign-out")
	case all["cnf"] != nil:
		return nil, errors.New("it needs a proof of possession of its key")
	}
	if notBefore.At != nil {
		// go-oidc allows five minutes.
		at, err := notBefore.At.Float64()
		if err != nil || at > float64(now.Add(clockSkew).Unix()) {
			return nil, errors.New("it is not valid yet")
		}
	}
	c := t.read(all)
	c.subject = id.Subject
	c.issuedAt = id.IssuedAt.UTC()
	c.signedBy = signature.key
	c.until = now.Add(verifiedTTL)
	if end := id.Expiry.Add(clockSkew); end.Before(c.until) {
		c.until = end
	}
	return c, nil
}

// unambiguous returns an error where the name of a claim differs from one that is
// checked in its letter case alone: package json would take one for the other.
func unambiguous(all map[string]any) error {
	for name := range all {
		for _, registered := range []string{"iss", "sub", "aud", "exp", "nbf", "iat"} {
			if name != registered && strings.EqualFold(name, registered) {
				return errors.New("the name of a claim differs from a registered one in letter case alone")
			}
		}
	}
	return nil
}

// read returns the name, the email address, the role and the clearance of the
// holder of a token.
func (t *tokenVerifier) read(all map[string]any) *claims {
	c := &claims{name: nameOf(all, t.config.NameClaims), email: emailOf(all)}
	for _, value := range valuesAt(all, t.config.RoleClaim) {
		if role, ok := t.config.Roles[value]; ok && role >= domain.Public && role <= domain.Admin {
			c.role, c.hasRole = max(c.role, role), true
		}
	}
	if t.config.ClearanceClaim == "" {
		return c
	}
	clearance := domain.Clear
	for _, value := range valuesAt(all, t.config.ClearanceClaim) {
		if marking, ok := t.config.Clearances[value]; ok && marking.Valid() {
			clearance = max(clearance, marking)
		}
	}
	c.clearance = &clearance
	return c
}

// valuesAt returns the string, or the strings of the list, at a path. Values of
// other types are left out.
func valuesAt(all map[string]any, path string) []string {
	switch v := valueAt(all, path).(type) {
	case string:
		return []string{v}
	case []any:
		var values []string
		for _, one := range v {
			if s, ok := one.(string); ok {
				values = append(values, s)
			}
		}
		return values
	}
	return nil
}

// valueAt returns the value at a path. The names on the path may have dots
// themselves, as URLs do; the longest name wins.
func valueAt(object map[string]any, path string) any {
	if v, ok := object[path]; ok {
		return v
	}
	for end := strings.LastIndexByte(path, '.'); end > 0; end = strings.LastIndexByte(path[:end], '.') {
		if inner, ok := object[path[:end]].(map[string]any); ok {
			if v := valueAt(inner, path[end+1:]); v != nil {
				return v
			}
		}
	}
	return nil
}

// nameOf returns the name of a person. It is stored with all that the person
// does, and logged, so of an email address only the part before the @ is used,
// and a name that could be taken for something else is skipped.
func nameOf(all map[string]any, from []string) string {
	for _, path := range from {
		value, _ := valueAt(all, path).(string)
		value, _, _ = strings.Cut(value, "@")
		value = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
			switch {
			case unicode.IsSpace(r):
				return ' '
			case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError:
				return -1 // some turn the text around them
			}
			return r
		}, value)), " ")
		if runes := []rune(value); len(runes) > maxName {
			value = strings.TrimSpace(string(runes[:maxName]))
		}
		if value != "" && !reserved(value) {
			return value
		}
	}
	return "somebody without a name"
}

// reserved reports whether a name could be taken for a key, for the program
// itself, for an anonymous viewer, or for an id.
func reserved(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, secretPrefix) || strings.HasPrefix(strings.ReplaceAll(lower, " ", ""), "system:") ||
		lower == "anonymous" || isID(name)
}

// emailOf returns the email address of a person, or "" where there is none or
// the issuer says that it is not verified.
func emailOf(all map[string]any) string {
	const longest = 254 // RFC 5321
	email, _ := all["email"].(string)
	if verified, said := all["email_verified"]; said && verified != true && verified != "true" {
		return ""
	}
	if len(email) > longest || !strings.Contains(email, "@") ||
		strings.ContainsFunc(email, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }) {
		return ""
	}
	return email
}

// signatureCheck checks the signature of one token.
type signatureCheck struct {
	issuer     *issuer
	algorithms []string
	key        keyFingerprint // that has signed the token
	err        error
}

// VerifySignature is called by go-oidc, after it has checked the algorithm.
func (s *signatureCheck) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	var payload []byte
	payload, s.err = s.verify(ctx, token)
	return payload, s.err
}

func (s *signatureCheck) verify(ctx context.Context, token string) ([]byte, error) {
	allowed := make([]jose.SignatureAlgorithm, len(s.algorithms))
	for i, a := range s.algorithms {
		allowed[i] = jose.SignatureAlgorithm(a)
	}
	signed, err := jose.ParseSignedCompact(token, allowed)
	if err != nil {
		return nil, err
	}
	header := signed.Signatures[0].Protected
	keys, err := s.issuer.current(ctx)
	if err != nil {
		return nil, err
	}
	for attempt := 1; ; attempt++ {
		hasID := false
		for _, key := range keys {
			if header.KeyID != "" && key.KeyID != header.KeyID || key.Algorithm != "" && key.Algorithm != header.Algorithm {
				continue
			}
			hasID = hasID || header.KeyID != ""
			if payload, err := signed.Verify(key.Key); err == nil {
				s.key = key.fingerprint
				return payload, nil
			}
		}
		if hasID || attempt == 2 {
			return nil, errors.New("no key of the issuer has signed it")
		}
		// The issuer may have new keys.
		if keys, err = s.issuer.reload(ctx); err != nil {
			return nil, err
		}
	}
}

// outbound returns the options of the client that reads from the issuer.
func (c OIDC) outbound() outbound.Options {
	return outbound.Options{AllowPrivate: c.AllowPrivate, Timeout: cmp.Or(c.Timeout, 5*time.Second), MaxBody: maxIssuerAnswer}
}
