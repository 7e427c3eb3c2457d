package main

import (
	"context"
	"fmt"
	"strings"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

const (
	queued   = hostv1.RunStatus_RUN_STATUS_QUEUED
	starting = hostv1.RunStatus_RUN_STATUS_STARTING
	started  = hostv1.RunStatus_RUN_STATUS_STARTED
	success  = hostv1.RunStatus_RUN_STATUS_SUCCESS
)

// launchEverywhere puts runs in flight, and some behind them in the queue.
func (d *demo) launchEverywhere(ctx context.Context) error {
	gated, err := d.gated(ctx, "first")
	if err != nil {
		return err
	}
	legacy, err := d.launchMany(ctx, 4, "legacy/tutorial/my_job_with_tags")
	if err != nil {
		return err
	}
	minimum, err := d.launchMany(ctx, 3, "minimum/tutorial/"+described)
	if err != nil {
		return err
	}
	return all(ctx,
		d.awaiting("a run of current is in flight", d.inStatus([]string{gated}, started)),
		d.holding("8 runs are queued or in flight, and none is lost", d.inStatus(append(legacy, minimum...), queued, starting, started, success)),
	)
}

// upgradeLegacy replaces the replicas of legacy by ones of 0.14.18, one after the other, while its runs go on.
func (d *demo) upgradeLegacy(ctx context.Context) (err error) {
	before := len(d.watch.transitions("legacy", 0))
	shown := shows(hostv1.FeatureState_FEATURE_STATE_SHOWN)
	job := "legacy/tutorial/" + described

	d.sayf("   replica 2 drains, and comes back with 0.14.18")
	if d.two, err = d.replaceReplica(ctx, d.two, "legacy, replica 2", d.twoAt, "0.14.18"); err != nil {
		return err
	}
	err = all(ctx,
		d.awaiting("legacy shows metadata: its newest report counts", d.metadata(job, shown)),
		d.awaiting("Deployment says that two versions answer", d.location("legacy", mixed)),
	)
	if err != nil {
		return err
	}
	ids, err := d.launchMany(ctx, 4, "legacy/tutorial/my_job_with_tags")
	if err != nil {
		return err
	}
	err = all(ctx,
		d.awaiting("4 runs that were launched in between end well", d.inStatus(ids, success)),
		d.holding("metadata is still shown, though 0.14.17 answers in turn", d.metadata(job, shown)),
	)
	if err != nil {
		return err
	}
	d.sayf("   replica 1 drains, and comes back with 0.14.18")
	if d.one, err = d.replaceReplica(ctx, d.one, "legacy, replica 1", d.oneAt, "0.14.18"); err != nil {
		return err
	}
	return all(ctx,
		d.awaiting("legacy is no longer mixed", d.location("legacy", func(l *hostv1.Location) error {
			if l.GetMixed() {
				return fmt.Errorf("it is mixed: %d replicas", len(l.GetReplicas()))
			}
			return ready("0.14.18")(l)
		})),
		d.holding("people saw at most two transitions, and no flicker", func(context.Context) error {
			if seen := d.watch.transitions("legacy", before); len(seen) > 2 {
				return fmt.Errorf("they saw %d: %s", len(seen), strings.Join(seen, "; "))
			}
			return nil
		}),
	)
}

// replaceReplica is replace behind the balancer, which sends nobody to a replica that ends.
func (d *demo) replaceReplica(ctx context.Context, old *process, name, address, protocol string) (*process, error) {
	d.balancer.Remove(address)
	defer d.balancer.Add(address)
	return d.replace(ctx, old, name, address, protocol)
}

// replace asks a replica to end, waits for its workers, and starts another version in its place.
func (d *demo) replace(ctx context.Context, old *process, name, address, protocol string) (*process, error) {
	if err := old.terminate(); err != nil {
		return nil, err
	}
	if err := old.ended(ctx); err != nil {
		return nil, err
	}
	return d.peer(ctx, name, address, protocol)
}

func mixed(l *hostv1.Location) error {
	versions := map[string]bool{}
	for _, r := range l.GetReplicas() {
		versions[r.GetServer().GetProtocolVersion()] = true
	}
	if !l.GetMixed() || !versions["0.14.17"] || !versions["0.14.18"] {
		return fmt.Errorf("mixed is %t, replicas report %v", l.GetMixed(), versions)
	}
	return nil
}

// downgradeMinimum takes metadata away and gives it back; what runs took with them stays.
func (d *demo) downgradeMinimum(ctx context.Context) (err error) {
	job := "minimum/tutorial/" + described
	shown := hostv1.FeatureState_FEATURE_STATE_SHOWN
	id, err := d.launch(ctx, job, "")
	if err != nil {
		return err
	}
	if d.minimum, err = d.replace(ctx, d.minimum, "minimum", d.minimumAt, "0.14.17"); err != nil {
		return err
	}
	err = all(ctx,
		d.awaiting("metadata of minimum is refused now", d.metadata(job, refused)),
		d.awaiting("the run from before the downgrade ended well", d.inStatus([]string{id}, success)),
		d.holding("that run shows metadata as of its launch", d.asOfLaunch(id, shows(shown))),
	)
	if err != nil {
		return err
	}
	older, err := d.launch(ctx, job, "")
	if err != nil {
		return err
	}
	if err := d.await(ctx, "a run that is launched now ends well, too", d.inStatus([]string{older}, success)); err != nil {
		return err
	}
	if d.minimum, err = d.replace(ctx, d.minimum, "minimum", d.minimumAt, "0.14.18"); err != nil {
		return err
	}
	return all(ctx,
		d.awaiting("metadata of minimum is shown again", d.metadata(job, shows(shown))),
		d.holding("the run from in between shows its metadata as not taken, never as empty", d.asOfLaunch(older, refused)),
		d.holding("the history of the job has three periods", func(ctx context.Context) error {
			response, err := d.history.ListJobSnapshots(ctx, &hostv1.ListJobSnapshotsRequest{Job: job})
			if err != nil {
				return err
			}
			if n := len(response.GetSnapshots()); n != 3 {
				return fmt.Errorf("it has %d", n)
			}
			return nil
		}),
	)
}

// asOfLaunch judges the metadata that a run took with it.
func (d *demo) asOfLaunch(id string, judge func(*hostv1.JobMetadataView) error) func(context.Context) error {
	return func(ctx context.Context) error {
		response, err := d.runService.GetRunSnapshot(ctx, &hostv1.GetRunSnapshotRequest{Id: id})
		if err != nil {
			return err
		}
		return judge(response.GetMetadata())
	}
}
