package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// drainCurrent asks the server of current to end while a run of it is in flight.
func (d *demo) drainCurrent(ctx context.Context) error {
	if err := d.current.terminate(); err != nil {
		return err
	}
	err := d.await(ctx, "Deployment says that current drains and waits for 1 run", d.location("current", func(l *hostv1.Location) error {
		if !l.GetDraining() || l.GetServer().GetLiveWorkers() != 1 || l.GetServer().GetDrainDeadline() == nil {
			return fmt.Errorf("it is %s, draining is %t, %d workers", l.GetState(), l.GetDraining(), l.GetServer().GetLiveWorkers())
		}
		return nil
	}))
	if err != nil {
		return err
	}
	waiting, err := d.gated(ctx, "second")
	if err != nil {
		return err
	}
	if err := d.open("first"); err != nil {
		return err
	}
	inFlight := d.runs[0].id
	err = all(ctx,
		d.awaiting("the run in flight ends well on the server that drains", d.inStatus([]string{inFlight}, success)),
		d.awaiting("that server ends by itself", func(context.Context) error {
			if d.current.running() {
				return fmt.Errorf("it runs")
			}
			return nil
		}),
		d.holding("the run that was launched meanwhile waits, and no start was tried", func(ctx context.Context) error {
			run, err := d.run(ctx, waiting)
			if err != nil {
				return err
			}
			wait := []hostv1.RunStatus{queued, hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE}
			if !slices.Contains(wait, run.GetStatus()) || run.GetAttempt() != 0 {
				return fmt.Errorf("it is %s at attempt %d", run.GetStatus(), run.GetAttempt())
			}
			return nil
		}),
	)
	if err != nil {
		return err
	}
	if d.current, err = d.userCode(ctx); err != nil {
		return err
	}
	return d.await(ctx, "it starts on the new server", d.inStatus([]string{waiting}, started))
}

// restartHost kills the host while a run is in flight and minimum is down.
func (d *demo) restartHost(ctx context.Context) (err error) {
	inFlight := d.runs[len(d.runs)-1].id
	if err := d.await(ctx, "nothing of minimum is in flight", d.quiet("minimum")); err != nil {
		return err
	}
	d.sayf("   kill -9 of the host and of minimum")
	d.host.kill()
	d.minimum.kill()
	if err := d.startHost(ctx); err != nil {
		return err
	}
	job := "minimum/tutorial/" + described
	err = all(ctx,
		d.awaiting("minimum is STALE, with what is wrong", d.location("minimum", func(l *hostv1.Location) error {
			if l.GetState() != hostv1.LocationState_LOCATION_STATE_STALE || l.GetErrorCode() != "LOCATION_UNREACHABLE" {
				return fmt.Errorf("it is %s: %s %s", l.GetState(), l.GetErrorCode(), l.GetError())
			}
			return nil
		})),
		d.awaiting("its metadata is there as STALE, with its age", d.metadata(job, func(m *hostv1.JobMetadataView) error {
			if err := shows(hostv1.FeatureState_FEATURE_STATE_STALE)(m); err != nil {
				return err
			}
			if !strings.Contains(m.GetNotice(), "ago") {
				return fmt.Errorf("the notice is %q", m.GetNotice())
			}
			return nil
		})),
		d.holding("the run in flight goes on", d.inStatus([]string{inFlight}, started)),
	)
	if err != nil {
		return err
	}
	waiting, err := d.launch(ctx, job, "")
	if err != nil {
		return err
	}
	if err := d.await(ctx, "a launch of minimum waits for its code", d.inStatus([]string{waiting}, hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE)); err != nil {
		return err
	}
	if d.minimum, err = d.peer(ctx, "minimum", d.minimumAt, "0.14.18"); err != nil {
		return err
	}
	if err := d.open("second"); err != nil {
		return err
	}
	return all(ctx,
		d.awaiting("minimum is READY again", d.location("minimum", ready("0.14.18"))),
		d.awaiting("the launch that waited ends well", d.inStatus([]string{waiting}, success)),
		d.awaiting("the run that was in flight ends well", d.inStatus([]string{inFlight}, success)),
	)
}

// quiet answers nil when no run of the location is open.
func (d *demo) quiet(location string) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, r := range d.runs {
			if !strings.HasPrefix(r.what, location+"/") {
				continue
			}
			if err := d.inStatus([]string{r.id}, success)(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// account asserts that every run of the demo has ended well, and that user code was started once for each.
func (d *demo) account(ctx context.Context) error {
	ids := make([]string, len(d.runs))
	for i, r := range d.runs {
		ids[i] = r.id
	}
	return all(ctx,
		d.awaiting(fmt.Sprintf("all %d runs ended well", len(ids)), d.inStatus(ids, success)),
		d.holding("the host knows these runs and no others", func(ctx context.Context) error {
			response, err := d.runService.ListRuns(ctx, &hostv1.ListRunsRequest{PageSize: 1000})
			if err != nil {
				return err
			}
			if n := len(response.GetRuns()); n != len(ids) {
				return fmt.Errorf("it lists %d", n)
			}
			return nil
		}),
		d.holding("user code of each run of current was started exactly once", func(context.Context) error {
			text, err := os.ReadFile(d.startedFile())
			if err != nil {
				return err
			}
			starts := map[string]int{}
			for line := range bytes.Lines(text) {
				starts[string(bytes.TrimSpace(line))]++
			}
			for _, r := range d.runs {
				if strings.HasPrefix(r.what, "current/") && starts[r.id] != 1 {
					return fmt.Errorf("that of run %s was started %d times", r.id, starts[r.id])
				}
			}
			return nil
		}),
	)
}
