package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// maxMessageFile is how many bytes of a message file are read.
const maxMessageFile = 20 << 20

// lookupTimeout bounds all look-ups of one run.
const lookupTimeout = 30 * time.Second

func (p *program) mailCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:     "mail",
		Short:   "Check how mail is sent",
		GroupID: groupOperate,
	}, p.mailDoctorCommand())
}

func (p *program) mailDoctorCommand() *cobra.Command {
	var input struct {
		message string
		lookup  bool
	}
	doctor := &cobra.Command{
		Use:   "doctor DOMAIN",
		Short: "Print the DNS records to set for a domain, and check a message",
		Long: `Print the records of the DNS to set for the domain of the sender: SPF and MX for
the return path, a DKIM key for each --dkim-key, and DMARC. With --lookup, compare
them with what the DNS has.

With --message, check a message file (.eml) as it was sent or as it arrived: its
headers, the length of its lines, one-click unsubscription, its DKIM signatures,
whether text and HTML have the same links, and its size.

The exit code is 1 if there is a problem. Nothing is looked up in the DNS without
--lookup, and no mail is sent.`,
		Args: exactly("DOMAIN"),
		Example: `  redthread mail doctor news.example.org --dkim-key 2026a=2026a.pem --smtp smtp.example.org:587
  redthread mail doctor news.example.org --dkim-key 2026a=2026a.pem --message edition.eml
  redthread mail doctor news.example.org --message edition.eml --lookup`,
	}
	p.config.Mail.flags(doctor.Flags())
	doctor.Flags().StringVar(&input.message, "message", "", "`file` of a message to check")
	doctor.Flags().BoolVar(&input.lookup, "lookup", false, "compare with what the DNS has, and look up keys of signatures there")
	doctor.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), lookupTimeout)
		defer cancel()
		// It opens no stores, so what they need is not checked.
		var problems domain.Problems
		p.config.readEnvironment(cmd.Flags(), p.Getenv, &problems)
		if p.config.Mail.From == "" && (mail.Setup{From: args[0]}).Validate() == nil {
			p.config.Mail.From = "postmaster@" + args[0]
		}
		p.config.Mail.check(&problems)
		if err := problems.Err("invalid configuration"); err != nil {
			return usageError{err}
		}
		keys, err := p.config.Mail.keys()
		if err != nil {
			return err
		}
		setup := mail.Setup{From: args[0], Bounces: p.config.Mail.BounceDomain, Host: p.config.Mail.sendingHost(), Keys: keys}
		records, err := mail.Records(setup)
		if err != nil {
			return asUsage(err)
		}
		p.printRecords(records)
		var all []mail.Finding
		if input.lookup {
			if all, err = mail.CheckRecords(ctx, net.DefaultResolver, setup); err != nil {
				return err
			}
			p.printFindings("The DNS:", all)
		}
		if input.message != "" {
			found, err := checkMessageFile(ctx, input.message, keys, input.lookup)
			if err != nil {
				return err
			}
			p.printFindings("The message:", found)
			all = append(all, found...)
		}
		return problemsOf(all)
	}
	return doctor
}

func (p *program) printRecords(records []mail.Record) {
	printf(p.Stdout, "Records to set:\n")
	for _, r := range records {
		printf(p.Stdout, "\n; %s\n%s. IN %s %s\n", r.Note, r.Name, r.Type, r.Strings())
	}
}

func (p *program) printFindings(title string, all []mail.Finding) {
	printf(p.Stdout, "\n%s\n", title)
	for _, f := range all {
		printf(p.Stdout, "  %-8s %s\n", f.Level, f.Text)
	}
}

func checkMessageFile(ctx context.Context, path string, keys []mail.Key, lookup bool) ([]mail.Finding, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, badUsage("--message: %w", err)
	}
	if info.IsDir() || info.Size() > maxMessageFile {
		return nil, badUsage("--message: want a file of at most %d bytes", maxMessageFile)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, badUsage("--message: %w", err)
	}
	var find mail.LookupTXT
	if lookup {
		find = func(name string) ([]string, error) { return net.DefaultResolver.LookupTXT(ctx, name) }
	}
	return mail.Check(raw, keys, find), nil
}

// problemsOf returns an error if there are problems among the findings.
func problemsOf(all []mail.Finding) error {
	n := 0
	for _, f := range all {
		if f.Level == mail.Problem {
			n++
		}
	}
	switch n {
	case 0:
		return nil
	case 1:
		return errors.New("there is 1 problem")
	}
	return fmt.Errorf("there are %d problems", n)
}
