package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if kind := os.Getenv(childVariable); kind != "" {
		os.Exit(runChild(ctx, kind, os.Args[1:]))
	}
	o, err := parseOptions(os.Args[1:])
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

// options are the command line.
type options struct {
	scale       float64
	smallDesk   bool
	seed        uint64
	engine      string
	dsn         string
	data        string
	workloads   []string
	connections []int
	duration    time.Duration
	format      string
	profiles    string
	only        string
	readRate    int
	accessLog   bool
	serverFlags []string
}

// The parts of a run.
var parts = []string{"reads", "cache", "writers", "start"}

func parseOptions(args []string) (*options, error) {
	o := &options{}
	f := pflag.NewFlagSet("load", pflag.ContinueOnError)
	f.SortFlags = false
	f.Float64Var(&o.scale, "scale", 1, "`size` of the data set: 1 has 10,000 reports")
	f.BoolVar(&o.smallDesk, "small-desk", false, "write no documents to the desk, only to live; for reads without W6")
	f.Uint64Var(&o.seed, "seed", 1, "`seed` of the data set")
	f.StringVar(&o.engine, "engine", "sqlite", "`engine`: sqlite, postgres or both")
	f.StringVar(&o.dsn, "dsn", "", "`URL` of an empty PostgreSQL database, or of one with the data set (default: a server of its own, in memory)")
	f.StringVar(&o.data, "data", filepath.Join(os.TempDir(), "redthread-load"), "`folder` of the data sets, which later runs use again")
	f.StringSliceVar(&o.workloads, "workloads", nil, "`names` of workloads, such as W1,W2 (default all)")
	connections := f.StringSlice("connections", []string{"32"}, "`numbers` of concurrent connections, such as 32,256")
	f.DurationVar(&o.duration, "duration", 5*time.Second, "`time` for each workload and side")
	f.StringVar(&o.format, "format", "table", "`form` of the output: table or json")
	f.StringVar(&o.profiles, "cpuprofile", "", "`folder` for a CPU profile of the program for each workload")
	f.StringVar(&o.only, "only", "", "`part` of the run: "+strings.Join(parts, ", ")+" (default all)")
	f.IntVar(&o.readRate, "read-rate", 100, "reads a second in the part writers: a `number` that the machine can serve without the cache, with room to spare")
	f.BoolVar(&o.accessLog, "access-log", false, "let the program write its access log, to standard error")
	f.StringArrayVar(&o.serverFlags, "server-flag", nil, "`flag` for redthread serve, such as --server-flag=--cache-max-age=30s; repeatable")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	for _, text := range *connections {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 10_000 {
			return nil, fmt.Errorf("--connections: want numbers from 1 to 10000, not %q", text)
		}
		o.connections = append(o.connections, n)
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case o.scale < 0.01 || o.scale > 1000:
		return nil, fmt.Errorf("--scale: want a number from 0.01 to 1000, not %g", o.scale)
	case !slices.Contains([]string{"sqlite", "postgres", "both"}, o.engine):
		return nil, fmt.Errorf("--engine: want sqlite, postgres or both, not %q", o.engine)
	case !slices.Contains([]string{"table", "json"}, o.format):
		return nil, fmt.Errorf("--format: want table or json, not %q", o.format)
	case o.only != "" && !slices.Contains(parts, o.only):
		return nil, fmt.Errorf("--only: want one of %s, not %q", strings.Join(parts, ", "), o.only)
	case o.readRate < 1 || o.readRate > 100_000:
		return nil, fmt.Errorf("--read-rate: want a number from 1 to 100000, not %d", o.readRate)
	case o.smallDesk && o.only != "reads" && o.only != "start":
		return nil, errors.New("--small-desk: want --only reads or --only start, since nothing else can be done without documents on the desk")
	case o.duration < turn:
		return nil, fmt.Errorf("--duration: want at least %s, not %s", turn, o.duration)
	}
	return o, nil
}

// engines returns the engines of a run.
func (o *options) engines() []string {
	if o.engine == "both" {
		return []string{"sqlite", "postgres"}
	}
	return []string{o.engine}
}

// does reports whether a part is to be run.
func (o *options) does(part string) bool { return o.only == "" || o.only == part }
