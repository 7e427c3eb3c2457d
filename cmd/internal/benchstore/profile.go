package main

import (
	"os"
	"path/filepath"
	"runtime/pprof"
	"strings"
)

// profiled writes a CPU profile of do to a file that is named after what it does, when profiles are wanted.
func (b *bench) profiled(what, at string, do func(at string) error) error {
	if b.profiles == "" {
		return do(at)
	}
	name := strings.ReplaceAll(what, " ", "-") + "-" + at + ".pprof"
	f, err := os.Create(filepath.Join(b.profiles, name))
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return first(err, f.Close())
	}
	err = do(at)
	pprof.StopCPUProfile()
	return first(err, f.Close())
}
