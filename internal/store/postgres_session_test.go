package store_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestLocalesOfPostgres(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ options, refused string }{
		"ICU":                {storetest.ICU, ""},
		"ICUWithCtypeC":      {storetest.ICU + " LC_COLLATE 'C' LC_CTYPE 'C'", "the encoding UTF8 and LC_CTYPE C"},
		"C":                  {"ENCODING UTF8 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc", "the encoding UTF8 and LC_CTYPE C"},
		"POSIX":              {"ENCODING UTF8 LC_COLLATE 'POSIX' LC_CTYPE 'POSIX' LOCALE_PROVIDER libc", "LC_CTYPE"},
		"Latin1":             {"ENCODING LATIN1 LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc", "the encoding LATIN1"},
		"ASCII":              {"ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc", "the encoding SQL_ASCII"},
		"OrderCAndCtypeUTF8": {"ENCODING UTF8 LC_COLLATE 'C' LOCALE_PROVIDER libc", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), storetest.PostgresDatabase(t, row.options))
			if err == nil {
				defer s.Close()
			}
			if row.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil {
				t.Fatal("it was opened")
			}
			for _, want := range []string{row.refused, "createdb --template=template0 --encoding=UTF8 --locale=C.UTF-8"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
}

// Settings of the role or the database do not override those of the stores.
func TestSessionSettings(t *testing.T) {
	t.Parallel()
	c := storetest.PostgresConfig(t)
	admin, err := store.OpenPostgres(t.Context(), c.DeskDSN, "")
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	var database string
	if err := admin.QueryRowContext(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"search_path = public", "timezone = 'Asia/Tokyo'", "client_encoding = 'LATIN1'", "standard_conforming_strings = off"} {
		if _, err := admin.ExecContext(t.Context(), "ALTER DATABASE "+database+" SET "+setting); err != nil {
			t.Fatal(err)
		}
	}
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for side, want := range map[string]string{"desk": "desk", "live": "live"} {
		var got string
		if err := store.WriteDB(s, side).QueryRowContext(t.Context(), `SELECT concat_ws(' ', current_setting('search_path'),
			current_setting('timezone'), current_setting('client_encoding'), current_setting('standard_conforming_strings'))`).Scan(&got); err != nil {
			t.Fatal(err)
		}
		if want += " UTC UTF8 on"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	publishTags(t, s, "中国")
	ctx := domain.WithViewer(t.Context(), domain.Anonymous())
	if got := slugs(t, ctx, s); len(got) != 1 || got[0] != "中国" {
		t.Errorf("got %q", got)
	}
}

// publishTags writes tags into live, as the projector would.
func publishTags(t *testing.T, s *store.Stores, names ...string) {
	t.Helper()
	if err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, name := range names {
			tag(t, tx, name, domain.Clear)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// closedPort returns a local port on which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// hosts returns a DSN of several servers: a port on which nothing listens, and
// then clusters.
func hosts(t *testing.T, options string, clusters ...*storetest.Cluster) string {
	t.Helper()
	names, ports := []string{"127.0.0.1"}, []string{closedPort(t)}
	for _, c := range clusters {
		names, ports = append(names, c.Dir()), append(ports, "5432")
	}
	return "postgres://postgres@/postgres?sslmode=disable&connect_timeout=20&host=" + strings.Join(names, ",") +
		"&port=" + strings.Join(ports, ",") + "&" + options
}

func TestSeveralServers(t *testing.T) {
	t.Parallel()
	primary, standby := storetest.StartStandby(t)
	recovering := func(s *store.Stores) string {
		var desk, live bool
		for _, err := range []error{
			store.WriteDB(s, "desk").QueryRowContext(t.Context(), "SELECT pg_is_in_recovery()").Scan(&desk),
			store.LiveReadDB(s).QueryRowContext(t.Context(), "SELECT pg_is_in_recovery()").Scan(&live),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		return map[bool]string{false: "primary ", true: "standby "}[desk] + map[bool]string{false: "primary", true: "standby"}[live]
	}
	readWrite := hosts(t, "target_session_attrs=read-write", standby, primary)
	first, err := store.Open(t.Context(), store.Config{DeskDSN: readWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := first.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.CatchUp(t, primary, standby)
	for name, row := range map[string]struct{ live, want string }{
		"ReadWrite":            {"", "primary primary"},
		"Primary":              {hosts(t, "target_session_attrs=primary", standby, primary), "primary primary"},
		"Standby":              {hosts(t, "target_session_attrs=standby", primary, standby), "primary standby"},
		"PreferStandby":        {hosts(t, "target_session_attrs=prefer-standby", primary, standby), "primary standby"},
		"PreferMissingStandby": {hosts(t, "target_session_attrs=prefer-standby", primary), "primary primary"},
		"ReadOnly":             {hosts(t, "target_session_attrs=read-only", primary, standby), "primary standby"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(t.Context(), store.Config{DeskDSN: readWrite, LiveDSN: row.live})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got := recovering(s); got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
			db := store.LiveReadDB(s)
			if _, err := db.ExecContext(t.Context(), "DELETE FROM tags"); err == nil {
				t.Error("a live connection deleted rows")
			}
			if _, err := db.ExecContext(t.Context(), "SELECT 1 FROM desk.revisions"); err == nil {
				t.Error("a live connection read the desk schema")
			}
		})
	}
}
