package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/penstock-run/penstock/cmd/penstock/internal/child"
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

const (
	// checkProbe is how often a build that is starting is asked whether it is there.
	checkProbe = 50 * time.Millisecond
	// maxCheckOutput is how much of what a build prints is kept, from its beginning.
	maxCheckOutput = 1 << 20
)

// build is a build of user code that is looked at before it is deployed.
type build struct {
	name     string // of its location
	command  []string
	patience time.Duration
	table    hostTable
	policy   versioncheck.Policy
	// signals are those that end the context, and those that come after it.
	signals <-chan os.Signal
}

// check starts the build, loads its definitions as the host would, and ends it. The error is about a build that could
// not be looked at.
func (b *build) check(ctx context.Context) (*checkObject, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	// Nobody else on this machine should start runs in the meantime.
	token := rand.Text()
	output := &keptOutput{}
	code, err := child.New(child.Options{
		Name: b.name, Command: b.serving(address), Env: environWithToken(token), Output: output, Clock: systemClock{},
	})
	if err != nil {
		return nil, usageErrorf("%w\nBuild it first, and write the path to it behind --, for example: penstock check -- bin/etl", err)
	}
	w, err := workspace.New(workspace.Options{
		Locations: []host.LocationConfig{{Name: b.name, Address: address, Token: token, AllowDevVersions: b.policy.AllowDevVersions}},
		// The protocol decides. The version is for people, and that of another host may hold anything.
		Host:  workspace.HostInfo{Version: version, Protocol: b.table.Host.Protocol},
		Clock: systemClock{}, ProbeInterval: checkProbe,
	})
	if err != nil {
		return nil, err
	}
	changes := w.Watch()
	defer changes.Close()
	if err := code.Start(ctx); err != nil {
		return nil, &exitError{code: exitFailure, err: err}
	}
	defer b.end(code)()
	if err := w.Start(ctx); err != nil {
		return nil, err
	}
	defer w.Stop() //nolint:contextcheck // what it keeps is kept, whoever waits
	location, err := b.await(ctx, w, changes, code.Failed())
	if err == nil && location.Fault != nil && location.State != host.LocationIncompatible {
		err = faultError(location.Fault)
	}
	if err != nil {
		return nil, b.explain(err, output)
	}
	return b.result(w, &location), nil
}

// end returns what stops the build: gently, or at once after a second signal.
func (b *build) end(code *child.Child) func() {
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for range 2 {
			select {
			case <-b.signals:
			case <-ended:
				return
			}
		}
		code.Kill()
	})
	return func() {
		code.Stop()
		close(ended)
		watching.Wait()
	}
}

// faultError is the end of a check whose build answered with something of no use.
func faultError(f *host.LocationFault) error {
	code := exitFailure
	if f.Code == workspace.FaultDefinitions || f.Code == workspace.FaultTooLarge {
		code = exitRejected
	}
	return &exitError{code: code, err: fmt.Errorf("%s %s", f.Message, f.Remedy)}
}

// serving is the command that serves at the address.
func (b *build) serving(address string) []string {
	command := slices.Clone(b.command)
	if !slices.Contains(command[1:], "serve") {
		command = append(command, "serve")
	}
	return append(command, "--listen", address)
}

// environWithToken is the environment with this token for a user-code server, instead of another one.
func environWithToken(token string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "PENSTOCK_TOKEN=") })
	return append(env, "PENSTOCK_TOKEN="+token)
}

// errLate says that a build did not answer in time.
var errLate = errors.New("it does not answer")

// await waits until the build's definitions are loaded, or cannot be.
func (b *build) await(ctx context.Context, w *workspace.Workspace, changes *workspace.Subscription, failed <-chan error) (workspace.Location, error) {
	late := time.NewTimer(b.patience)
	defer late.Stop()
	for {
		l, err := w.Location(b.name)
		if err != nil || settled(&l) {
			return l, err
		}
		select {
		case <-changes.Ready():
			changes.Take()
		case err := <-failed:
			return l, &exitError{code: exitRejected, err: err}
		case <-late.C:
			why := errLate
			if l.Fault != nil {
				why = fmt.Errorf("%w: %s", errLate, l.Fault.Message)
			}
			return l, &exitError{code: exitUnreachable, err: fmt.Errorf("after %s %w", b.patience, why)}
		case <-ctx.Done():
			return l, interrupted("the check was not finished")
		}
	}
}

// settled is whether waiting longer would change nothing.
func settled(l *workspace.Location) bool {
	if l.State == host.LocationReady || l.State == host.LocationIncompatible {
		return true
	}
	return l.Fault != nil && slices.Contains([]string{
		workspace.FaultDefinitions, workspace.FaultTooLarge, workspace.FaultToken, workspace.FaultTLS, workspace.FaultNotUserCode,
	}, l.Fault.Code)
}

// explain puts what the build has printed before the reason why it could not be looked at.
func (b *build) explain(err error, output *keptOutput) error {
	var exit *exitError
	if !errors.As(err, &exit) || errors.Is(err, errInterrupted) {
		return err
	}
	text := strings.TrimRight(output.String(), "\n")
	if text == "" {
		return &exitError{code: exit.code, err: fmt.Errorf("the build cannot be looked at: %w", exit.err)}
	}
	// The error of a command that ended repeats the end of what it printed.
	reason, _, _ := strings.Cut(exit.err.Error(), ":\n")
	return &exitError{code: exit.code, err: fmt.Errorf("the build cannot be looked at: %s; it printed:\n%s", reason, text)}
}

// keptOutput is the beginning of what a build prints.
type keptOutput struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write takes everything and keeps what there is room for.
func (o *keptOutput) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p[:min(len(p), max(maxCheckOutput-o.text.Len(), 0))])
	return len(p), nil
}

func (o *keptOutput) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
