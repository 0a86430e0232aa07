package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// starts is how often each side is started.
const starts = 5

// measureStart measures the time from the start of a process to its first response, and
// the memory after that.
func (b *bench) measureStart(ctx context.Context) error {
	i := slices.IndexFunc(b.workloads, func(w *workload) bool { return w.make == nil })
	if i < 0 {
		return nil
	}
	w := b.workloads[i]
	s := section{Title: fmt.Sprintf("Start, %d times; the files are in the cache of the system:", starts),
		Columns: []string{"", "first response, ms: median", "most", "CPU, ms: median", "memory, MB: median"}}
	for _, side := range []struct {
		name  string
		start func() (*process, error)
		ask   func(*process) []byte
	}{
		{"program", func() (*process, error) { return b.startProgram(ctx, "32MiB") }, func(p *process) []byte { return w.toProgram(p, "", w.requests[0].variables) }},
		{"baseline", func() (*process, error) { return startProcess(ctx, theBaseline, b.folder, b.dsn) }, func(p *process) []byte { return w.toBaseline(p, "", w.requests[0].variables) }},
	} {
		var took, cpu []time.Duration
		var memory []int64
		for range starts {
			p, err := side.start()
			if err != nil {
				return err
			}
			_, err = ask(ctx, p, side.ask(p))
			took = append(took, time.Since(p.began))
			used, usageErr := p.command("usage")
			cpu = append(cpu, used.CPU)
			now, _ := p.memory()
			memory = append(memory, now)
			if err := errors.Join(err, usageErr, p.stop()); err != nil {
				return err
			}
		}
		slices.Sort(took)
		slices.Sort(cpu)
		slices.Sort(memory)
		s.Rows = append(s.Rows, []string{side.name, fmt.Sprintf("%.0f", millis(took[starts/2])), fmt.Sprintf("%.0f", millis(took[starts-1])),
			fmt.Sprintf("%.0f", millis(cpu[starts/2])), fmt.Sprintf("%.0f", float64(memory[starts/2])/(1<<20))})
		b.logf("start of the %s: %s", side.name, took[starts/2].Round(time.Millisecond))
	}
	b.result.Sections = append(b.result.Sections, s)
	return nil
}
