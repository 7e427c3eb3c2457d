package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

const (
	// work is how long each op of a synthetic peer takes.
	work = 2 * time.Second
	// drain is how long a server that is asked to end waits for its workers.
	drain = 45 * time.Second
	// described is the job of the synthetic peers that has metadata, owned by owner.
	described, owner = "my_job_with_metadata", "data team"
)

// begin starts everything.
func (d *demo) begin(ctx context.Context) (err error) {
	for _, at := range []*string{&d.oneAt, &d.twoAt, &d.minimumAt, &d.currentAt} {
		if *at, err = freeAddress(ctx); err != nil {
			return err
		}
	}
	if d.one, err = d.peer(ctx, "legacy, replica 1", d.oneAt, "0.14.17"); err != nil {
		return err
	}
	if d.two, err = d.peer(ctx, "legacy, replica 2", d.twoAt, "0.14.17"); err != nil {
		return err
	}
	if d.minimum, err = d.peer(ctx, "minimum", d.minimumAt, "0.14.18"); err != nil {
		return err
	}
	if d.current, err = d.userCode(ctx); err != nil {
		return err
	}
	if d.balancer, err = hosttest.ListenBalancer("127.0.0.1:0", d.oneAt, d.twoAt); err != nil {
		return err
	}
	if err := d.startHost(ctx); err != nil {
		return err
	}
	d.connect()
	d.follow(ctx)
	d.sayf("   The UI is at http://%s : open Deployment, and a job of legacy", d.listen)
	shown := hostv1.FeatureState_FEATURE_STATE_SHOWN
	return all(ctx,
		d.awaiting("legacy is READY at 0.14.17, behind two replicas", d.location("legacy", func(l *hostv1.Location) error {
			if len(l.GetReplicas()) < 1 {
				return fmt.Errorf("%d replicas are known", len(l.GetReplicas()))
			}
			return ready("0.14.17")(l)
		})),
		d.awaiting("minimum is READY at 0.14.18", d.location("minimum", ready("0.14.18"))),
		d.awaiting("current is READY at 0.15.0", d.location("current", ready("0.15.0"))),
		d.awaiting("metadata of legacy is refused: 0.14.17 reported, 0.14.18 needed, 2 entries withheld", d.metadata("legacy/tutorial/"+described, refused)),
		d.awaiting("metadata of minimum is shown: the owner is "+owner, d.metadata("minimum/tutorial/"+described, shows(shown))),
	)
}

// peer starts a synthetic user-code server of a version.
func (d *demo) peer(ctx context.Context, name, address, protocol string) (*process, error) {
	args := []string{"-listen", address, "-protocol", protocol, "-work", work.String(), "-drain", drain.String()}
	if protocol != "0.14.17" {
		args = append(args, "-declare")
	}
	p, err := d.start(ctx, name+" at "+protocol, d.peerserver, args...)
	if err != nil {
		return nil, err
	}
	return p, accepts(ctx, address)
}

// userCode starts a real user-code server of this tree.
func (d *demo) userCode(ctx context.Context) (*process, error) {
	p, err := d.start(ctx, "current", d.testcode, "serve", "--listen", d.currentAt, "--drain", drain.String())
	if err != nil {
		return nil, err
	}
	return p, accepts(ctx, d.currentAt)
}

func (d *demo) startHost(ctx context.Context) (err error) {
	d.host, err = d.start(ctx, "host", d.penstock, "serve", "--listen", d.listen, "--data", filepath.Join(d.dir, "data"), "--max-in-progress", "6",
		"--location", "legacy="+d.balancer.Address(), "--location", "minimum="+d.minimumAt, "--location", "current="+d.currentAt)
	if err != nil {
		return err
	}
	return accepts(ctx, d.listen)
}

// gated is a run of current that goes on until the gate of that name is opened.
func (d *demo) gated(ctx context.Context, gate string) (string, error) {
	return d.launch(ctx, "current/tests/gated",
		fmt.Sprintf("config: {gate: {started: %q, open: %q, lines: 3}}", d.startedFile(), filepath.Join(d.dir, gate)))
}

// startedFile gets a line whenever user code of current begins.
func (d *demo) startedFile() string { return filepath.Join(d.dir, "started") }

func (d *demo) open(gate string) error {
	return os.WriteFile(filepath.Join(d.dir, gate), nil, 0o600)
}

// assertion is one thing that the demo asserts.
type assertion func(context.Context) error

func (d *demo) awaiting(claim string, ask func(context.Context) error) assertion {
	return func(ctx context.Context) error { return d.await(ctx, claim, ask) }
}

func (d *demo) holding(claim string, ask func(context.Context) error) assertion {
	return func(ctx context.Context) error { return d.holds(ctx, claim, ask) }
}

func all(ctx context.Context, assertions ...assertion) error {
	for _, a := range assertions {
		if err := a(ctx); err != nil {
			return err
		}
	}
	return nil
}
