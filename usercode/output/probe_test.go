package output_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode/output"
)

// broken is a store of which one call fails.
type broken struct {
	output.Store

	call string
}

var errBroken = errors.New("no such bucket")

func (b broken) Put(ctx context.Context, name string, data []byte) error {
	if b.call == "Put" {
		return errBroken
	}
	return b.Store.Put(ctx, name, data)
}

func (b broken) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	if b.call == "Get" {
		return []byte("other"), nil
	}
	return b.Store.Get(ctx, name, limit)
}

func (b broken) Delete(ctx context.Context, name string) error {
	if b.call == "Delete" {
		return errBroken
	}
	return b.Store.Delete(ctx, name)
}

func TestProbe(t *testing.T) {
	dir := t.TempDir()
	s := local(t, dir)
	if err := output.Probe(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(dir, "probe")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
	for call, want := range map[string]string{"Put": "no such bucket", "Get": "other bytes", "Delete": "no such bucket"} {
		err := output.Probe(t.Context(), broken{s, call})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "try the output store: ") {
			t.Errorf("%s is broken: got %v", call, err)
		}
	}
}
