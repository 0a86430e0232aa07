package newsletter

import "time"

// SetLease sets how long leases last.
func (s *Sendings) SetLease(d time.Duration) { s.leaseFor = d }
