package server

import (
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// A worker that cannot be started is an error of the one run, whatever was made for it before.
func TestSpawnFails(t *testing.T) {
	t.Parallel()
	pid, words, err := spawn(worker.Assignment{RunID: strings.Repeat("x", 4<<20)}) // more than a worker reads
	if err == nil || pid != 0 || words != nil {
		t.Errorf("spawn = pid %d, %v, %v; want an error alone", pid, words, err)
	}
}
