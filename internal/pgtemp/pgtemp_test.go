package pgtemp_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/redthread-api/redthread/internal/pgtemp"
)

// envVictim makes the test program a process that starts a cluster and waits to be
// killed.
const envVictim = "PGTEMP_TEST_VICTIM"

func TestMain(m *testing.M) {
	if os.Getenv(envVictim) != "" {
		dsn, _, err := pgtemp.ForTests()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(dsn)
		// Nothing is ever written to it: the process is killed here.
		_, _ = io.ReadAll(os.Stdin)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func start(t *testing.T) *pgtemp.Cluster {
	t.Helper()
	cluster, err := pgtemp.Start(t.Context())
	pgtemp.SkipOrFail(t, err)
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return cluster
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	return conn
}

func show(t *testing.T, conn *pgx.Conn, query string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), query).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

func TestCluster(t *testing.T) {
	t.Parallel()
	began := time.Now()
	cluster := start(t)
	t.Logf("started in %v", time.Since(began).Round(time.Millisecond))

	conn := connect(t, cluster.DSN("postgres"))
	for query, want := range map[string]string{
		"select '1'":            "1",
		"show server_encoding":  "UTF8",
		"show listen_addresses": "",
		"show fsync":            "off",
		"show autovacuum":       "off",
		"show max_connections":  "200",
		"select ('Z' < 'a')::text || ('z' < 'é')::text": "truetrue",
	} {
		if got := show(t, conn, query); got != want {
			t.Errorf("%s: got %q, want %q", query, got, want)
		}
	}

	if _, err := conn.Exec(t.Context(), "create database other"); err != nil {
		t.Fatal(err)
	}
	other := connect(t, cluster.DSN("other"))
	if got := show(t, other, "select current_database()"); got != "other" {
		t.Errorf("got database %q, want other", got)
	}

	// Both connections are still open: Close must not wait for them.
	if err := cluster.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := os.Stat(cluster.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close the folder is there still: %v", err)
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("after Close the server answers still")
	}
}

func TestLocaleAndStandby(t *testing.T) {
	t.Parallel()
	primary, err := pgtemp.Start(t.Context(), pgtemp.WithICU("en-US"), pgtemp.WithStandbys())
	pgtemp.SkipOrFail(t, err)
	t.Cleanup(func() { _ = primary.Close() })
	standby, err := primary.Standby(t.Context())
	pgtemp.SkipOrFail(t, err)
	t.Cleanup(func() { _ = standby.Close() })
	for cluster, recovering := range map[*pgtemp.Cluster]string{primary: "false", standby: "true"} {
		conn := connect(t, cluster.DSN("postgres"))
		if got := show(t, conn, "select ('a' < 'B')::text || pg_is_in_recovery()::text"); got != "true"+recovering {
			t.Errorf("got %q, want the order of a dictionary, and that it is a standby: %s", got, recovering)
		}
	}
}

func TestOutlivesTheThreadThatCalledStart(t *testing.T) {
	t.Parallel()
	var cluster *pgtemp.Cluster
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		// Never unlocked: the thread ends with the goroutine.
		runtime.LockOSThread()
		cluster, err = pgtemp.Start(t.Context())
	}()
	<-ended
	pgtemp.SkipOrFail(t, err)

	conn := connect(t, cluster.DSN("postgres"))
	// Long enough for a signal sent at the thread's end to arrive first.
	if got := show(t, conn, "select '1' from pg_sleep(0.2)"); got != "1" {
		t.Errorf("got %q, want 1", got)
	}
	if err := cluster.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestEndsWithKilledProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends a child with its parent")
	}
	if os.Getenv(pgtemp.EnvServer) != "" {
		t.Skip("no cluster is started when a server is given")
	}
	pgtemp.SkipOrFail(t, serverMissing())

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	victim := exec.CommandContext(t.Context(), program)
	victim.Env = append(os.Environ(), envVictim+"=1")
	victim.Stderr = os.Stderr
	stdout, err := victim.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := victim.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	var dsn string
	if _, err := fmt.Fscanln(stdout, &dsn); err != nil {
		t.Fatalf("the process tells no URL: %v", err)
	}
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(config.Host); err != nil {
			t.Error(err)
		}
	})

	conn := connect(t, dsn).PgConn().Conn()
	defer conn.Close()
	if err := victim.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	// The exit status only says that it was killed.
	_ = victim.Wait()
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	// The server closes the connection when it ends.
	if _, err := io.ReadAll(conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the server outlives the process that started it")
	}
}

// serverMissing returns the error of a Start on a machine without binaries.
func serverMissing() error {
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil {
			return nil
		}
	}
	_, err := pgtemp.FindServer(pgtemp.Places)
	return err
}

func TestCloseReportsACrash(t *testing.T) {
	t.Parallel()
	cluster, err := pgtemp.Start(t.Context())
	pgtemp.SkipOrFail(t, err)
	cluster.Crash()
	if err := cluster.Close(); err == nil || !strings.Contains(err.Error(), "postgres had already ended") {
		t.Errorf("got %v, want an error that tells of the crash", err)
	}
	if _, err := os.Stat(cluster.Dir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after Close the folder is there still: %v", err)
	}
}

func TestSweep(t *testing.T) {
	t.Parallel()
	parent := t.TempDir()
	for _, name := range []string{"rtpg-abandoned", "rtpg-in-use", "rtpg-young", "else"} {
		dir := filepath.Join(parent, name)
		if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		if name == "rtpg-in-use" {
			lock, err := pgtemp.LockFolder(dir)
			if err != nil {
				t.Skip(err)
			}
			t.Cleanup(func() { _ = lock.Close() })
		}
		if old := time.Now().Add(-time.Hour); name != "rtpg-young" {
			if err := os.Chtimes(dir, old, old); err != nil {
				t.Fatal(err)
			}
		}
	}
	pgtemp.Sweep(parent)

	left, err := filepath.Glob(filepath.Join(parent, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, dir := range left {
		left[i] = filepath.Base(dir)
	}
	if want := []string{"else", "rtpg-in-use", "rtpg-young"}; !slices.Equal(left, want) {
		t.Errorf("got %q left, want %q", left, want)
	}
}

func TestFindServer(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"9.6", "10", "15", "16-without-server"} {
		dir := filepath.Join(root, name, "bin")
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		programs := []string{"initdb", "postgres"}
		if strings.HasSuffix(name, "without-server") {
			programs = []string{"initdb"}
		}
		for _, program := range programs {
			if err := os.WriteFile(filepath.Join(dir, program), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Setenv("PATH", "")

	t.Run("HighestVersion", func(t *testing.T) {
		got, err := pgtemp.FindServer([]string{filepath.Join(root, "*", "bin")})
		if want := filepath.Join(root, "15", "bin"); err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
	t.Run("PathFirst", func(t *testing.T) {
		want := filepath.Join(root, "10", "bin")
		t.Setenv("PATH", want)
		got, err := pgtemp.FindServer([]string{filepath.Join(root, "*", "bin")})
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
	t.Run("ErrNoServer", func(t *testing.T) {
		_, err := pgtemp.FindServer([]string{"/nowhere/*/bin"})
		if !errors.Is(err, pgtemp.ErrNoServer) || !strings.Contains(err.Error(), "/nowhere/*/bin") {
			t.Errorf("got %v, want ErrNoServer with the places", err)
		}
	})
}

// recorder is a testing.TB that records how the test ended.
type recorder struct {
	testing.TB
	outcome, message string
}

func (r *recorder) Helper() {}

func (r *recorder) Skipf(format string, args ...any) {
	r.end("skip", format, args...)
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.end("fail", format, args...)
}

// end records the first outcome only: the real methods do not return.
func (r *recorder) end(outcome, format string, args ...any) {
	if r.outcome == "" {
		r.outcome, r.message = outcome, fmt.Sprintf(format, args...)
	}
}

func TestSkipOrFail(t *testing.T) {
	missing := fmt.Errorf("%w: looked in the cupboard", pgtemp.ErrNoServer)
	for _, tt := range []struct {
		name, require string
		err           error
		want, says    string
	}{
		{"NoError", "1", nil, "", ""},
		{"MissingSkips", "", missing, "skip", pgtemp.EnvServer},
		{"MissingFailsWhereRequired", "1", missing, "fail", "looked in the cupboard"},
		{"OtherErrorsFail", "", errors.New("disk full"), "fail", "disk full"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv(pgtemp.EnvRequire, tt.require)
			tb := &recorder{}
			pgtemp.SkipOrFail(tb, tt.err)
			if tb.outcome != tt.want || !strings.Contains(tb.message, tt.says) {
				t.Errorf("got %q %q, want %q that says %q", tb.outcome, tb.message, tt.want, tt.says)
			}
		})
	}
}

func TestForTests(t *testing.T) {
	t.Run("UsesTheServerThatIsGiven", func(t *testing.T) {
		want := "postgres://me@db.example/app?sslmode=disable"
		t.Setenv(pgtemp.EnvServer, want)
		got, stop, err := pgtemp.ForTests()
		stop()
		if err != nil || got != want {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	})
	t.Run("KnowsTheLocale", func(t *testing.T) {
		t.Setenv(pgtemp.EnvServer, "")
		t.Setenv(pgtemp.EnvLocale, "klingon")
		_, stop, err := pgtemp.ForTests()
		stop()
		if err == nil || !strings.Contains(err.Error(), "want icu") {
			t.Errorf("got %v, want an error that says what is known", err)
		}
	})
	t.Run("KeepsThePasswordToItself", func(t *testing.T) {
		t.Setenv(pgtemp.EnvServer, "host=db password=hunter2")
		_, stop, err := pgtemp.ForTests()
		stop()
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got %v, want an error without the password", err)
		}
	})
}

func TestWithDatabase(t *testing.T) {
	t.Parallel()
	got, err := pgtemp.WithDatabase("postgres://postgres@/postgres?host=%2Ftmp%2Frtpg-1&port=5432", "a b/c")
	if err != nil {
		t.Fatal(err)
	}
	config, err := pgx.ParseConfig(got)
	if err != nil {
		t.Fatal(err)
	}
	if config.Database != "a b/c" || config.Host != "/tmp/rtpg-1" {
		t.Errorf("got database %q on %q, want \"a b/c\" on /tmp/rtpg-1", config.Database, config.Host)
	}
}
