package main

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// readyResponses are responses that the bench gives to the baseline, which it then serves
// as they are: the lowest possible cost of these responses with net/http.
type readyResponses struct {
	mu  sync.RWMutex
	all map[string]*readyResponse
}

type readyResponse struct {
	status int
	header []readyHeader
	body   []byte
}

type readyHeader struct {
	name   string
	values []string
}

// readyPrefix begins the names of the headers that are for the response.
const readyPrefix = "X-Ready-"

func (rr *readyResponses) put(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	response := &readyResponse{status: http.StatusOK, body: body}
	for name, values := range r.Header {
		if len(name) <= len(readyPrefix) || name[:len(readyPrefix)] != readyPrefix {
			continue
		}
		name = name[len(readyPrefix):]
		if name == "Status" {
			response.status, _ = strconv.Atoi(values[0]) // the bench sends a number
			continue
		}
		response.header = append(response.header, readyHeader{name, values})
	}
	rr.mu.Lock()
	defer rr.mu.Unlock()
	if rr.all == nil {
		rr.all = map[string]*readyResponse{}
	}
	rr.all[r.PathValue("n")] = response
}

func (rr *readyResponses) serve(w http.ResponseWriter, r *http.Request) {
	rr.mu.RLock()
	response := rr.all[r.PathValue("n")]
	rr.mu.RUnlock()
	if response == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	for _, header := range response.header {
		h[header.name] = header.values
	}
	w.WriteHeader(response.status)
	if response.status == http.StatusOK {
		_, _ = w.Write(response.body) // the client has gone
	}
}
