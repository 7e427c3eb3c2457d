package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// launched is a run of the demo.
type launched struct {
	id, what string
}

// launch queues a run.
func (d *demo) launch(ctx context.Context, job, config string) (string, error) {
	response, err := d.runService.LaunchRun(ctx, &hostv1.LaunchRunRequest{RequestId: rand.Text(), Job: job, ConfigYaml: config})
	if err != nil {
		return "", fmt.Errorf("launch %s: %w", job, err)
	}
	id := response.GetRun().GetId()
	d.runs = append(d.runs, launched{id, job})
	return id, nil
}

// launchMany queues n runs of a job.
func (d *demo) launchMany(ctx context.Context, n int, job string) (ids []string, err error) {
	for range n {
		id, err := d.launch(ctx, job, "")
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (d *demo) run(ctx context.Context, id string) (*hostv1.Run, error) {
	response, err := d.runService.GetRun(ctx, &hostv1.GetRunRequest{Id: id})
	return response.GetRun(), err
}

// inStatus answers nil when each of the runs is in one of the statuses.
func (d *demo) inStatus(ids []string, statuses ...hostv1.RunStatus) func(context.Context) error {
	return func(ctx context.Context) error {
		for _, id := range ids {
			run, err := d.run(ctx, id)
			if err != nil {
				return err
			}
			if !slices.Contains(statuses, run.GetStatus()) {
				return fmt.Errorf("run %s of %s is %s: %s", id, run.GetJob().GetJob(), run.GetStatus(), run.GetStatusReason())
			}
		}
		return nil
	}
}

// location asks for a code location and judges it.
func (d *demo) location(name string, judge func(*hostv1.Location) error) func(context.Context) error {
	return func(ctx context.Context) error {
		response, err := d.locations.GetLocation(ctx, &hostv1.GetLocationRequest{Name: name})
		if err != nil {
			return err
		}
		return judge(response.GetLocation())
	}
}

// metadata asks for a job and judges its metadata.
func (d *demo) metadata(job string, judge func(*hostv1.JobMetadataView) error) func(context.Context) error {
	return func(ctx context.Context) error {
		response, err := d.jobs.GetJob(ctx, &hostv1.GetJobRequest{Name: job})
		if err != nil {
			return err
		}
		return judge(response.GetJob().GetMetadata())
	}
}

// shows judges metadata that is shown, and names the owner.
func shows(state hostv1.FeatureState) func(*hostv1.JobMetadataView) error {
	return func(m *hostv1.JobMetadataView) error {
		if m.GetState() != state || m.GetRefusal() != nil {
			return fmt.Errorf("the metadata is %s: %s", m.GetState(), m.GetRefusal().GetMessage())
		}
		for _, e := range m.GetShown().GetEntries() {
			if e.GetKey() == "owner" && e.GetText() == owner {
				return nil
			}
		}
		return fmt.Errorf("no entry owner is %q among %d", owner, len(m.GetShown().GetEntries()))
	}
}

// refused judges metadata that is refused because the server is too old.
func refused(m *hostv1.JobMetadataView) error {
	r := m.GetRefusal()
	if m.GetState() != hostv1.FeatureState_FEATURE_STATE_REFUSED || m.GetShown() != nil || r.GetCode() != "SERVER_TOO_OLD" ||
		r.GetReported() != `"0.14.17"` || r.GetRequired() != "0.14.18" || r.GetWithheld() != 2 {
		return fmt.Errorf("the metadata is %s with %d entries; refusal %v", m.GetState(), len(m.GetShown().GetEntries()), r)
	}
	return nil
}

func ready(version string) func(*hostv1.Location) error {
	return func(l *hostv1.Location) error {
		if l.GetState() != hostv1.LocationState_LOCATION_STATE_READY || l.GetServer().GetProtocolVersion() != version {
			return fmt.Errorf("it is %s at protocol %s: %s", l.GetState(), l.GetServer().GetProtocolVersion(), l.GetError())
		}
		return nil
	}
}
