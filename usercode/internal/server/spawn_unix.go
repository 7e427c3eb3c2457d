//go:build unix

package server

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// writeInstructions is how long a new process may take to read its instructions.
const writeInstructions = 10 * time.Second

// spawn starts this binary again as a worker, in a session of its own, so that it outlives this process and is not
// reached by what a terminal sends to it. Its output goes to a file without a name, which goes away with who has it
// open.
func spawn(a worker.Assignment) (pid int, _ *lastWords, err error) {
	program, name, err := self()
	if err != nil {
		return 0, nil, err
	}
	output, err := os.CreateTemp("", "penstock-worker-")
	if err != nil {
		return 0, nil, fmt.Errorf("make a file for its output: %w", err)
	}
	words := &lastWords{output: output} // no result by name: a return of nil would leave nothing to close
	defer func() {
		if err != nil {
			words.close()
		}
	}()
	if err := os.Remove(output.Name()); err != nil {
		return 0, nil, fmt.Errorf("make a file for its output: %w", err)
	}
	if _, err := output.Seek(worker.OutputHeader, io.SeekStart); err != nil {
		return 0, nil, fmt.Errorf("make a file for its output: %w", err)
	}
	stderr, inherited, err := worker.NewStderrPipe()
	if err != nil {
		return 0, nil, err
	}
	words.stderr, a.StderrPipe = stderr, true
	defer func() { _ = inherited[1].Close() }() // the worker has it
	read, write, err := os.Pipe()
	if err != nil {
		return 0, nil, fmt.Errorf("make a pipe for its instructions: %w", err)
	}
	cmd := &exec.Cmd{
		Path: program, Args: []string{name, worker.Argument},
		Stdout: output, Stderr: output,
		ExtraFiles:  append([]*os.File{read}, inherited[:]...), // the first becomes worker.InstructionsFD
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
	cmd.Env = withoutToken(cmd.Environ())
	err = cmd.Start()
	_ = read.Close()
	if err != nil {
		return 0, nil, errors.Join(err, write.Close())
	}
	pid = cmd.Process.Pid
	// From here on the table knows the process by its number, and is the only one who waits for it.
	err = errors.Join(cmd.Process.Release(), write.SetWriteDeadline(time.Now().Add(writeInstructions))) //nolint:forbidigo // a deadline of the system's
	if err == nil {
		err = a.Write(write)
	}
	if err = errors.Join(err, write.Close()); err != nil {
		worker.KillSession(pid)
		collect(pid)
		return 0, nil, fmt.Errorf("hand over its instructions: %w", err)
	}
	return pid, words, nil
}

// self is what to execute, and how to call it in listings of processes. The path of the binary may have been
// replaced by a newer build, which must not run as this code.
func self() (program, name string, err error) {
	path, err := os.Executable()
	if err != nil {
		return "", "", fmt.Errorf("find this binary: %w", err)
	}
	if runtime.GOOS == "linux" {
		program = "/proc/self/exe"
	} else {
		program = path
	}
	return program, filepath.Base(path), nil
}

// withoutToken keeps the server's own secret from user code.
func withoutToken(environment []string) []string {
	kept := environment[:0]
	for _, variable := range environment {
		if !strings.HasPrefix(variable, "PENSTOCK_TOKEN=") {
			kept = append(kept, variable)
		}
	}
	return kept
}

func terminate(pid int) { _ = syscall.Kill(pid, syscall.SIGTERM) }

// childSignals tells when a child may have ended, until stop is called.
func childSignals() (ended <-chan os.Signal, stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGCHLD)
	return signals, func() { signal.Stop(signals) }
}

// lostStatus is the exit status of a process for which somebody else has waited.
const lostStatus = 255

// collect waits for a process that has ended and returns its exit status, negative for a signal.
func collect(pid int) int {
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return lostStatus
		case status.Signaled():
			return -int(status.Signal())
		default:
			return status.ExitStatus()
		}
	}
}
