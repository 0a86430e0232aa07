package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
)

// client sends requests over one connection, with minimal work: the clients share the
// machine with the servers.
type client struct {
	conn net.Conn
	in   *bufio.Reader
}

func dial(ctx context.Context, address string) (*client, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReaderSize(conn, 64<<10)}, nil
}

// close closes the connection. It does nothing on nil.
func (c *client) close() {
	if c != nil {
		_ = c.conn.Close() // everything was read from it
	}
}

// response is what is of interest in a response.
type response struct {
	status int
	length int  // of the body, as it was sent
	cached bool // it has a header Age
}

// send sends a request and reads the response. It copies the body to body, if that is not
// nil.
func (c *client) send(request []byte, body *bytes.Buffer) (response, error) {
	var r response
	if _, err := c.conn.Write(request); err != nil {
		return r, err
	}
	length, chunked := 0, false
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return r, err
		}
		if r.status == 0 {
			if len(line) < 12 {
				return r, fmt.Errorf("no status line: %q", line)
			}
			r.status = int(line[9]-'0')*100 + int(line[10]-'0')*10 + int(line[11]-'0')
			continue
		}
		if len(line) <= 2 {
			break
		}
		// net/http writes the names of headers in this form.
		switch {
		case bytes.HasPrefix(line, []byte("Content-Length: ")):
			for _, digit := range bytes.TrimSpace(line[16:]) {
				length = length*10 + int(digit-'0')
			}
		case bytes.HasPrefix(line, []byte("Transfer-Encoding: chunked")):
			chunked = true
		case bytes.HasPrefix(line, []byte("Age: ")):
			r.cached = true
		}
	}
	if !chunked {
		r.length = length
		return r, c.take(length, body)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return r, err
		}
		size, err := strconv.ParseUint(string(bytes.TrimSpace(line)), 16, 31)
		if err != nil {
			return r, errors.New("no size of a chunk")
		}
		r.length += int(size)
		if err := c.take(int(size), body); err != nil {
			return r, err
		}
		if _, err := c.in.Discard(2); err != nil || size == 0 {
			return r, err
		}
	}
}

func (c *client) take(n int, body *bytes.Buffer) error {
	if body == nil {
		_, err := c.in.Discard(n)
		return err
	}
	_, err := io.CopyN(body, c.in, int64(n))
	return err
}
