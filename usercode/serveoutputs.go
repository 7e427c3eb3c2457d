package usercode

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/penstock-run/penstock/usercode/output"
)

// outputsPatience is how long an output store may take to show that it works.
const outputsPatience = 30 * time.Second

// openOutputs opens the store of a server and tries it; nil is none. Location is what workers open.
func (o ServeOptions) openOutputs(ctx context.Context) (s output.Store, location string, err error) {
	if o.Outputs == output.None {
		return nil, "", nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, outputsPatience, fmt.Errorf("it does not answer within %s", outputsPatience))
	defer cancel()
	if o.Outputs != "" {
		return tryOutputs(ctx, o.Outputs)
	}
	// Nobody has asked for a store, so a server serves without one where there is no place for it.
	var wrong []any
	for _, place := range []func() string{cacheOutputs, temporaryOutputs} {
		dir := place()
		if dir == "" {
			continue
		}
		if s, location, err = tryOutputs(ctx, dir); err == nil {
			return s, location, nil
		}
		wrong = append(wrong, "error", err)
	}
	o.Logger.Warn("outputs of ops are not stored, so runs cannot be resumed: choose a place for them with --outputs", wrong...)
	return nil, "", nil
}

func tryOutputs(ctx context.Context, at string) (s output.Store, location string, err error) {
	location, err = output.Absolute(at)
	if err != nil {
		return nil, "", err
	}
	if s, err = output.Open(ctx, location); err != nil {
		return nil, "", err
	}
	if err := output.Probe(ctx, s); err != nil {
		_ = s.Close() // the first error says more
		return nil, "", fmt.Errorf("output store %s: %w", output.Redact(location), err)
	}
	return s, location, nil
}

// cacheOutputs is the user's own directory for outputs of a server that was told none, empty for a user without a home.
func cacheOutputs() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "penstock", "outputs")
}

// temporaryOutputs is a directory below that for temporary files. Anybody may make it before, so it is empty if it is not
// this user's own.
func temporaryOutputs() string {
	dir := filepath.Join(os.TempDir(), "penstock-outputs-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err == nil || ownDirectory(dir) {
		return dir
	}
	return ""
}
