package pgtemp

// Unexported names for tests.
var (
	FindServer = findServer
	Places     = places
	Sweep      = sweep
	LockFolder = lockFolder
)

// Crash kills the server without the cluster's knowledge.
func (c *Cluster) Crash() {
	_ = c.server.cmd.Process.Kill()
	<-c.server.done
}
