package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/bench/load/dataset"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The test binary is the servers too, as the command is.
func TestMain(m *testing.M) {
	if kind := os.Getenv(childVariable); kind != "" {
		os.Exit(runChild(context.Background(), kind, os.Args[1:]))
	}
	storetest.Main(m)
}

// Both sides give the responses that the generator computes, to all requests of all
// workloads, or the quotients have no meaning.
func TestBothSidesReturnWhatTheGeneratorSays(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		set := dataset.New(0.01, 1)
		b := &bench{options: &options{scale: 0.01, seed: 1}, set: set, workloads: workloads(set), engine: "sqlite", folder: c.Dir, dsn: c.DeskDSN, progress: t.Output()}
		steps := []func(context.Context) error{
			func(ctx context.Context) error { return b.generate(ctx, c) },
			b.createKeys, b.startBoth, b.check,
		}
		for _, step := range steps {
			if err := step(t.Context()); err != nil {
				if b.baseline != nil {
					_ = b.stopBoth() // the error is of the step
				}
				t.Fatal(err)
			}
		}
		if err := b.stopBoth(); err != nil {
			t.Error(err)
		}
	})
}

// A run of all parts ends with a table of each.
func TestRun(t *testing.T) {
	t.Parallel()
	o, err := parseOptions([]string{"--scale", "0.01", "--workloads", "W1,W6", "--connections", "2", "--duration", turn.String(), "--data", t.TempDir(), "--cpuprofile", t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), o, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"| W1 ", "| W6 ", "| W1 | GET, zstd |", "| 32 MiB | 20 |", "| program |"} {
		if !strings.Contains(out.String(), "\n"+want) {
			t.Errorf("the output lacks a row %q:\n%s", want, out.String())
		}
	}
	// The second run finds the data set.
	o.only, o.format = "reads", "json"
	out.Reset()
	if err := run(t.Context(), o, &out, t.Output()); err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Engines) != 1 || len(r.Engines[0].Rows) != 2 || r.Engines[0].Rows[0].Ours.Requests == 0 {
		t.Errorf("got %+v, want the two workloads of one engine", r)
	}
	profiles, err := filepath.Glob(filepath.Join(o.profiles, "*.pprof"))
	if err != nil || len(profiles) != 2 {
		t.Errorf("got the profiles %v, %v; want two", profiles, err)
	}
}

func TestInvalidOptions(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--scale=0":          "--scale: want a number from 0.01 to 1000, not 0",
		"--engine=mysql":     `--engine: want sqlite, postgres or both, not "mysql"`,
		"--connections=32,x": `--connections: want numbers from 1 to 10000, not "x"`,
		"--only=writes":      `--only: want one of reads, cache, writers, start, not "writes"`,
		"--duration=1ms":     "--duration: want at least 250ms, not 1ms",
		"W1":                 `unexpected argument "W1"`,
	} {
		if _, err := parseOptions(strings.Fields(args)); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
	if _, err := selectWorkloads(dataset.New(0.01, 1), []string{"w7", "W9"}); err == nil {
		t.Error("there is a workload W9")
	}
}
