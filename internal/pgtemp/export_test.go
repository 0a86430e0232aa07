package pgtemp

// Inner parts that tests look at.
var (
	FindServer = findServer
	Places     = places
	Sweep      = sweep
	LockFolder = lockFolder
)

// Crash ends the server behind the cluster's back.
func (c *Cluster) Crash() {
	_ = c.server.cmd.Process.Kill()
	<-c.server.done
}
