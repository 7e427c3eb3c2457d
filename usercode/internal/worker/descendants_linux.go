package worker

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// adoptDescendants makes this process the parent of descendants whose own parent ends, so that they can be found.
// They stay zombies until this process ends, which takes them along.
func adoptDescendants() error {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("become the reaper of user code's processes: %w", err)
	}
	adopts.Store(true)
	return nil
}

// adopts tells that every descendant has this process as its nearest living ancestor, or another descendant.
var adopts atomic.Bool

// childless tells that no process descends from this one: who adopts all, and has no child, has none. Most workers are,
// and to look through all processes of a machine takes longer than they ran.
func childless() bool {
	return adopts.Load() && errors.Is(unix.Waitid(unix.P_ALL, 0, nil, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT|unix.WALL, nil), unix.ECHILD)
}

// killDescendants ends every process that this one started, however they are grouped.
func killDescendants() {
	if childless() {
		return
	}
	self := os.Getpid()
	killTree(func(p process, inTree map[int]bool) bool {
		return p.pid != self && (p.parent == self || inTree[p.parent])
	})
}

// KillSession ends every process of the session that pid leads, and what these started, pid included. The leader
// must not have been waited for, so that no other process can have its number.
func KillSession(pid int) {
	killTree(func(p process, inTree map[int]bool) bool { return p.session == pid || inTree[p.parent] })
}

// killTree kills what is chosen until nothing is left to kill: a process that is about to start others may do so
// between a look and the kill. Processes that cannot be killed end it after a number of rounds.
func killTree(chosen func(p process, inTree map[int]bool) bool) {
	for range 10 {
		inTree := map[int]bool{}
		killed := 0
		all := processes()
		for before := -1; before != len(inTree); {
			before = len(inTree)
			for _, p := range all {
				if !inTree[p.pid] && chosen(p, inTree) {
					inTree[p.pid] = true
					if !p.dead && syscall.Kill(p.pid, syscall.SIGKILL) == nil {
						killed++
					}
				}
			}
		}
		if killed == 0 {
			return
		}
	}
}

// process is one line of the process table.
type process struct {
	pid, parent, session int
	dead                 bool // a zombie: killed already
}

func processes() []process {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended
		}
		if p, ok := parseStat(pid, stat); ok {
			all = append(all, p)
		}
	}
	return all
}

// parseStat reads "pid (name) state parent group session …"; the name may hold anything, parentheses too.
func parseStat(pid int, stat []byte) (process, bool) {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 4 {
		return process{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	session, err2 := strconv.Atoi(string(fields[3]))
	return process{pid: pid, parent: parent, session: session, dead: string(fields[0]) == "Z"}, err1 == nil && err2 == nil
}
