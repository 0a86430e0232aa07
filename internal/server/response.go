package server

import "net/http"

// responseRecorder is a ResponseWriter that records the status and the size.
type responseRecorder struct {
	http.ResponseWriter
	status int // 0: nothing was written yet
	bytes  int64
}

func (w *responseRecorder) started() bool { return w.status != 0 }

func (w *responseRecorder) WriteHeader(status int) {
	// 1xx are not the final status, except 101, after which the connection is
	// no longer HTTP.
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *responseRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach what the connection can do.
func (w *responseRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher, for handlers that use it by type assertion.
func (w *responseRecorder) Flush() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	// A writer that cannot flush sends the response at the end.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}
