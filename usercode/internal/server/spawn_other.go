//go:build !unix

package server

import (
	"errors"
	"os"
	"runtime"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

func spawn(worker.Assignment) (pid int, words *lastWords, err error) {
	return 0, nil, errors.New("workers are not supported on " + runtime.GOOS + "; run the user-code server on Linux")
}

func terminate(int) {}

func childSignals() (ended <-chan os.Signal, stop func()) { return nil, func() {} }

func hasEnded(int) bool { return false }

func collect(int) int { return 0 }
