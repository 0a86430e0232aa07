package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/internal/store"
)

// The files of a backup of PostgreSQL.
const (
	pgDumpFile = "stores.pg_dump"
	rowsFile   = "rows.ndjson"
)

// collectPostgres writes both schemas with pg_dump, or their rows where there is no pg_dump that can do it.
func collectPostgres(ctx context.Context, stores *store.Stores, folder string, p Params) (Content, []string, error) {
	why, err := unfit(ctx, stores, "pg_dump")
	if err != nil {
		return "", nil, err
	}
	if why == "" {
		err := runPostgres(ctx, p.DeskDSN, "pg_dump", "--format=custom", "--compress=0", "--schema=desk", "--schema=live",
			"--no-password", "--file="+filepath.Join(folder, pgDumpFile))
		return PgDump, []string{pgDumpFile}, err
	}
	p.note("%s: the rows are backed up as \"redthread dump\" writes them", why)
	f, err := os.OpenFile(filepath.Join(folder, rowsFile), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", nil, err
	}
	_, err = Dump(ctx, stores, f, DumpParams{Version: p.Version, Now: p.Now})
	return Rows, []string{rowsFile}, errors.Join(err, f.Close())
}

var toolVersion = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// unfit says why a program of PostgreSQL's cannot be used for the stores: it is not there, or older than the server. It is empty
// if it can.
func unfit(ctx context.Context, stores *store.Stores, tool string) (why string, err error) {
	server, err := stores.ServerVersion(ctx)
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, tool, "--version").Output()
	if err != nil {
		return "there is no " + tool + " on the PATH", ctx.Err()
	}
	m := toolVersion.FindSubmatch(out)
	if m == nil {
		return tool + " does not say its version", nil
	}
	if major, _ := strconv.Atoi(string(m[1])); major < server/10000 {
		return fmt.Sprintf("%s is of version %d and the server of version %d", tool, major, server/10000), nil
	}
	return "", nil
}

// passwordInDSN matches the password of a DSN of keywords, quoted or not.
var passwordInDSN = regexp.MustCompile(`(?i)\bpassword\s*=\s*('(?:[^'\\]|\\.)*'|\S*)`)

// withoutPassword splits a DSN: a password on a command line can be seen by all users of a machine.
func withoutPassword(dsn string) (rest, password string) {
	if u, err := url.Parse(dsn); err == nil && strings.HasPrefix(u.Scheme, "postgres") {
		if u.User != nil {
			password, _ = u.User.Password()
			u.User = url.User(u.User.Username())
		}
		q := u.Query()
		if given := q.Get("password"); given != "" {
			password = given
			q.Del("password")
			u.RawQuery = q.Encode()
		}
		return u.String(), password
	}
	rest = passwordInDSN.ReplaceAllStringFunc(dsn, func(found string) string {
		_, value, _ := strings.Cut(found, "=")
		value = strings.TrimSpace(value)
		if strings.HasPrefix(value, "'") {
			value = strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(strings.Trim(value, "'"))
		}
		password = value
		return ""
	})
	return rest, password
}

// runPostgres runs a program of PostgreSQL's on a database.
func runPostgres(ctx context.Context, dsn, tool string, args ...string) error {
	rest, password := withoutPassword(dsn)
	cmd := exec.CommandContext(ctx, tool, append([]string{"--dbname=" + rest}, args...)...)
	cmd.Env = append(os.Environ(), "LC_MESSAGES=C")
	if password != "" {
		cmd.Env = append(cmd.Env, "PGPASSWORD="+password)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s: %w: %s", tool, err, lastLines(stderr.String(), 3))
	}
	return nil
}

// lastLines returns the last lines of a text as one.
func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(len(lines)-n, 0):], "; ")
}
