package api

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/proto/gen/penstock/worker/v1/workerv1connect"
)

// within is the deadline of these tests; what shows that it does not apply takes a few of it.
const within = 100 * time.Millisecond

// reading serves requests that are read to their end, and returns the address and what came of each.
func reading(t *testing.T, then func(r *http.Request)) (address string, ends chan error) {
	t.Helper()
	ends = make(chan error, 1)
	s := httptest.NewServer(limitBody(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, r.Body)
		if err == nil {
			then(r)
		}
		ends <- err
	}), within))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), ends
}

// begin sends the headers of a request and the start of its body, and no more.
func begin(t *testing.T, address, path, length, start string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n%s", path, length, start); err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestSlowBodyIsCut(t *testing.T) {
	address, ends := reading(t, func(*http.Request) {})
	for _, path := range []string{
		hostv1connect.RunServiceLaunchRunProcedure, "/", "/metrics",
		workerv1connect.WorkerServiceAttachProcedure, // not a stream over HTTP/1
	} {
		conn := begin(t, address, path, "Content-Length: 1000", "{")
		if err := <-ends; connect.CodeOf(err) != connect.CodeDeadlineExceeded || !strings.Contains(err.Error(), within.String()) {
			t.Errorf("%s: reading ended with %v, want the deadline", path, err)
		}
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: no answer: %v", path, err)
			continue
		}
		_ = answer.Body.Close()
	}
}

func TestReadBodyHasNoDeadline(t *testing.T) {
	lasted := errors.New("the call was cut")
	address, ends := reading(t, func(r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(3 * within):
			lasted = nil
		}
	})
	begin(t, address, hostv1connect.RunServiceWatchRunsProcedure, "Content-Length: 2", "{}")
	if err := <-ends; err != nil || lasted != nil {
		t.Errorf("a watch that lasts: %v, %v", err, lasted)
	}
}

// TestHalfReadBodyHasNoDeadline: who watches over HTTP/2 may leave its side of the stream open.
func TestHalfReadBodyHasNoDeadline(t *testing.T) {
	s := httptest.NewUnstartedServer(limitBody(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadFull(r.Body, make([]byte, 1)); err != nil {
			t.Error(err)
		}
		select {
		case <-r.Context().Done():
			t.Error("the call was cut")
		case <-time.After(3 * within):
		}
		_, _ = io.WriteString(w, "done")
	}), within))
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	upload, start := io.Pipe()
	t.Cleanup(func() { _ = start.Close() })
	go func() { _, _ = start.Write([]byte("{}")) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+hostv1connect.RunServiceWatchRunsProcedure, upload)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{Protocols: s.Config.Protocols}}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(res.Body); err != nil || string(answer) != "done" {
		t.Errorf("got %q, %v", answer, err)
	}
	_ = res.Body.Close()
	client.CloseIdleConnections()
}

func TestLargeBodyIsRefused(t *testing.T) {
	address, ends := reading(t, func(*http.Request) {})
	for _, length := range []string{
		fmt.Sprintf("Content-Length: %d", maxBody+1), // refused unread
		fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", maxBody+1, strings.Repeat("x", maxBody+1)),
	} {
		begin(t, address, hostv1connect.JobServiceGetJobProcedure, length, "")
		err := <-ends
		if connect.CodeOf(err) != connect.CodeResourceExhausted || !strings.Contains(err.Error(), fmt.Sprint(maxBody)) {
			t.Errorf("%.40s: %v, want the limit named", length, err)
		}
	}
}
