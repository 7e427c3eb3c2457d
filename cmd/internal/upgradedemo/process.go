package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is a server of the demo.
type process struct {
	name string
	cmd  *exec.Cmd
	out  *tail
	done chan struct{}
}

// start starts a server. stopAll ends it.
func (d *demo) start(ctx context.Context, name, binary string, args ...string) (*process, error) {
	// Its end is stopAll's: what drains has to go on when the demo is interrupted.
	p := &process{name: name, cmd: exec.CommandContext(context.WithoutCancel(ctx), binary, args...), out: &tail{}, done: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.Dir = p.out, p.out, d.dir
	p.cmd.Env = append(os.Environ(), "PENSTOCK_OUTPUTS="+filepath.Join(d.dir, "outputs")) // not those of who runs it
	// Ctrl-C is for the demo alone, which ends the others in order.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is in its state
	}()
	d.processes = append(d.processes, p)
	return p, nil
}

// kill ends it as kill -9 does.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
}

// terminate asks it to end and does not wait.
func (p *process) terminate() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("ask %s to end: %w", p.name, err)
	}
	return nil
}

// ended waits until it has ended by itself.
func (p *process) ended(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not end", p.name)
	}
}

// running says whether it has not ended.
func (p *process) running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (d *demo) stopAll() {
	if d.watch != nil {
		d.watch.stop()
	}
	for _, p := range d.processes {
		p.kill()
	}
	if d.balancer != nil {
		d.balancer.Stop()
	}
}

// lastWords is the end of what every process wrote, for who has to find out why.
func (d *demo) lastWords() string {
	var b strings.Builder
	for _, p := range d.processes {
		fmt.Fprintf(&b, "\n--- %s (running: %t)\n%s", p.name, p.running(), p.out)
	}
	return b.String()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	data bytes.Buffer
}

const maxTail = 16 << 10

// Write implements io.Writer.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data.Write(p)
	if over := t.data.Len() - maxTail; over > 0 {
		t.data.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.data.String()
}

// freeAddress is an address of this machine on which nobody listens now.
func freeAddress(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// accepts waits until something listens at the address.
func accepts(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("nothing listens on %s: %w", address, err)
		}
	}
}
