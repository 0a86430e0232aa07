package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
)

// Key is a DKIM key: RSA with at least 2048 bits, or Ed25519 (RFC 8463).
type Key struct {
	Selector string
	signer   crypto.Signer
}

const minRSA = 2048

var selectorPattern = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)

// ParseKey reads a private key in PEM: PKCS #8, or PKCS #1 for RSA. No error quotes the file.
func ParseKey(selector string, file []byte) (Key, error) {
	if len(selector) > 63 || !selectorPattern.MatchString(selector) {
		return Key{}, errors.New("selector: want letters, digits and hyphens, such as 2026a")
	}
	block, _ := pem.Decode(file)
	if block == nil {
		return Key{}, errors.New("key: want a private key in PEM, as openssl genpkey writes it")
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		private, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	}
	if err != nil {
		return Key{}, errors.New("key: want a private key in PKCS #8, or in PKCS #1 for RSA, without a password")
	}
	switch private := private.(type) {
	case *rsa.PrivateKey:
		if private.N.BitLen() < minRSA {
			return Key{}, fmt.Errorf("key: want RSA with at least %d bits, not %d", minRSA, private.N.BitLen())
		}
		return Key{selector, private}, nil
	case ed25519.PrivateKey:
		return Key{selector, private}, nil
	}
	return Key{}, errors.New("key: want RSA or Ed25519")
}

// Algorithm returns "rsa" or "ed25519".
func (k Key) Algorithm() string {
	if _, ok := k.signer.Public().(ed25519.PublicKey); ok {
		return "ed25519"
	}
	return "rsa"
}

// Record returns the TXT record of the public key, RFC 6376 section 3.6.1.
func (k Key) Record() string {
	if public, ok := k.signer.Public().(ed25519.PublicKey); ok {
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(public)
	}
	der, err := x509.MarshalPKIXPublicKey(k.signer.Public())
	if err != nil {
		panic(err) // ParseKey lets only RSA and Ed25519 pass
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der)
}

// Signer adds DKIM signatures to messages.
type Signer struct {
	domain string
	keys   []Key
}

// NewSigner returns a signer for the domain of the From header. The first key of each algorithm
// signs; others are there to be published ahead of a rotation. Without a key, messages
// are not signed.
func NewSigner(domain string, keys []Key) (*Signer, error) {
	domain, err := canonicalDomain(domain)
	if err != nil {
		return nil, errors.New("the domain of DKIM: want a domain such as example.org")
	}
	s := &Signer{domain: domain}
	seen := map[string]bool{}
	selectors := map[string]bool{}
	for _, key := range keys {
		if selectors[strings.ToLower(key.Selector)] {
			return nil, fmt.Errorf("the selector %s is given twice", key.Selector)
		}
		selectors[strings.ToLower(key.Selector)] = true
		if !seen[key.Algorithm()] {
			seen[key.Algorithm()] = true
			s.keys = append(s.keys, key)
		}
	}
	return s, nil
}

// Active returns the selectors that sign.
func (s *Signer) Active() []string {
	var selectors []string
	for _, key := range s.keys {
		selectors = append(selectors, key.Selector)
	}
	return selectors
}

// Sign returns the message with a DKIM-Signature for each active key ahead of it. The message must
// have CRLF at the end of lines, as Bytes writes it. The time in a signature is that of
// the system's clock, which go-msgauth reads itself.
func (s *Signer) Sign(message []byte) ([]byte, error) {
	if len(s.keys) == 0 {
		return message, nil
	}
	var signed bytes.Buffer
	signed.Grow(len(message) + 2<<10)
	for _, key := range s.keys {
		signer, err := dkim.NewSigner(&dkim.SignOptions{
			Domain: s.domain, Selector: key.Selector, Signer: key.signer, HeaderKeys: signedHeaders(),
			HeaderCanonicalization: dkim.CanonicalizationRelaxed,
			BodyCanonicalization:   dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			return nil, fmt.Errorf("sign with selector %s: %w", key.Selector, err)
		}
		_, err = signer.Write(message)
		if err = errors.Join(err, signer.Close()); err != nil {
			return nil, fmt.Errorf("sign with selector %s: %w", key.Selector, err)
		}
		signed.WriteString(signer.Signature())
	}
	signed.Write(message)
	return signed.Bytes(), nil
}

// signedHeaders returns the headers that are signed, each once more than it may be in a message:
// so none can be added (RFC 6376 section 5.4.2). RFC 8058 section 4 wants both
// headers of one-click unsubscription among them.
func signedHeaders() []string {
	var all []string
	for _, name := range []string{
		"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
		"MIME-Version", "Content-Type",
	} {
		all = append(all, name, name)
	}
	return all
}
