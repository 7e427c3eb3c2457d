package boltstore

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestFacts(t *testing.T) {
	t.Run("OK", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "store")
		s := open(t, dir, nil)
		if f, err := s.Facts(); err != nil || f.Runs != 0 || !f.LastCreated.IsZero() || f.ID == "" {
			t.Errorf("a new store is %+v, %v", f, err)
		}
		n := newRun()
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		open, err := s.Facts()
		if err != nil || open.Runs != 1 || open.Format != formatVersion || open.Bytes == 0 || !open.LastCreated.Equal(run.CreatedAt) {
			t.Errorf("got %+v, %v", open, err)
		}
		if _, err := Inspect(dir); host.ReasonOf(err) != reasonLocked {
			t.Errorf("while it is open: %v", err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		closed, err := Inspect(dir)
		if err != nil || closed.ID != open.ID || closed.Runs != 1 || !closed.LastCreated.Equal(run.CreatedAt) {
			t.Errorf("closed it is %+v, %v; open it was %+v", closed, err, open)
		}
	})
	t.Run("ErrNoStore", func(t *testing.T) {
		dir := t.TempDir()
		if _, err := Inspect(dir); host.ReasonOf(err) != "STORE_NOT_FOUND" {
			t.Errorf("got %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("it left %v, %v", left, err)
		}
		if _, err := Inspect(filepath.Join(dir, "nothing")); host.ReasonOf(err) != "STORE_NOT_FOUND" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrDamaged", func(t *testing.T) {
		sound, _ := filled(t)
		dir := filepath.Join(t.TempDir(), "copy")
		if err := os.CopyFS(dir, os.DirFS(sound)); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(filepath.Join(dir, metaName), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := Inspect(dir); host.ReasonOf(err) != reasonMissing {
			t.Errorf("got %v", err)
		}
	})
	t.Run("ErrHalted", func(t *testing.T) {
		s, _ := openNew(t, nil)
		s.halt.because("meta.db", os.ErrInvalid)
		if _, err := s.Facts(); host.ReasonOf(err) != reasonStopped {
			t.Errorf("got %v", err)
		}
	})
}
