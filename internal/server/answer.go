package server

import "net/http"

// responseRecorder notes what a handler has answered so far.
type responseRecorder struct {
	http.ResponseWriter
	status int // 0: nothing yet
	bytes  int64
}

func (a *responseRecorder) started() bool { return a.status != 0 }

func (a *responseRecorder) WriteHeader(status int) {
	// 1xx announce an answer and are none, but for the one after which the
	// connection is no longer HTTP's.
	if a.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *responseRecorder) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what the connection can do.
func (a *responseRecorder) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush sends what there is. Handlers of event streams ask for it by type.
func (a *responseRecorder) Flush() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	// A writer that cannot flush sends its answer at the end.
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}
