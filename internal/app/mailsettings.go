package app

import (
	"cmp"
	"errors"
	"math"
	"net"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// MailConfig configures how mail is sent, and from whom.
type MailConfig struct {
	// From is the sender of newsletters: an address, or a name and an address in angle brackets. Empty: no
	// mail is sent.
	From string
	// BounceDir is the folder in which a mail server stores what comes back; empty: none.
	BounceDir string
	// BounceDomain is the domain of return paths; empty for that of From.
	BounceDomain string
	// DKIM has keys as SELECTOR=FILE. The first of each algorithm signs.
	DKIM []string

	// SMTP is host:port of the server that takes all mail; empty: mail goes to Folder.
	SMTP         string
	SMTPTLS      string // "starttls", "tls" or "none"
	SMTPUser     string
	SMTPPassword string
	// SMTPPasswordFile is the file that holds SMTPPassword; empty: it is given itself.
	SMTPPasswordFile string
	SMTPName         string // for EHLO; empty for the domain of From
	SMTPConnections  int
	SMTPRate         float64 // messages a second; 0 for no limit

	// Folder is where mail goes in place of readers, for developers.
	Folder string
}

func (c *MailConfig) flags(f *pflag.FlagSet) {
	f.StringVar(&c.From, "mail-from", "", usage("mail-from", "`sender` of newsletters, such as \"The Red Report <report@news.example.org>\""))
	f.StringVar(&c.BounceDomain, "mail-bounce-domain", "", usage("mail-bounce-domain", "`domain` of return paths (default that of --mail-from)"))
	f.StringVar(&c.BounceDir, "bounce-dir", "", usage("bounce-dir", "`folder`, such as a Maildir, in which a mail server stores mails to return paths; they are applied and deleted"))
	f.StringSliceVar(&c.DKIM, "dkim-key", nil, usage("dkim-key",
		"`selector=file` of a private key in PEM (RSA or Ed25519) that signs mail; repeat it or separate by commas: the first of each algorithm signs, others are published for a rotation"))
	f.StringVar(&c.SMTP, "smtp", "", usage("smtp", "`host:port` of the SMTP server that takes all mail, such as smtp.example.org:587"))
	f.StringVar(&c.SMTPTLS, "smtp-tls", string(mail.STARTTLS), usage("smtp-tls", "`how` the connection is encrypted: starttls, tls, or none for a server on the same machine"))
	f.StringVar(&c.SMTPUser, "smtp-user", "", usage("smtp-user", "`name` to log in with at the SMTP server; empty for no log-in"))
	f.StringVar(&c.SMTPPassword, "smtp-password", "", usage("smtp-password", "`password` of --smtp-user; prefer the file or the variable"))
	f.StringVar(&c.SMTPPasswordFile, "smtp-password-file", "", usage("smtp-password-file", "`file` that holds what would be --smtp-password"))
	f.StringVar(&c.SMTPName, "smtp-name", "", usage("smtp-name", "`name` of this machine for the SMTP server (default the domain of --mail-from)"))
	f.IntVar(&c.SMTPConnections, "smtp-connections", 4, usage("smtp-connections", "`number` of connections to the SMTP server at most"))
	f.Float64Var(&c.SMTPRate, "smtp-rate", 0, usage("smtp-rate", "`messages` a second at most; 0 for no limit"))
	f.StringVar(&c.Folder, "mail-folder", "", usage("mail-folder",
		"`folder` to which mail goes in place of readers; /mailbox shows it to all who reach the server (default with --demo: mail in --data)"))
}

func (c *MailConfig) check(p *domain.Problems) {
	from, err := c.from()
	if err != nil {
		p.Add("--mail-from", "%s", err)
	}
	if c.BounceDomain != "" {
		if err := (mail.Setup{From: c.BounceDomain}).Validate(); err != nil {
			p.Add("--mail-bounce-domain", "want a domain such as news.example.org")
		}
	}
	for _, entry := range c.DKIM {
		if selector, file, ok := strings.Cut(entry, "="); !ok || selector == "" || file == "" {
			p.Add("--dkim-key", "want selector=file, such as 2026a=/etc/redthread/2026a.pem")
		}
	}
	if c.SMTPRate < 0 || math.IsNaN(c.SMTPRate) || math.IsInf(c.SMTPRate, 0) {
		p.Add("--smtp-rate", "want a number of messages a second, or 0 for no limit")
	}
	if c.SMTP == "" {
		return
	}
	if c.Folder != "" {
		p.Add("--mail-folder", "has no effect with --smtp: mail goes to one of them")
	}
	if from.Addr == "" {
		p.Add("--mail-from", "must be set with --smtp")
		return
	}
	server, err := c.server()
	if err != nil {
		p.Add("--smtp", "%s", err)
		return
	}
	c.checkServer(server, p)
}

// checkServer adds the problems of the server under the names of its flags.
func (c *MailConfig) checkServer(server mail.Server, p *domain.Problems) {
	problem, ok := errors.AsType[*domain.Error](server.Validate())
	if !ok {
		return
	}
	flags := map[string]string{"host": "--smtp", "port": "--smtp", "tls": "--smtp-tls", "username": "--smtp-user", "name": "--smtp-name",
		"maxConnections": "--smtp-connections", "rate": "--smtp-rate"}
	for _, field := range problem.Fields {
		p.Add(flags[field.Path], "%s", field.Message)
	}
}

// from returns the sender; the zero value if there is none.
func (c *MailConfig) from() (mail.Address, error) {
	if c.From == "" {
		return mail.Address{}, nil
	}
	parsed, err := netmail.ParseAddress(c.From)
	if err != nil {
		return mail.Address{}, errors.New("want an address, or a name and an address, such as \"The Red Report <report@news.example.org>\"")
	}
	if _, err := mail.Canonical(parsed.Address); err != nil {
		return mail.Address{}, err
	}
	return mail.Address{Name: parsed.Name, Addr: parsed.Address}, nil
}

// domain returns the domain of the sender.
func (c *MailConfig) domain() string {
	from, err := c.from()
	if err != nil {
		return ""
	}
	canonical, err := mail.Canonical(from.Addr)
	if err != nil {
		return ""
	}
	return canonical[strings.LastIndexByte(canonical, '@')+1:]
}

// bounceDomain returns the domain of return paths.
func (c *MailConfig) bounceDomain() string {
	return strings.ToLower(cmp.Or(c.BounceDomain, c.domain()))
}

// server returns the SMTP server.
func (c *MailConfig) server() (mail.Server, error) {
	host, port, err := net.SplitHostPort(c.SMTP)
	if err != nil {
		return mail.Server{}, errors.New("want host:port, such as smtp.example.org:587")
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return mail.Server{}, errors.New("want a port from 1 to 65535, such as 587")
	}
	name := c.SMTPName
	if name == "" {
		name = c.domain()
	}
	return mail.Server{
		Host: host, Port: number, TLS: mail.TLSMode(c.SMTPTLS), Username: c.SMTPUser, Password: c.SMTPPassword, Name: name,
		MaxConnections: c.SMTPConnections, Rate: c.SMTPRate,
	}, nil
}

// keys reads the keys of DKIM.
func (c *MailConfig) keys() ([]mail.Key, error) {
	var keys []mail.Key
	var selectors []string
	for _, entry := range c.DKIM {
		selector, file, _ := strings.Cut(entry, "=")
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, badUsage("--dkim-key: %w", err)
		}
		key, err := mail.ParseKey(selector, raw)
		if err != nil {
			return nil, badUsage("--dkim-key: %s: %w", file, err)
		}
		if slices.Contains(selectors, strings.ToLower(selector)) {
			return nil, badUsage("--dkim-key: the selector %s is given twice", selector)
		}
		selectors = append(selectors, strings.ToLower(selector))
		keys = append(keys, key)
	}
	return keys, nil
}

// sendingHost returns the host of the SMTP server.
func (c *MailConfig) sendingHost() string {
	host, _, err := net.SplitHostPort(c.SMTP)
	if err != nil {
		return ""
	}
	return host
}

// mailFolder returns the folder of messages; empty where mail is sent, or there is none.
func (c *Config) mailFolder() string {
	switch {
	case c.Mail.SMTP != "":
		return ""
	case c.Mail.Folder != "" || !c.Demo || c.Data == "":
		return c.Mail.Folder
	}
	return filepath.Join(c.Data, "mail")
}
