package e2e

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestUpgradeDemo runs what `make demo-upgrade` shows, without pauses.
func TestUpgradeDemo(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, upgradedemo, "-bin", filepath.Dir(penstock), "-listen", freeAddress(3000), "-pace", "0s")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "Everything was as it should be") {
		t.Errorf("%v\n%s", err, out.String())
	}
}
