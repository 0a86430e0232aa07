package bench_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/delivery"
)

// cpuTimeOf returns the CPU time of this process.
func cpuTimeOf(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkIdleWebhooks measures the CPU time of webhooks without changes.
func BenchmarkIdleWebhooks(b *testing.B) {
	for _, webhooks := range []int{0, 5, delivery.MaxWebhooks} {
		b.Run(fmt.Sprint(webhooks), func(b *testing.B) {
			newWebhookSite(b, webhooks)
			b.ResetTimer()
			began, at := cpuTimeOf(b), time.Now()
			for range b.N {
				time.Sleep(5 * time.Second) // it is idleness that is measured
			}
			b.ReportMetric(100*(cpuTimeOf(b)-began).Seconds()/time.Since(at).Seconds(), "cpu-%")
		})
	}
}
