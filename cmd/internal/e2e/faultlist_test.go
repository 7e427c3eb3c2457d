package e2e

import (
	"fmt"
	"syscall"
	"time"
)

// fault is something that happens to the world. It answers what it did, for people; empty when there was nothing to do it to.
type fault func(*faultWorld) string

var faults = []fault{
	func(f *faultWorld) string { f.server.kill(); f.pause(time.Second); f.startHost(); return "host killed" },
	func(f *faultWorld) string {
		for range 1 + f.random.IntN(3) {
			f.server.kill()
			f.runHost()
			f.pause(300 * time.Millisecond)
		}
		f.server.kill()
		f.startHost()
		return "host killed while it starts"
	},
	func(f *faultWorld) string {
		if code := f.server.stop(); code != 0 {
			f.t.Errorf("the host was asked to stop and ended with %d", code)
		}
		f.startHost()
		return "host stopped"
	},
	func(f *faultWorld) string {
		if !f.mayEnd("user code") {
			return ""
		}
		f.code.kill()
		f.pause(time.Second)
		f.startCode()
		return "user code killed"
	},
	func(f *faultWorld) string {
		if !f.mayEnd("user code") {
			return ""
		}
		f.code.stop()
		f.startCode()
		return "user code stopped"
	},
	func(f *faultWorld) string {
		pid, r := f.worker()
		if pid == 0 || !f.mayEnd("worker") {
			return ""
		}
		f.killWorker(pid, r)
		return "worker killed"
	},
	func(f *faultWorld) string {
		pid, _ := f.worker()
		if pid == 0 {
			return ""
		}
		return f.still("worker", pid)
	},
	func(f *faultWorld) string { return f.still("host", f.server.cmd.Process.Pid) },
	func(f *faultWorld) string { return f.still("user code", f.code.cmd.Process.Pid) },
	func(f *faultWorld) string { f.toHost.cut(); return "connections of workers cut" },
	func(f *faultWorld) string { f.toCode.cut(); return "connections of the host cut" },
	func(f *faultWorld) string {
		f.toHost.freeze()
		f.pause(2 * time.Second)
		if f.random.IntN(2) == 0 {
			f.toHost.cut()
		}
		f.toHost.thaw()
		return "connections of workers frozen"
	},
	func(f *faultWorld) string {
		f.toCode.freeze()
		f.pause(2 * time.Second)
		f.toCode.thaw()
		return "connections of the host frozen"
	},
}

// still lets a process stand still for a while.
func (f *faultWorld) still(what string, pid int) string {
	f.stand(pid)
	f.pause(2 * time.Second)
	f.thaw()
	return what + " stood still"
}

// mayEnd keeps a round of the short form from ending both workers and the user-code server that could tell that they are
// gone: then it takes 60 seconds of silence until that is known.
func (f *faultWorld) mayEnd(what string) bool {
	if f.short && f.ends == "" {
		f.ends = what
	}
	return !f.short || f.ends == what
}

// killWorker ends a worker. How its run ends is open from then on.
func (f *faultWorld) killWorker(pid int, r *faultRun) {
	r.killed = true
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// faults lets so many happen, with some time between.
func (f *faultWorld) faults(n int) {
	f.t.Helper()
	for range n {
		f.pause(300 * time.Millisecond)
		for _, r := range f.live() {
			if r.cancels && f.random.IntN(2) == 0 {
				_ = f.ask("RunService/CancelRun", map[string]any{"id": r.id, "force": f.random.IntN(4) == 0}, nil) // it may have ended
			}
		}
		if live := f.live(); len(live) > 0 {
			f.look(live[f.random.IntN(len(live))])
		}
		f.happened(faults[f.random.IntN(len(faults))](f))
	}
}

func (f *faultWorld) happened(what string) {
	if what != "" {
		f.did = append(f.did, what)
	}
}

// cutStarts cuts connections again and again while workers are started.
func (f *faultWorld) cutStarts() {
	f.t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	most := time.Duration(2+f.random.IntN(60)) * time.Millisecond
	both := f.random.IntN(2) == 0
	go func() {
		defer close(ended)
		tick := time.NewTicker(most)
		defer tick.Stop()
		for {
			f.toCode.cut()
			if both {
				f.toHost.cut()
			}
			select {
			case <-tick.C:
			case <-end:
				return
			}
		}
	}()
	for range 5 + f.random.IntN(4) {
		r := f.someRun()
		r.lines = 5
		f.launchFaulty(r)
	}
	f.pause(1500 * time.Millisecond)
	close(end)
	<-ended
	f.happened(fmt.Sprintf("connections cut every %s while workers were started", most))
}

// killRetried kills the worker of a run that is to be retried, while its user code runs.
func (f *faultWorld) killRetried() {
	f.t.Helper()
	r := f.someRun()
	r.retried, r.cancels = true, false
	r.lines, r.pause = 100, 30*time.Millisecond // it is still there when it is killed
	f.launchFaulty(r)
	if pid := f.awaitWorker(r); pid != 0 {
		f.pause(300 * time.Millisecond)
		if isWorker(pid) && f.mayEnd("worker") {
			f.killWorker(pid, r)
			f.happened("worker of a run with retries killed")
		}
	}
}
