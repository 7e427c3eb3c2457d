package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// hostMemory starts a host on the store, looks at pages and counts as people do, and says what memory it takes.
func (b *bench) hostMemory(at string) (err error) {
	if b.penstock == "" {
		return nil
	}
	if err := b.close(); err != nil {
		return err
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	host := exec.CommandContext(b.ctx, b.penstock, "serve", "--data", b.data, "--listen", address)
	host.Cancel = func() error { return host.Process.Signal(syscall.SIGTERM) }
	host.WaitDelay = 20 * time.Second
	host.Stderr = os.Stderr
	if err := host.Start(); err != nil {
		return err
	}
	began := time.Now()
	own, all, err := b.lookAround(address, host.Process.Pid)
	started := time.Since(began)
	err = first(err, host.Process.Signal(syscall.SIGTERM))
	if ended := host.Wait(); err == nil {
		err = ended
	}
	if err != nil {
		return err
	}
	b.line("Host/runs="+at, 1, figure{own, "own-MB"}, figure{all, "rss-MB"}, figure{started.Seconds(), "s"})
	return b.open()
}

// lookAround uses a host for a moment and returns its memory.
func (b *bench) lookAround(address string, pid int) (own, all float64, err error) {
	caller := connect.NewClient(connecthttp.NewTransport(&http.Client{Timeout: 30 * time.Second}, "http://"+address))
	runs := hostv1connect.NewRunServiceClient(caller)
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err = runs.ListRuns(b.ctx, &hostv1.ListRunsRequest{}); err == nil {
			break
		}
		if b.ctx.Err() != nil || time.Now().After(deadline) {
			return 0, 0, errors.Join(errors.New("the host does not answer"), err)
		}
		select {
		case <-b.ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	for i := range 200 {
		where := fmt.Sprintf("team=team_%02d and region=eu", i%teams)
		if _, err := runs.ListRuns(b.ctx, &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Where: where}}); err != nil {
			return 0, 0, err
		}
	}
	return memory(pid)
}

// freeAddress is one that nobody listened at a moment ago.
func freeAddress() (string, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
