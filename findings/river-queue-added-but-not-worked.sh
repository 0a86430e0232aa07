#!/usr/bin/env bash
# River keeps a queue whose addition failed, and does not work on it.
#
# Versions: github.com/riverqueue/river v0.51.1, with the SQLite driver
#   riversqlite v0.49.0 on modernc.org/sqlite v1.61.1. The queue is registered
#   above the driver, but only SQLite is tried here.
#
# Expected: where client.Queues().Add returns an error, nothing was added, and it
#   can be called again once the database answers.
#
# What happens: Add on a client that is started registers the queue first and
#   then writes it to the database. Where that write fails, as with a database
#   that somebody else has locked for a moment, Add returns the error and leaves
#   the queue registered, with nothing that fetches its jobs. Adding it again says
#   that it is added already, though it is not worked on, then or later. Removing
#   it and adding it again helps; nothing in the documentation says that a failed
#   addition must be removed.
#
# Why it matters: a program that adds queues while it runs, and takes "added
#   already" for success when it tries again, as one would, works on nothing of
#   that queue until it is restarted, and logs nothing more. Jobs pile up as
#   "available". An operator who sees that of one queue only should look for an
#   error of adding it, and restart; a program should call Remove wherever Add
#   fails.
#
# Source: client.go, lines 3105 to 3115 and 2428, and producer.go, lines 340 to
#   356, of river v0.51.1.
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
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
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

// Task is the only kind of job.
type Task struct{}

func (Task) Kind() string { return "task" }

type tasks struct {
	river.WorkerDefaults[Task]
}

func (tasks) Work(context.Context, *river.Job[Task]) error { return nil }

func open(file string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=busy_timeout(200)")
	if err == nil {
		db.SetMaxOpenConns(1)
	}
	return db, err
}

// locked does something while somebody else writes to the database.
func locked(ctx context.Context, other *sql.DB, do func()) error {
	conn, err := other.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	for tries := 0; ; tries++ { // the client writes now and then
		if _, err = conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err == nil {
			break
		}
		if tries == 20 {
			return err
		}
	}
	do()
	_, err = conn.ExecContext(ctx, "ROLLBACK")
	return err
}

func run(ctx context.Context, dir string) (bool, error) {
	info, _ := debug.ReadBuildInfo()
	for _, module := range info.Deps {
		if strings.HasSuffix(module.Path, "/river") || strings.HasSuffix(module.Path, "/riversqlite") || module.Path == "modernc.org/sqlite" {
			fmt.Println(module.Path, module.Version)
		}
	}
	file := filepath.Join(dir, "jobs.db")
	db, err := open(file)
	if err != nil {
		return false, err
	}
	defer db.Close()
	other, err := open(file)
	if err != nil {
		return false, err
	}
	defer other.Close()

	migrator, err := rivermigrate.New(riversqlite.New(db), nil)
	if err != nil {
		return false, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return false, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, tasks{})
	client, err := river.NewClient(riversqlite.New(db), &river.Config{
		Workers: workers,
		Queues:  map[string]river.QueueConfig{"first": {MaxWorkers: 1}},
		Logger:  slog.New(slog.DiscardHandler), // Add returns what matters
	})
	if err != nil {
		return false, err
	}
	if err := client.Start(ctx); err != nil {
		return false, err
	}
	defer func() { _ = client.StopAndCancel(context.WithoutCancel(ctx)) }()

	insert := func(queue string) (int64, error) {
		for tries := 0; ; tries++ { // the other connection may write just then
			res, err := client.Insert(ctx, Task{}, &river.InsertOpts{Queue: queue})
			if err == nil {
				return res.Job.ID, nil
			}
			if tries == 5 {
				return 0, err
			}
		}
	}
	// worked waits until the job is completed, or for as long as is said.
	worked := func(id int64, wait time.Duration) (bool, error) {
		for end := time.Now().Add(wait); ; time.Sleep(50 * time.Millisecond) {
			job, err := client.JobGet(ctx, id)
			if err != nil {
				return false, err
			}
			if job.State == rivertype.JobStateCompleted || time.Now().After(end) {
				fmt.Printf("the job of the queue %s is %s\n", job.Queue, job.State)
				return job.State == rivertype.JobStateCompleted, nil
			}
		}
	}
	queue := river.QueueConfig{MaxWorkers: 1}

	fmt.Println("\n1. a queue that is added while the database answers")
	if err := client.Queues().Add("second", queue); err != nil {
		return false, err
	}
	id, err := insert("second")
	if err != nil {
		return false, err
	}
	if ok, err := worked(id, 30*time.Second); err != nil || !ok {
		return false, errors.Join(errors.New("this job was expected to complete: nothing can be said of others"), err)
	}

	fmt.Println("\n2. a queue that is added while somebody else has locked the database")
	var failed error
	if err := locked(ctx, other, func() { failed = client.Queues().Add("third", queue) }); err != nil {
		return false, err
	}
	fmt.Println("Add:", failed)
	if failed == nil {
		return false, errors.New("Add was expected to fail: the database was locked")
	}

	fmt.Println("\n3. it is added again, when the database is no longer locked")
	again := client.Queues().Add("third", queue)
	fmt.Println("Add:", again)
	if id, err = insert("third"); err != nil {
		return false, err
	}
	ok, err := worked(id, 15*time.Second)
	if err != nil {
		return false, err
	}
	if ok || !errors.Is(again, &river.QueueAlreadyAddedError{}) {
		return false, nil
	}
	control, err := insert("second")
	if err != nil {
		return false, err
	}
	if ok, err := worked(control, 30*time.Second); err != nil || !ok {
		return false, errors.Join(errors.New("the client works on no queue: nothing can be said of this one"), err)
	}

	fmt.Println("\n4. it is removed, and added once more")
	fmt.Println("Remove:", client.Queues().Remove(ctx, "third"))
	fmt.Println("Add:", client.Queues().Add("third", queue))
	return worked(id, 30*time.Second)
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	as, err := run(ctx, os.Args[1])
	switch {
	case err != nil:
		fmt.Println("\nNOT FOUND OUT:", err)
		os.Exit(2)
	case !as:
		fmt.Println("\nCHANGED: River no longer keeps a queue whose addition failed, or works on it, or does not after Remove and Add")
		os.Exit(1)
	}
	fmt.Println("\nAS STATED: the queue whose addition failed counted as added, and was not worked on until it was removed and added again")
}
GO

go mod init finding.example/river-queue-added-but-not-worked >log 2>&1 &&
	go get github.com/riverqueue/river@v0.51.1 \
		github.com/riverqueue/river/riverdriver/riversqlite@v0.49.0 \
		modernc.org/sqlite@v1.61.1 >>log 2>&1 &&
	go build -o finding . >>log 2>&1 || {
	cat log
	echo "NOT FOUND OUT: the program could not be built"
	exit 2
}
./finding "$dir"
