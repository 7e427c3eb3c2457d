package api

import (
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

func jobNameToWire(n host.JobName) *hostv1.JobName {
	return &hostv1.JobName{Location: n.Location, Repository: n.Repository, Job: n.Job}
}

var featureStateWire = map[versioncheck.State]hostv1.FeatureState{
	versioncheck.StateShown:       hostv1.FeatureState_FEATURE_STATE_SHOWN,
	versioncheck.StateEmpty:       hostv1.FeatureState_FEATURE_STATE_EMPTY,
	versioncheck.StateRefused:     hostv1.FeatureState_FEATURE_STATE_REFUSED,
	versioncheck.StateStale:       hostv1.FeatureState_FEATURE_STATE_STALE,
	versioncheck.StateUnavailable: hostv1.FeatureState_FEATURE_STATE_UNAVAILABLE,
}

func featureStateToWire(s versioncheck.State) hostv1.FeatureState { return featureStateWire[s] }

func metadataToWire(v workspace.MetadataView) *hostv1.JobMetadataView {
	out := &hostv1.JobMetadataView{State: featureStateToWire(v.State), Notice: valid(v.Notice)}
	if v.Refusal != nil {
		out.Content = &hostv1.JobMetadataView_Refusal{Refusal: refusalToWire(v.Refusal)}
	} else {
		out.Content = &hostv1.JobMetadataView_Shown{Shown: &hostv1.MetadataEntries{Entries: v.Entries}}
	}
	return out
}

func refusalToWire(r *workspace.Refusal) *hostv1.Refusal {
	if r == nil {
		return nil
	}
	return &hostv1.Refusal{
		State: featureStateToWire(r.State), Code: r.Code, Capability: r.Capability,
		Location: r.Location, ServerId: valid(r.ServerID),
		Reported: valid(r.Reported), Required: valid(r.Required), HostVersion: r.HostVersion,
		Withheld: &r.Withheld, Message: valid(r.Message), Remedy: valid(r.Remedy), DocsUrl: r.DocsURL,
	}
}
