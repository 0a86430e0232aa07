#!/usr/bin/env bash
# River discards a stuck job that has attempts left, where the client that leads
# does not know the job's kind.
#
# Versions: github.com/riverqueue/river v0.51.1, with the SQLite driver
#   riversqlite v0.49.0 on modernc.org/sqlite v1.61.1. The decision is taken
#   above the driver, but only SQLite is tried here.
#
# Expected: a job whose process died in the middle of it is tried again while it
#   has attempts left. So says the comment of Config.RescueStuckJobsAfter. A
#   client that has no worker for it leaves it to one that has.
#
# What happens: one client of a database is its leader, and rescues the stuck
#   jobs of all queues, also of those that it does not work on. Where it has no
#   worker for a job's kind, it sets the job to "discarded" at once, whatever
#   attempts are left. No client gets the job again, unless somebody finds it and
#   calls JobRetry; until it is cleaned up, the job's own error says that it was
#   rescued, and only the log of the leader says why it was not. Where the leader
#   knows its kind, the same job is tried again and completes.
#
#   This is known to its authors: issue 1105 of riverqueue/river. The comment of
#   another setting, Config.FetchOnlyKnownKinds, says it too; that of
#   RescueStuckJobsAfter, where one looks for what becomes of stuck jobs, does
#   not, and nothing has to be set for it to happen.
#
# Why it matters: in a rolling upgrade, older binaries run beside newer ones, and
#   an older one usually leads, as it was there first. A newer process that is
#   killed leaves jobs of kinds that are new in its release; the older one throws
#   them away. An operator should keep the time short in which both run, and look
#   for discarded jobs with attempts left after an upgrade: JobRetry puts one back.
#
# Source: internal/maintenance/job_rescuer.go, lines 339 to 344, of river v0.51.1.
#
# Needs Go 1.26 and, the first time, a network. Takes about half a minute.
# Exits with 0 while River behaves like this, else with 1, or with 2 where it
# could not be found out.
set -euo pipefail

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export GOWORK=off GOFLAGS=-mod=mod

cat >main.go <<'GO'
package main

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
	_ "modernc.org/sqlite"
)

// Report is the kind that only the newer binary knows.
type Report struct{}

func (Report) Kind() string { return "report" }

// Other is the kind that both know.
type Other struct{}

func (Other) Kind() string { return "other" }

type reports struct {
	river.WorkerDefaults[Report]
}

// Work does not end the first time: its process is killed.
func (reports) Work(ctx context.Context, job *river.Job[Report]) error {
	if job.Attempt > 1 {
		return nil
	}
	fmt.Println("working")
	<-ctx.Done()
	return ctx.Err()
}

type others struct {
	river.WorkerDefaults[Other]
}

func (others) Work(context.Context, *river.Job[Other]) error { return nil }

// soon keeps the wait before a second attempt short.
type soon struct{}

func (soon) NextRetry(*rivertype.JobRow) time.Time { return time.Now().Add(time.Second) }

type behaviour struct {
	knows bool // the kind report
	leads bool
}

func open(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(5000)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

func client(db *sql.DB, b behaviour) (*river.Client[*sql.Tx], error) {
	config := &river.Config{
		JobTimeout:             time.Second,
		RescueStuckJobsAfter:   time.Second,
		RetryPolicy:            soon{},
		LeaderElectionDisabled: !b.leads,
		Workers:                river.NewWorkers(),
		Queues:                 map[string]river.QueueConfig{"others": {MaxWorkers: 1}},
		Logger:                 slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{Level: slog.LevelError, ReplaceAttr: brief})),
	}
	river.AddWorker(config.Workers, others{})
	if b.knows {
		river.AddWorker(config.Workers, reports{})
		config.Queues["reports"] = river.QueueConfig{MaxWorkers: 1}
	}
	return river.NewClient(riversqlite.New(db), config)
}

// brief leaves the time out of what is logged.
func brief(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// newer is the newer binary: it takes the one job, and waits to be killed.
func newer(ctx context.Context, file string) error {
	db, err := open(file)
	if err != nil {
		return err
	}
	c, err := client(db, behaviour{knows: true})
	if err != nil {
		return err
	}
	if err := c.Start(ctx); err != nil {
		return err
	}
	if _, err := c.Insert(ctx, Report{}, &river.InsertOpts{Queue: "reports", MaxAttempts: 5}); err != nil {
		return err
	}
	time.Sleep(time.Minute)
	return errors.New("not killed")
}

// abandon makes a database with a job whose process was killed.
func abandon(ctx context.Context, file string) (*sql.DB, error) {
	db, err := open(file)
	if err != nil {
		return nil, err
	}
	migrator, err := rivermigrate.New(riversqlite.New(db), nil)
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	process := exec.CommandContext(ctx, self, "newer", file)
	process.Stderr = os.Stderr
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	_ = process.Process.Kill()
	_ = process.Wait()
	if err != nil || line != "working\n" {
		return nil, fmt.Errorf("the newer process said %q: %w", line, err)
	}
	return db, nil
}

// led starts a client, and waits until the job is in one of the states, or for
// as long as is said.
func led(ctx context.Context, db *sql.DB, b behaviour, wait time.Duration, states ...rivertype.JobState) (*rivertype.JobRow, error) {
	c, err := client(db, b)
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	defer func() { _ = c.StopAndCancel(context.WithoutCancel(ctx)) }()
	for end := time.Now().Add(wait); ; time.Sleep(100 * time.Millisecond) {
		job, err := c.JobGet(ctx, 1)
		if err != nil {
			return nil, err
		}
		for _, state := range states {
			if job.State == state {
				return job, nil
			}
		}
		if time.Now().After(end) {
			return job, nil
		}
	}
}

func is(job *rivertype.JobRow) string {
	return fmt.Sprintf("%s, attempt %d of %d", job.State, job.Attempt, job.MaxAttempts)
}

func run(ctx context.Context, dir string) (bool, error) {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.HasSuffix(module.Path, "/river") || strings.HasSuffix(module.Path, "/riversqlite") || module.Path == "modernc.org/sqlite" {
			fmt.Println(module.Path, module.Version)
		}
	}
	finished := []rivertype.JobState{rivertype.JobStateDiscarded, rivertype.JobStateCompleted, rivertype.JobStateCancelled}

	fmt.Println("\n1. the leader knows the kind")
	known, err := abandon(ctx, filepath.Join(dir, "known.db"))
	if err != nil {
		return false, err
	}
	defer known.Close()
	time.Sleep(2 * time.Second) // longer than RescueStuckJobsAfter
	job, err := led(ctx, known, behaviour{knows: true, leads: true}, 90*time.Second, finished...)
	if err != nil {
		return false, err
	}
	fmt.Println("the job is", is(job))
	if job.State != rivertype.JobStateCompleted {
		return false, errors.New("a job of a known kind was expected to complete: nothing can be said of others")
	}

	fmt.Println("\n2. the leader does not know the kind, nor does it work on the job's queue")
	unknown, err := abandon(ctx, filepath.Join(dir, "unknown.db"))
	if err != nil {
		return false, err
	}
	defer unknown.Close()
	time.Sleep(2 * time.Second)
	// A leader that leaves the job alone does so for two rounds of rescue.
	job, err = led(ctx, unknown, behaviour{leads: true}, 70*time.Second, append(finished, rivertype.JobStateRetryable, rivertype.JobStateAvailable)...)
	if err != nil {
		return false, err
	}
	fmt.Println("the job is", is(job))
	if job.State != rivertype.JobStateDiscarded || job.Attempt >= job.MaxAttempts {
		return false, nil
	}

	fmt.Println("\n3. then a client works that knows the kind, for five seconds")
	job, err = led(ctx, unknown, behaviour{knows: true}, 5*time.Second, rivertype.JobStateCompleted)
	if err != nil {
		return false, err
	}
	fmt.Println("the job is", is(job))
	if job.State != rivertype.JobStateDiscarded {
		return false, nil
	}

	fmt.Println("\n4. then somebody calls JobRetry")
	c, err := client(unknown, behaviour{knows: true})
	if err != nil {
		return false, err
	}
	if _, err := c.JobRetry(ctx, 1); err != nil {
		return false, err
	}
	job, err = led(ctx, unknown, behaviour{knows: true}, 30*time.Second, finished...)
	if err != nil {
		return false, err
	}
	fmt.Println("the job is", is(job))
	return job.State == rivertype.JobStateCompleted, nil
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if len(os.Args) == 3 && os.Args[1] == "newer" {
		fmt.Fprintln(os.Stderr, newer(ctx, os.Args[2]))
		os.Exit(2)
	}
	as, err := run(ctx, os.Args[1])
	switch {
	case err != nil:
		fmt.Println("\nNOT FOUND OUT:", err)
		os.Exit(2)
	case !as:
		fmt.Println("\nCHANGED: River no longer discards a stuck job with attempts left, of a kind that its leader does not know")
		os.Exit(1)
	}
	fmt.Println("\nAS STATED: the job was discarded with attempts left, and no client got it until JobRetry")
}
GO

go mod init finding.example/river-discards-unknown-kinds >log 2>&1 &&
	go get github.com/riverqueue/river@v0.51.1 \
		github.com/riverqueue/river/riverdriver/riversqlite@v0.49.0 \
		modernc.org/sqlite@v1.61.1 >>log 2>&1 &&
	go build -o finding . >>log 2>&1 || {
	cat log
	echo "NOT FOUND OUT: the program could not be built"
	exit 2
}
./finding "$dir"
