package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Setup is how a publisher sends mail, as far as the DNS has to say it.
type Setup struct {
	From    string // the domain of the From header
	Bounces string // the domain of the return path; empty: that of From
	Host    string // the name or IP address of the server that sends; empty if unknown
	Keys    []Key
}

// Validate returns an error of domain.KindInvalid that lists all that is wrong.
func (s Setup) Validate() error {
	var p domain.Problems
	for _, f := range []struct{ path, value string }{{"domain", s.From}, {"bounces", s.Bounces}, {"host", s.Host}} {
		if f.value == "" && f.path != "domain" || f.path == "host" && net.ParseIP(f.value) != nil {
			continue
		}
		if _, err := canonicalDomain(f.value); err != nil {
			p.Add(f.path, "want a domain such as news.example.org")
		}
	}
	return p.Err("the records cannot be written")
}

// Record is a record of the DNS to set.
type Record struct {
	Name  string // with all labels, without a dot at the end
	Type  string // TXT or MX
	Value string // of a TXT record: one string, which may have to be split, see Strings
	Note  string // what to know about it
}

// maxString is how long a string of a TXT record is at most, RFC 1035 section 3.3.
const maxString = 255

// Strings returns the value as a zone file has it: quoted, in strings of at most 255 bytes.
func (r Record) Strings() string {
	if r.Type != "TXT" {
		return r.Value
	}
	var all []string
	for rest := range slices.Chunk([]byte(r.Value), maxString) {
		all = append(all, `"`+string(rest)+`"`)
	}
	return strings.Join(all, " ")
}

// Records returns the records to set: SPF (RFC 7208) for the domain of the return path, a key (RFC 6376) for
// each selector, and DMARC (RFC 7489).
func Records(s Setup) ([]Record, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	from, _ := canonicalDomain(s.From)
	bounces := from
	if s.Bounces != "" {
		bounces, _ = canonicalDomain(s.Bounces)
	}
	spf := Record{Name: bounces, Type: "TXT", Note: "SPF: which servers may send with return paths of this domain. If a provider sends for you, take what it names (include:…)."}
	spf.Value, spf.Note = spfValue(s.Host, spf.Note)
	all := []Record{
		spf,
		{Name: bounces, Type: "MX", Value: "10 " + bounces, Note: "The server that receives bounces; it may be another. Without one, no bounce comes back."},
	}
	active := map[string]bool{}
	for _, key := range s.Keys {
		r := Record{Name: key.Selector + "._domainkey." + from, Type: "TXT", Value: key.Record(), Note: "DKIM: this key signs."}
		if active[key.Algorithm()] {
			r.Note = "DKIM: published for a rotation; it does not sign."
		}
		active[key.Algorithm()] = true
		all = append(all, r)
	}
	return append(all, Record{Name: "_dmarc." + from, Type: "TXT", Value: "v=DMARC1; p=none; rua=mailto:dmarc@" + from,
		Note: "DMARC: begin with p=none and read the reports; then p=quarantine or p=reject."}), nil
}

func spfValue(host, note string) (value, comment string) {
	ip := net.ParseIP(host)
	switch {
	case host == "":
		return "v=spf1 mx -all", note + " No sending server is configured: this assumes that the server for incoming mail sends, too."
	case ip == nil:
		return "v=spf1 a:" + strings.ToLower(host) + " -all", note
	case ip.To4() != nil:
		return "v=spf1 ip4:" + ip.String() + " -all", note
	}
	return "v=spf1 ip6:" + ip.String() + " -all", note
}

// Resolver looks names up in the DNS. net.Resolver is one.
type Resolver interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// CheckRecords compares what the DNS has with what it should have.
func CheckRecords(ctx context.Context, resolver Resolver, s Setup) ([]Finding, error) {
	records, err := Records(s)
	if err != nil {
		return nil, err
	}
	var all findings
	for _, r := range records {
		if r.Type == "MX" {
			all.checkMX(ctx, resolver, r)
		} else {
			all.checkTXT(ctx, resolver, r)
		}
	}
	return all, nil
}

func (all *findings) checkMX(ctx context.Context, resolver Resolver, r Record) {
	found, err := resolver.LookupMX(ctx, r.Name)
	switch {
	case isMissing(err) || err == nil && len(found) == 0:
		all.problem("%s has no MX record: bounces do not come back", r.Name)
	case err != nil:
		all.warn("the MX record of %s cannot be looked up: %v", r.Name, err)
	default:
		all.ok("%s has an MX record: %s", r.Name, strings.TrimSuffix(found[0].Host, "."))
	}
}

func (all *findings) checkTXT(ctx context.Context, resolver Resolver, r Record) {
	kind, _, _ := strings.Cut(r.Value, ";") // v=DKIM1, v=DMARC1
	if strings.HasPrefix(kind, "v=spf1") {
		kind = "v=spf1"
	}
	found, err := resolver.LookupTXT(ctx, r.Name)
	if err != nil && !isMissing(err) {
		all.warn("the TXT records of %s cannot be looked up: %v", r.Name, err)
		return
	}
	found = slices.DeleteFunc(slices.Clone(found), func(value string) bool {
		// RFC 6376 section 3.6.1: v= of a key may be left out.
		return !strings.HasPrefix(value, kind) && !(kind == "v=DKIM1" && strings.Contains(value, "p="))
	})
	switch {
	case len(found) == 0:
		all.problem("%s has no TXT record that begins with %s", r.Name, kind)
	case len(found) > 1:
		all.problem("%s has %d TXT records that begin with %s; want one", r.Name, len(found), kind)
	case kind == "v=DKIM1" && keyOf(found[0]) != keyOf(r.Value):
		all.problem("%s has another key than the one that is configured", r.Name)
	case kind == "v=spf1" && strings.HasSuffix(strings.TrimSpace(found[0]), "+all"):
		all.problem("%s lets everybody send: its SPF record ends in +all", r.Name)
	default:
		all.ok("%s: %s", r.Name, shorten(found[0]))
	}
}

func isMissing(err error) bool {
	missing, ok := errors.AsType[*net.DNSError](err)
	return ok && missing.IsNotFound
}

// keyOf returns the key in a DKIM record.
func keyOf(record string) string {
	for tag := range strings.SplitSeq(record, ";") {
		if name, value, _ := strings.Cut(tag, "="); strings.TrimSpace(name) == "p" {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return ""
}

func shorten(s string) string {
	if len(s) > 80 {
		return fmt.Sprintf("%.77s…", s)
	}
	return s
}
