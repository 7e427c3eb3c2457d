package boltstore

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStore(t *testing.T) {
	storetest.Exercise(t, func(t *testing.T, path string) host.Store { return open(t, path, nil) })
}

func open(t *testing.T, path string, o *Options) *Store {
	t.Helper()
	s, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
