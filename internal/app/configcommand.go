package app

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/redthread-api/redthread/internal/domain"
)

func (p *program) configCommand() *cobra.Command {
	var asJSON bool
	config := &cobra.Command{
		Use:   "config",
		Short: "Print the settings of serve that are in force, and where each is from",
		Long: `Print the settings of serve that are in force, and where each is from: a flag, a
variable of the environment, the file of settings, or the default.

It takes the flags of serve. What it prints can be used as the file of settings:
defaults and secrets are comments in it. Where the settings are not valid it says all that is wrong,
and exits with 2. Those that are marked "SIGHUP" can be changed in a running server:
change the file, and send it SIGHUP.`,
		Example: `  redthread config --config /etc/redthread.toml
  redthread config > redthread.toml
  redthread config --json | jq '.[] | select(.from != "default")'`,
		GroupID: groupOperate,
		Args:    exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.config.resolve(cmd.Flags(), p.Getenv); err != nil {
				return usageError{err}
			}
			if err := p.config.checkFiles(); err != nil {
				return usageError{err}
			}
			if asJSON {
				encoder := json.NewEncoder(p.Stdout)
				encoder.SetEscapeHTML(false)
				encoder.SetIndent("", "  ")
				return encoder.Encode(p.config.inForce)
			}
			return writeSettings(p.Stdout, p.config.inForce)
		},
	}
	p.config.commonFlags(config.Flags())
	p.config.serveFlags(config.Flags())
	config.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return config
}

// writeSettings writes settings as TOML, with where each is from as a comment. Those that were not given, and secrets, are
// comments as a whole.
func writeSettings(w io.Writer, all []setting) error {
	lines, width := make([]string, len(all)), 0
	for i, s := range all {
		lines[i] = s.Name + " = " + tomlValue(s.Value)
		// Of a secret that is in a file of its own, the name of the file is the setting.
		if s.From == fromDefault || s.hidden || s.secret != "" && s.fromFile {
			lines[i] = "# " + lines[i]
		}
		if n := len([]rune(lines[i])); n <= 60 {
			width = max(width, n)
		}
	}
	for i, s := range all {
		from := s.From
		if s.hidden && !s.fromFile {
			from = "SET THIS: its password is left out; it is from " + from
		}
		if s.Reload {
			from += "; SIGHUP"
		}
		if _, err := fmt.Fprintf(w, "%-*s  # %s\n", width, lines[i], from); err != nil {
			return err
		}
	}
	return nil
}

// tomlValue writes the value of a setting in TOML.
func tomlValue(v any) string {
	switch v := v.(type) {
	case string:
		return tomlText(v)
	case []string:
		texts := make([]string, len(v))
		for i, text := range v {
			texts[i] = tomlText(text)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	case float64:
		// A number with a point is one of another kind in TOML, and the file takes both.
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// tomlText writes a basic string of TOML: what JSON escapes is escaped alike.
func tomlText(text string) string {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a text can always be written
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\x7f", `\u007f`)
}

// checkFiles reads the files that the settings name, as serve does at its start.
func (c *Config) checkFiles() error {
	var p domain.Problems
	if _, err := c.TLS.certificates(c.Data, slog.New(slog.DiscardHandler)); err != nil {
		p.Add("--tls-cert", "%s", err)
	}
	if _, err := c.Editions.templates(); err != nil {
		p.Add("--templates", "%s", err)
	}
	for _, entry := range c.Mail.DKIM {
		if _, file, ok := strings.Cut(entry, "="); ok {
			if _, err := readSmallFile(file, 64<<10); err != nil {
				p.Add("--dkim-key", "%s", err)
			}
		}
	}
	if c.Addr == c.MetricsAddr && !strings.HasSuffix(c.Addr, ":0") {
		p.Add("--metrics-addr", "is the same as --addr")
	}
	return p.Err("invalid configuration")
}
