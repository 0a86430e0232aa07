package pgtemp

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	superuser = "postgres"
	port      = "5432" // only names the socket file; nothing listens on TCP
	prefix    = "rtpg-"

	// longestFolder leaves room for "/.s.PGSQL.5432" in the 104 bytes that a
	// socket address holds on the stingiest systems.
	longestFolder = 80
)

// settings make the cluster quick and forgetful. Options may overrule them.
var settings = []string{
	"listen_addresses=",
	"unix_socket_permissions=0777",
	"port=" + port,
	"max_connections=200",
	"fsync=off",
	"full_page_writes=off",
	"synchronous_commit=off",
	"autovacuum=off",
	"wal_level=minimal",
	"max_wal_senders=0",
	// The log goes to our pipe, in English, because it is read for readyLine.
	"logging_collector=off",
	"log_destination=stderr",
	"log_min_messages=warning",
	"lc_messages=C",
	"timezone=UTC",
	"log_timezone=UTC",
}

// Option changes the cluster that Start makes.
type Option func(*options)

type options struct {
	initdb   []string
	settings []string
}

// WithICU gives the cluster's databases a locale of ICU's, such as en-US, in
// which texts are in the order of a dictionary.
func WithICU(locale string) Option {
	return func(o *options) { o.initdb = append(o.initdb, "--locale-provider=icu", "--icu-locale="+locale) }
}

// WithStandbys lets the cluster have standbys; see [Cluster.Standby].
func WithStandbys() Option {
	return func(o *options) { o.settings = append(o.settings, "wal_level=replica", "max_wal_senders=4") }
}

// Cluster is a running throwaway server. Its methods may be called from any
// goroutine.
type Cluster struct {
	dir    string
	server *server
	lock   *os.File

	close    sync.Once
	closeErr error
}

// Start makes a new cluster and returns when it takes connections. It returns
// an error that wraps ErrNoServer when no server binaries are found; any other
// error carries what initdb or postgres had to say. ctx bounds the start
// alone: the cluster then lives until Close or the end of the process.
func Start(ctx context.Context, opts ...Option) (*Cluster, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return start(ctx, o, func(bin, dir string, owner *user) error { return initdb(ctx, bin, dir, owner, o.initdb) })
}

// Standby makes another cluster, which follows this one and can only be read.
// This one must have been started with [WithStandbys].
func (c *Cluster) Standby(ctx context.Context) (*Cluster, error) {
	var o options
	WithStandbys()(&o)
	return start(ctx, o, func(bin, dir string, owner *user) error { return basebackup(ctx, bin, dir, owner, c) })
}

// start makes a folder, has it filled, and starts a server on it.
func start(ctx context.Context, o options, fill func(bin, dir string, owner *user) error) (_ *Cluster, err error) {
	bin, err := findServer(places)
	if err != nil {
		return nil, err
	}
	owner, err := serverUser()
	if err != nil {
		return nil, err
	}
	parent := folderFor(owner)
	sweep(parent)

	dir, err := os.MkdirTemp(parent, prefix)
	if err != nil {
		return nil, fmt.Errorf("make the cluster's folder: %w", err)
	}
	cluster := &Cluster{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, cluster.Close())
		}
	}()
	if cluster.lock, err = lockFolder(dir); err != nil {
		return nil, fmt.Errorf("lock the cluster's folder: %w", err)
	}
	if err := owner.own(dir); err != nil {
		return nil, fmt.Errorf("hand the cluster's folder to the server's user: %w", err)
	}
	if err := fill(bin, dir, owner); err != nil {
		return nil, err
	}

	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir}
	for _, setting := range slices.Concat(settings, o.settings) {
		args = append(args, "-c", setting)
	}
	postgres := exec.Command(filepath.Join(bin, "postgres"), args...)
	prepare(postgres, dir, owner)
	cluster.server, err = startServer(ctx, postgres)
	if err != nil {
		return nil, err
	}
	return cluster, nil
}

// DSN returns the URL of a database in the cluster, for its superuser. It does
// not say that such a database exists; "postgres" always does.
func (c *Cluster) DSN(database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return dsn.String()
}

// Dir is the folder of the cluster and of its socket, which is the host in a
// DSN.
func (c *Cluster) Dir() string { return c.dir }

// Close stops the server at once, whoever is connected, and removes its
// folder. It returns an error with the server's last words when the server had
// already stopped by itself. Later calls return what the first one did.
func (c *Cluster) Close() error {
	c.close.Do(func() {
		var errs []error
		if c.server != nil {
			errs = append(errs, c.server.stop())
		}
		errs = append(errs, os.RemoveAll(c.dir))
		if c.lock != nil {
			errs = append(errs, c.lock.Close())
		}
		c.closeErr = errors.Join(errs...)
	})
	return c.closeErr
}

// localesUTF8 are locales in which texts sort by code point, as they do in
// SQLite, and letters are those of Unicode. Where the system has no C.UTF-8
// (macOS), the second is one.
var localesUTF8 = [][]string{{"--locale=C.UTF-8"}, {"--locale=C", "--lc-ctype=en_US.UTF-8"}}

// initdb fills dir/data.
func initdb(ctx context.Context, bin, dir string, owner *user, more []string) error {
	var errs []error
	for _, locale := range localesUTF8 {
		args := slices.Concat([]string{"--no-sync", "-A", "trust", "-E", "UTF8", "-U", superuser, "-D", filepath.Join(dir, "data")}, locale, more)
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), args...)
		prepare(cmd, dir, owner)
		output, err := cmd.CombinedOutput()
		if err == nil {
			return nil
		}
		errs = append(errs, fmt.Errorf("initdb with locale %s: %w\n%s", locale, err, output))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// basebackup fills dir/data with a copy of another cluster that goes on to
// follow it.
func basebackup(ctx context.Context, bin, dir string, owner *user, of *Cluster) error {
	program, err := beside(bin, "pg_basebackup")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "--no-sync", "--checkpoint=fast", "--write-recovery-conf",
		"-h", of.dir, "-p", port, "-U", superuser, "-D", filepath.Join(dir, "data"))
	prepare(cmd, dir, owner)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, output)
	}
	return nil
}

// prepare makes a command independent of where and by whom this process was
// started.
func prepare(cmd *exec.Cmd, dir string, owner *user) {
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	owner.run(cmd)
}

// folderFor chooses where clusters live. A temporary folder of the user's own
// may be too deep for a socket's address, and closed to the user to which root
// drops.
func folderFor(owner *user) string {
	dir := os.TempDir()
	if owner != nil || len(dir)+len("/"+prefix+"0123456789") > longestFolder {
		return "/tmp"
	}
	return dir
}

// sweep removes the folders of clusters whose process was killed before it
// could. The lock on a folder goes with its process; a young folder may not be
// locked yet.
func sweep(parent string) {
	// Errors are left alone here: what can't be swept is somebody else's.
	dirs, _ := filepath.Glob(filepath.Join(parent, prefix+"*"))
	for _, dir := range dirs {
		info, err := os.Stat(dir)
		if err != nil || time.Since(info.ModTime()) < 10*time.Minute {
			continue
		}
		lock, err := lockFolder(dir)
		if err != nil {
			continue
		}
		_ = os.RemoveAll(dir)
		_ = lock.Close()
	}
}
