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

	// maxFolder leaves room for "/.s.PGSQL.5432" in a socket address, which has at
	// least 104 bytes on all systems.
	maxFolder = 80
)

// settings make the cluster fast and not durable. Options may override them.
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
	// The log goes to a pipe, in English, because it is searched for readyLine.
	"logging_collector=off",
	"log_destination=stderr",
	"log_min_messages=warning",
	"lc_messages=C",
	"timezone=UTC",
	"log_timezone=UTC",
}

// Option is an option of Start.
type Option func(*options)

type options struct {
	initdb   []string
	settings []string
}

// WithICU sets an ICU locale for the cluster's databases, such as en-US, which
// orders texts like a dictionary.
func WithICU(locale string) Option {
	return func(o *options) { o.initdb = append(o.initdb, "--locale-provider=icu", "--icu-locale="+locale) }
}

// WithStandbys allows standbys of the cluster; see [Cluster.Standby].
func WithStandbys() Option {
	return func(o *options) { o.settings = append(o.settings, "wal_level=replica", "max_wal_senders=4") }
}

// WithDurableCommits makes commits wait until they are written, so that they outlive a
// crash of the server. They may not outlive one of the machine.
func WithDurableCommits() Option {
	return func(o *options) { o.settings = append(o.settings, "synchronous_commit=on") }
}

// Cluster is a running throwaway server. It is safe for concurrent use.
type Cluster struct {
	dir     string
	lock    *os.File
	command func() *exec.Cmd // of the server

	mu     sync.Mutex
	server *server

	close    sync.Once
	closeErr error
}

// Start makes a new cluster and returns when it accepts connections. The error
// wraps ErrNoServer if no server binaries are found; any other error has the
// output of initdb or postgres. ctx bounds only the start: the cluster runs until
// Close or the end of the process.
func Start(ctx context.Context, opts ...Option) (*Cluster, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	return start(ctx, o, func(bin, dir string, owner *user) error { return initdb(ctx, bin, dir, owner, o.initdb) })
}

// Standby makes a read-only cluster that follows this one, which must have been
// started with [WithStandbys].
func (c *Cluster) Standby(ctx context.Context) (*Cluster, error) {
	var o options
	WithStandbys()(&o)
	return start(ctx, o, func(bin, dir string, owner *user) error { return basebackup(ctx, bin, dir, owner, c) })
}

// start makes a folder, calls fill to create the data in it, and starts a server.
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
		return nil, fmt.Errorf("change the owner of the cluster's folder: %w", err)
	}
	if err := fill(bin, dir, owner); err != nil {
		return nil, err
	}

	args := []string{"-D", filepath.Join(dir, "data"), "-k", dir}
	for _, setting := range slices.Concat(settings, o.settings) {
		args = append(args, "-c", setting)
	}
	cluster.command = func() *exec.Cmd {
		postgres := exec.Command(filepath.Join(bin, "postgres"), args...)
		prepare(postgres, dir, owner)
		return postgres
	}
	cluster.server, err = startServer(ctx, cluster.command())
	if err != nil {
		return nil, err
	}
	return cluster, nil
}

// Stop stops the server at once, as an immediate shutdown, and keeps its data.
func (c *Cluster) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.server.stop()
	c.server = nil
	return err
}

// Restart starts the server after [Cluster.Stop], and returns when it accepts
// connections.
func (c *Cluster) Restart(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	server, err := startServer(ctx, c.command())
	if err == nil {
		c.server = server
	}
	return err
}

// DSN returns the URL of a database in the cluster, for its superuser. The
// database need not exist; "postgres" always does.
func (c *Cluster) DSN(database string) string {
	dsn := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {c.dir}, "port": {port}, "sslmode": {"disable"}}.Encode(),
	}
	return dsn.String()
}

// Dir returns the folder of the cluster and of its socket, which is the host in a
// DSN.
func (c *Cluster) Dir() string { return c.dir }

// Close stops the server at once, without waiting for its clients, and removes
// its folder. If the server had already stopped by itself, the error has the end
// of its log. Later calls return the result of the first one.
func (c *Cluster) Close() error {
	c.close.Do(func() {
		var errs []error
		c.mu.Lock()
		defer c.mu.Unlock()
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

// localesUTF8 has options for a locale in which texts sort by code point, as in
// SQLite, and letters are those of Unicode. The second is for systems without
// C.UTF-8 (macOS).
var localesUTF8 = [][]string{{"--locale=C.UTF-8"}, {"--locale=C", "--lc-ctype=en_US.UTF-8"}}

// initdb creates dir/data.
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

// basebackup creates dir/data as a copy of another cluster, to be a standby of
// it.
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

// prepare makes a command independent of this process's folder, environment and
// user.
func prepare(cmd *exec.Cmd, dir string, owner *user) {
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	owner.run(cmd)
}

// folderFor returns the parent folder of clusters: one in memory, where there is room.
// The user's own temporary folder may have too long a path for a socket address, and
// may be closed to the account that the server runs as.
func folderFor(owner *user) string {
	if dir := memoryFolder(); dir != "" {
		return dir
	}
	dir := os.TempDir()
	if owner != nil || len(dir)+len("/"+prefix+"0123456789") > maxFolder {
		return "/tmp"
	}
	return dir
}

// sweep removes the folders of clusters whose process was killed. The lock on a
// folder ends with its process. A folder of less than ten minutes is kept, because
// it may not be locked yet.
func sweep(parent string) {
	// Errors are ignored: a folder that cannot be removed belongs to another user.
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
