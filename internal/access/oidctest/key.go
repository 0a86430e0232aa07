package oidctest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and SHA512
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"testing"
)

// Key is a key that signs tokens.
type Key struct {
	ID        string
	Algorithm string
	private   crypto.Signer // or nil: for "none" and HMAC
	secret    []byte
}

// sharedRSA returns the RSA key of all tests: RSA keys take long to generate.
var sharedRSA = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// NewKey returns a new key of an algorithm of RFC 7518 or 8037, with an id of its
// own.
func NewKey(tb testing.TB, algorithm string) Key {
	tb.Helper()
	key := Key{ID: rand.Text(), Algorithm: algorithm}
	var err error
	switch algorithm {
	case "ES256":
		key.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key.private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ES512":
		key.private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "EdDSA":
		_, key.private, err = ed25519.GenerateKey(rand.Reader)
	default:
		key.private, err = sharedRSA()
	}
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// HMAC returns a key of the algorithm HS256.
func HMAC(id string, secret []byte) Key { return Key{ID: id, Algorithm: "HS256", secret: secret} }

// PublicKey returns the public half.
func (k Key) PublicKey() crypto.PublicKey { return k.private.Public() }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// Public returns the public half as a JSON Web Key (RFC 7517).
func (k Key) Public() map[string]string {
	jwk := map[string]string{"kid": k.ID, "use": "sig", "alg": k.Algorithm}
	switch public := k.private.Public().(type) {
	case *rsa.PublicKey:
		jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
	case *ecdsa.PublicKey:
		size := (public.Params().BitSize + 7) / 8
		point, err := public.Bytes() // 4, x, y
		if err != nil {
			panic(err) // we made the key
		}
		jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", public.Params().Name, encode(point[1:1+size]), encode(point[1+size:])
	case ed25519.PublicKey:
		jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
	}
	return jwk
}

// Sign returns a signed token with claims (RFC 7515, compact serialization). The
// members of header replace those of the token's header; nil removes one.
func (k Key) Sign(tb testing.TB, claims, header map[string]any) string {
	tb.Helper()
	token, err := k.sign(claims, header)
	if err != nil {
		tb.Fatal(err)
	}
	return token
}

func (k Key) sign(claims, header map[string]any) (string, error) {
	all := map[string]any{"alg": k.Algorithm, "kid": k.ID, "typ": "JWT"}
	for name, value := range header {
		all[name] = value
		if value == nil {
			delete(all, name)
		}
	}
	head, err := json.Marshal(all)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	text := encode(head) + "." + encode(body)
	signature, err := k.signature([]byte(text))
	return text + "." + encode(signature), err
}

func (k Key) signature(text []byte) ([]byte, error) {
	if k.Algorithm == "EdDSA" {
		return k.private.Sign(rand.Reader, text, crypto.Hash(0))
	}
	hash := map[string]crypto.Hash{"256": crypto.SHA256, "384": crypto.SHA384, "512": crypto.SHA512}[strings.TrimLeft(k.Algorithm, "RPESH")]
	switch {
	case k.Algorithm == "none":
		return nil, nil
	case k.Algorithm == "HS256":
		mac := hmac.New(sha256.New, k.secret)
		mac.Write(text)
		return mac.Sum(nil), nil
	case hash == 0:
		return nil, fmt.Errorf("unknown algorithm %q", k.Algorithm)
	}
	h := hash.New()
	h.Write(text)
	sum := h.Sum(nil)
	switch private := k.private.(type) {
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, private, sum)
		if err != nil {
			return nil, err
		}
		size := (private.Params().BitSize + 7) / 8
		return append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...), nil
	case *rsa.PrivateKey:
		if k.Algorithm[0] == 'P' {
			return rsa.SignPSS(rand.Reader, private, hash, sum, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
		}
		return rsa.SignPKCS1v15(rand.Reader, private, hash, sum)
	}
	return nil, fmt.Errorf("no key for %q", k.Algorithm)
}
