package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/penstock-run/penstock/cmd/penstock/internal/child"
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/web"
	"github.com/penstock-run/penstock/host/workspace"
)

const (
	// devGrace is how long runs have to end when penstock dev stops.
	devGrace = 5 * time.Second
	// devCeiling is how long it waits for them; by then the host has had those killed that did not.
	devCeiling = devGrace + 8*time.Second
	// killCeiling is how long it takes at most to have workers killed.
	killCeiling = 3 * time.Second
	// longStart is when people begin to wonder why their code does not answer yet.
	longStart = 10 * time.Second
	// uiPatience is how long the address of the UI is held back for the code to be there.
	uiPatience = 5 * time.Second
)

// dev is a host and one user-code server, together.
type dev struct {
	name, address string
	host          *hostProcess
	code          *child.Child
	out, err      io.Writer
}

// run lasts until ctx ends, or until host or code fail; everything is stopped then. signals are those that ended ctx and
// those that come after it, of which the first kills what is left.
func (d *dev) run(ctx context.Context, signals <-chan os.Signal) error {
	var group sync.WaitGroup
	defer group.Wait()
	over, end := context.WithCancel(context.WithoutCancel(ctx)) // everything, the stopping too
	defer end()
	changes := d.host.Workspace().Watch()
	defer changes.Close()

	err := d.code.Start(over)
	if err == nil {
		ready := make(chan struct{})
		telling, quiet := context.WithCancel(ctx)
		defer quiet()
		group.Go(func() { d.tell(telling, changes, ready) })
		group.Go(func() { d.invite(telling, ready) })
		err = d.wait(ctx)
		quiet()
	}
	forced, force := context.WithCancel(over)
	group.Go(func() { waitForSecond(ctx, forced, signals, force) })
	if stopErr := d.stop(over, forced, err); err == nil {
		err = stopErr
	}
	force()
	return err
}

// waitForSecond calls force at the first signal that is not the one that ended ctx.
func waitForSecond(ctx, done context.Context, signals <-chan os.Signal, force func()) {
	seen := 0
	if ctx.Err() == nil {
		seen = 1 // not a signal was what ended it, so the first one counts
	}
	for {
		select {
		case <-done.Done():
			return
		case <-signals:
			if seen++; seen > 1 {
				force()
				return
			}
		}
	}
}

// wait returns nil when ctx ends, or why there is no point in going on.
func (d *dev) wait(ctx context.Context) error {
	waiting, stop := context.WithCancel(ctx)
	defer stop()
	hostEnded := make(chan error, 1)
	go func() { hostEnded <- d.host.Wait(waiting) }()
	select {
	case err := <-hostEnded:
		return err
	case err := <-d.code.Failed():
		stop()
		if hostErr := <-hostEnded; hostErr != nil {
			return hostErr
		}
		return fmt.Errorf("%w\nIs it a Penstock user-code server, whose main function calls usercode.Main?", err)
	}
}

// tell says how the code location is, each time that this changes. ready is closed when it is there for the first time.
func (d *dev) tell(ctx context.Context, changes *workspace.Subscription, ready chan<- struct{}) {
	slow := time.NewTimer(longStart)
	defer slow.Stop()
	said := false
	var told workspace.Location // the state and the load that were told last
	for ctx.Err() == nil {
		l, err := d.host.Workspace().Location(d.name)
		if err != nil {
			return // it was configured, so it is there
		}
		text, news := "", l.State != told.State || !l.LoadedAt.Equal(told.LoadedAt) || faultText(&l) != faultText(&told)
		told = l
		switch l.State {
		case host.LocationReady:
			text = fmt.Sprintf("%s is ready: %s", d.name, counted(l.Jobs(), "job"))
			d.code.Useful()
			if ready != nil {
				close(ready)
				ready = nil
			}
		case host.LocationError, host.LocationIncompatible:
			text = d.complaint(&l)
		case host.LocationLoading, host.LocationStale, host.LocationUnavailable:
		}
		if text != "" && news {
			fmt.Fprintln(d.err, text)
		}
		select {
		case <-ctx.Done():
		case <-changes.Ready():
			changes.Take()
		case <-slow.C:
			if ready != nil && !said {
				said = true
				fmt.Fprintf(d.err, "%s runs, but does not answer at %s yet. A command that builds first takes its time; if this lasts, see what it prints.\n", d.name, d.address)
			}
		}
	}
}

func faultText(l *workspace.Location) string {
	if l.Fault == nil {
		return ""
	}
	return l.Fault.Message
}

func (d *dev) complaint(l *workspace.Location) string {
	f := &failure{message: fmt.Sprintf("code location %s is %s", d.name, l.State)}
	if l.Fault != nil {
		f.message += ": " + l.Fault.Message
		f.remedy = l.Fault.Remedy
	}
	return f.Error()
}

// invite prints the address of the UI when there is something to see, or when that takes long.
func (d *dev) invite(ctx context.Context, ready <-chan struct{}) {
	select {
	case <-ctx.Done():
		return
	case <-ready:
	case <-time.After(uiPatience):
	}
	fmt.Fprintf(d.out, "Penstock UI: %s\n", browserURL(d.host.Addr()))
	if !web.Built() {
		fmt.Fprintln(d.err, "The web UI is not in this binary (make build puts it in); the API and the command line work.")
	}
}

// browserURL is what a person on this machine opens.
func browserURL(bound net.Addr) string {
	name, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return "http://" + bound.String()
	}
	if ip := net.ParseIP(name); ip != nil && ip.IsUnspecified() {
		name = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(name, port)
}

// stop ends the runs, the code and the host, in this order: the code is what can kill a worker that does not listen.
func (d *dev) stop(ctx, forced context.Context, because error) error {
	if because == nil {
		fmt.Fprintf(d.err, "\nStopping: runs are canceled and have %s to end. Ctrl-C again kills what is left.\n", devGrace)
	}
	graceful, done := context.WithTimeout(forced, devCeiling)
	defer done()
	if err := d.host.Queue().CancelAll(graceful, "penstock dev was stopped", devGrace); err != nil {
		d.killWorkers(ctx)
		if forced.Err() != nil {
			d.code.Kill()
		}
	}
	unhurried := context.AfterFunc(forced, d.code.Kill)
	defer unhurried()
	d.code.Stop()
	return d.host.Stop()
}

// killWorkers ends what CancelAll could not, at once: over the worker's own stream, and through its code server.
func (d *dev) killWorkers(ctx context.Context) {
	ctx, done := context.WithTimeout(ctx, killCeiling)
	defer done()
	runs, err := d.host.store.OpenRuns(ctx)
	if _, err = host.DamageIn(err); err != nil {
		fmt.Fprintf(d.err, "find the runs that are left: %s\n", inert(err.Error()))
		return
	}
	for i := range runs {
		r := &runs[i]
		fmt.Fprintf(d.err, "Killing run %s.\n", r.ID)
		if _, err := d.host.Queue().Cancel(ctx, host.Request{}, r.ID, "penstock dev was stopped at once", 0, true); err != nil && host.CodeOf(err) != host.Conflict {
			fmt.Fprintf(d.err, "kill run %s: %s\n", r.ID, inert(err.Error()))
		}
		if r.Attempt == 0 {
			continue
		}
		if _, err := d.host.launcher.Cancel(ctx, r.Job.Location, r.ID, r.Attempt, 0, true); err != nil {
			fmt.Fprintf(d.err, "kill the worker of run %s: %s\n", r.ID, inert(err.Error()))
		}
	}
}
