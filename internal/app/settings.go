package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/domain"
)

// A setting is a flag of serve. It is read from the command line, or else from its variable of the environment, or else
// from the file of settings, which has the names of flags as its keys.

// fromDefault is the origin of a setting that was not given.
const fromDefault = "default"

// secretSettings are those that can hold a password. Each can be in a file of its own, which the setting with -file
// after its name gives.
var secretSettings = []string{"desk-dsn", "live-dsn", "smtp-password"}

const maxSettingsFile = 1 << 20

// settingFlags returns the flags of all settings, with their defaults.
func settingFlags() *pflag.FlagSet {
	all := pflag.NewFlagSet("settings", pflag.ContinueOnError)
	var c Config
	c.commonFlags(all)
	c.serveFlags(all)
	return all
}

// read sets the flags that were not given: from the environment, then from the file of settings. It notes where each is from.
func (c *Config) read(flags *pflag.FlagSet, getenv func(string) string, p *domain.Problems) {
	c.origins = map[string]string{}
	flags.Visit(func(f *pflag.Flag) { c.origins[f.Name] = "--" + f.Name })
	c.readEnvironment(flags, getenv, p)
	if c.File != "" {
		c.readFile(flags, p)
	}
	c.readSecrets(flags, p)
}

// readEnvironment sets the flags that were not given from the environment.
func (c *Config) readEnvironment(flags *pflag.FlagSet, getenv func(string) string, p *domain.Problems) {
	for _, name := range sortedKeys(variables) {
		flag, value := flags.Lookup(name), getenv(variables[name])
		if flag == nil || flag.Changed || value == "" {
			continue
		}
		if err := flag.Value.Set(value); err != nil {
			p.Add(variables[name], "want %s", wanted(flag))
		}
		c.origins[name] = "$" + variables[name]
	}
}

// wanted describes the values of a flag.
func wanted(flag *pflag.Flag) string {
	text, ok := map[string]string{"bool": "true or false", "int": "a whole number", "float64": "a number",
		"bytes": "a number of bytes, such as 64MiB", "duration": "a time, such as 30s", "stringSlice": "a list of texts"}[flag.Value.Type()]
	if !ok {
		return "a text"
	}
	return text
}

// readFile sets the flags that are given nowhere else from the file of settings. Settings of serve that the command does not have are checked only.
func (c *Config) readFile(flags *pflag.FlagSet, p *domain.Problems) {
	raw, err := readSmallFile(c.File, maxSettingsFile)
	if err != nil {
		p.Add("--config", "%s", err)
		return
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff")) // a byte order mark, as Windows writes it
	var found map[string]any
	if err := toml.Unmarshal(raw, &found); err != nil {
		if at, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := at.Position()
			p.Add("--config", "%s: want TOML: line %d, column %d: %s", c.File, line, column, strings.TrimPrefix(at.Error(), "toml: "))
		} else {
			p.Add("--config", "%s: want TOML: %s", c.File, err)
		}
		return
	}
	known := settingFlags()
	for _, key := range sortedKeys(found) {
		flag := flags.Lookup(key)
		if _, isTable := found[key].(map[string]any); isTable {
			p.Add(c.File+": "+key, "there are no tables; want the names of flags as keys")
			continue
		}
		if known.Lookup(key) == nil || key == "config" {
			p.Add(c.File+": "+key, "there is no such setting%s", similarSetting(key))
			continue
		}
		elsewhere := flag == nil || c.origins[key] != ""
		if elsewhere {
			flag = known.Lookup(key)
		}
		if err := setFromFile(flag, found[key]); err != nil {
			p.Add(c.File+": "+key, "want %s", wanted(flag))
		} else if !elsewhere {
			c.origins[key] = c.File
		}
	}
}

// similarSetting suggests the setting that was meant by a key with underscores or capitals.
func similarSetting(key string) string {
	meant := strings.TrimLeft(strings.ToLower(strings.ReplaceAll(key, "_", "-")), "-")
	meant = strings.TrimPrefix(meant, "redthread-")
	for name, variable := range variables {
		if name != "config" && (name == meant || strings.TrimPrefix(variable, "REDTHREAD_") == strings.ToUpper(strings.ReplaceAll(meant, "-", "_"))) {
			return fmt.Sprintf("; did you mean %q?", name)
		}
	}
	return `; "redthread config" lists all`
}

var errKind = errors.New("a value of another kind")

// setFromFile sets a flag to a value of TOML: a text, a number, true or false, or a list of texts.
func setFromFile(flag *pflag.Flag, value any) error {
	list, isList := flag.Value.(pflag.SliceValue)
	switch value := value.(type) {
	case []any:
		texts := make([]string, len(value))
		for i, v := range value {
			text, ok := v.(string)
			if !ok {
				return errKind
			}
			texts[i] = text
		}
		if !isList {
			return errKind
		}
		return list.Replace(texts)
	case string:
		// A text in place of a list is one element: commas are the business of the command line.
		if isList {
			return list.Replace([]string{value})
		}
		if kind := flag.Value.Type(); kind == "bool" || kind == "int" || kind == "float64" {
			return errKind
		}
		return flag.Value.Set(value)
	case bool:
		if flag.Value.Type() != "bool" {
			return errKind
		}
		return flag.Value.Set(strconv.FormatBool(value))
	case int64:
		if kind := flag.Value.Type(); kind != "int" && kind != "float64" && kind != "bytes" {
			return errKind
		}
		return flag.Value.Set(strconv.FormatInt(value, 10))
	case float64:
		if flag.Value.Type() != "float64" {
			return errKind
		}
		return flag.Value.Set(strconv.FormatFloat(value, 'g', -1, 64))
	}
	return errKind
}

// readSecrets sets the secrets that are in files of their own.
func (c *Config) readSecrets(flags *pflag.FlagSet, p *domain.Problems) {
	for _, name := range secretSettings {
		flag, file := flags.Lookup(name), flags.Lookup(name+"-file")
		if flag == nil || file == nil || file.Value.String() == "" {
			continue
		}
		if c.origins[name] != "" {
			p.Add("--"+name+"-file", "is given as well as %s (%s); give one of them", name, c.origins[name])
			continue
		}
		raw, err := readSmallFile(file.Value.String(), 64<<10)
		if err != nil {
			p.Add("--"+name+"-file", "%s", err)
			continue
		}
		// Editors end the last line; secrets don't have ends of lines.
		secret := strings.TrimRight(string(raw), "\r\n")
		switch {
		case secret == "":
			p.Add("--"+name+"-file", "%s is empty", file.Value.String())
		case strings.ContainsAny(secret, "\r\n\x00"):
			p.Add("--"+name+"-file", "%s has several lines; want one", file.Value.String())
		case flag.Value.Set(secret) != nil:
			p.Add("--"+name+"-file", "want %s in it", wanted(flag))
		}
		c.origins[name] = file.Value.String()
	}
}

// readSmallFile reads a file of at most limit bytes. Its errors do not quote what is in it.
func readSmallFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular() && !info.IsDir():
		return nil, fmt.Errorf("%s is no regular file", path)
	case errors.Is(err, os.ErrNotExist):
		return nil, fmt.Errorf("there is no file %s", path)
	case errors.Is(err, os.ErrPermission):
		return nil, fmt.Errorf("%s may not be read by this user", path)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder; want a file", path)
	case info.Size() > limit:
		return nil, fmt.Errorf("%s has %d bytes; want at most %d", path, info.Size(), limit)
	}
	file, err := os.Open(path)
	if errors.Is(err, os.ErrPermission) {
		return nil, fmt.Errorf("%s may not be read by this user", path)
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it is only read
	// It may have grown since.
	raw, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = fmt.Errorf("%s has more than %d bytes", path, limit)
	}
	return raw, err
}

// setting is a setting in force.
type setting struct {
	Name string `json:"name"`
	// Value is a text, a number, true or false, or a list of texts. Of a secret, its password is left out.
	Value any `json:"value"`
	// From is where it is from: the flag, the variable, the file, or "default".
	From string `json:"from"`
	// Variable is its variable of the environment.
	Variable string `json:"variable"`
	// Reload reports whether SIGHUP changes it in a running server.
	Reload bool `json:"reload"`

	secret string // the whole value of a setting that can hold a password
	hidden bool   // a password is left out of Value

	fromFile bool // the secret is in a file of its own
}

// settings returns the settings in force of a configuration whose flags are these, in the order of --help.
func (c *Config) settings(flags *pflag.FlagSet) []setting {
	var all []setting
	flags.VisitAll(func(f *pflag.Flag) {
		if variables[f.Name] == "" || f.Name == "config" {
			return
		}
		s := setting{Name: f.Name, Value: valueOf(f), From: c.origins[f.Name], Variable: variables[f.Name], Reload: slices.Contains(reloadable, f.Name)}
		if s.From == "" {
			s.From = fromDefault
		}
		if text, ok := s.Value.(string); ok && slices.Contains(secretSettings, f.Name) {
			shown := withoutPassword(text)
			s.Value, s.secret, s.hidden = shown, text, strings.Contains(shown, hiddenSecret)
			if file := flags.Lookup(f.Name + "-file"); file != nil {
				s.fromFile = file.Value.String() != ""
			}
		}
		all = append(all, s)
	})
	return all
}

// valueOf returns the value of a flag as it would be in a file.
func valueOf(f *pflag.Flag) any {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	text := f.Value.String()
	switch f.Value.Type() {
	case "bool":
		return text == "true"
	case "int":
		if n, err := strconv.Atoi(text); err == nil {
			return n
		}
	case "float64":
		if n, err := strconv.ParseFloat(text, 64); err == nil {
			return n
		}
	case "duration":
		if d, err := time.ParseDuration(text); err == nil {
			return shortDuration(d)
		}
	}
	return text
}

// shortDuration is d without the zeros at its end: 30s, 24h.
func shortDuration(d time.Duration) string {
	text := d.String()
	for _, zero := range []string{"0s", "0m"} {
		if rest, ok := strings.CutSuffix(text, zero); ok && rest != "" && !strings.HasSuffix(rest, ".") && (rest[len(rest)-1] == 'm' || rest[len(rest)-1] == 'h') {
			text = rest
		}
	}
	return text
}

// withoutPassword returns a secret without what is secret in it.
func withoutPassword(text string) string {
	if text == "" {
		return ""
	}
	parts := strings.Split(text, ";")
	for i, part := range parts {
		u, err := url.Parse(strings.TrimSpace(part))
		if err != nil || u.Host == "" || u.Scheme != "postgres" && u.Scheme != "postgresql" {
			return hiddenSecret
		}
		if _, ok := u.User.Password(); ok {
			u.User = url.UserPassword(u.User.Username(), hiddenSecret)
		}
		query := u.Query()
		for name := range query {
			if !slices.Contains(openParameters, name) {
				query.Set(name, hiddenSecret)
			}
		}
		u.RawQuery = query.Encode()
		parts[i] = u.String()
	}
	return strings.Join(parts, " ; ")
}

// openParameters are the parameters of a DSN that hold no secret; all others may.
var openParameters = []string{"application_name", "connect_timeout", "default_query_exec_mode", "host", "port", "sslmode", "target_session_attrs", "user"}

// hiddenSecret stands for a password. It has no character that an URL would escape.
const hiddenSecret = "xxxxx"
