package compat

import (
	"context"
	"crypto/sha256"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	metadatav1 "github.com/penstock-run/penstock/proto/gen/penstock/metadata/v1"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/versioncheck"
)

// eachJob calls do with every job that the peer has.
func (s Subject) eachJob(do func(r hosttest.Repository, j hosttest.Job) error) error {
	for _, r := range s.Behavior.Repositories {
		for _, j := range r.Jobs {
			if err := do(r, j); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s Subject) broken(j hosttest.Job) bool {
	return slices.Contains(s.Want.Broken, j.Definition.GetName())
}

// jobs checks the listing: every job that the peer has and no other, field by field.
func (f *findings) jobs(ctx context.Context, h Host, s Subject) error {
	listed, err := h.Jobs(ctx, s.Location, "")
	if err != nil {
		return err
	}
	for _, j := range listed {
		f.heard(j)
	}
	if !s.Want.Usable() {
		if len(listed) > 0 {
			f.addf(CheckJobs, "%d jobs are listed of a location that never sent any", len(listed))
		}
		return nil
	}
	left := slices.Clone(listed)
	_ = s.eachJob(func(r hosttest.Repository, j hosttest.Job) error {
		name := j.Definition.GetName()
		i := slices.IndexFunc(left, func(l *hostv1.JobSummary) bool {
			return l.GetName().GetRepository() == r.Name && l.GetName().GetJob() == name
		})
		if i < 0 {
			f.addf(CheckJobs, "%s/%s is not listed", r.Name, name)
			return nil
		}
		got := left[i]
		left = slices.Delete(left, i, i+1)
		want := &hostv1.JobSummary{
			Name: &hostv1.JobName{Location: s.Location, Repository: r.Name, Job: name}, MetadataState: s.state(j),
		}
		if s.broken(j) {
			if want.Error = got.GetError(); want.GetError() == "" {
				f.addf(CheckJobs, "%s/%s is listed without the error that its definition has", r.Name, name)
			}
		} else {
			want.Summary, want.Ops, want.Tags = summary(j), ops(j), j.Definition.GetTags()
		}
		for _, t := range got.GetTags() {
			t.Origin = 0 // that a definition's tags come from the definition goes without saying
		}
		f.equal(CheckJobs, "the row of "+name, got, want)
		return nil
	})
	for _, l := range left {
		f.addf(CheckJobs, "%v is listed, which the peer does not have", l.GetName())
	}
	return nil
}

func summary(j hosttest.Job) string {
	line := j.Definition.GetDescription()
	for i, r := range line {
		if r == '\n' {
			return line[:i]
		}
	}
	return line
}

// ops counts what a job of the fixture places: the ops of its graph, and two for each graph inside.
func ops(j hosttest.Job) (n uint32) {
	for _, node := range j.Definition.GetGraph().GetNodes() {
		if node.GetGraph() != "" {
			n++
		}
		n++
	}
	return n
}

// state is that in which a job's metadata must be.
func (s Subject) state(j hosttest.Job) hostv1.FeatureState {
	switch {
	case !s.Want.Shown():
		return hostv1.FeatureState_FEATURE_STATE_REFUSED
	case len(j.Metadata) == 0:
		return hostv1.FeatureState_FEATURE_STATE_EMPTY
	}
	return hostv1.FeatureState_FEATURE_STATE_SHOWN
}

// definitions checks every job's page.
func (f *findings) definitions(ctx context.Context, h Host, s Subject) error {
	if !s.Want.Usable() {
		return nil
	}
	return s.eachJob(func(r hosttest.Repository, j hosttest.Job) error {
		name := s.Location + "/" + r.Name + "/" + j.Definition.GetName()
		got, err := h.Job(ctx, name)
		if s.broken(j) {
			if err == nil {
				f.addf(CheckDefinition, "%s is shown although its definition cannot be used", name)
			}
			return nil
		}
		if err != nil {
			f.addf(CheckDefinition, "%s is not shown: %v", name, err)
			return nil
		}
		f.heard(got)
		f.metadata(s, name, j, got.GetMetadata())
		f.history(ctx, h, s, name, j)
		want := s.definition(r, j)
		want.Metadata, want.LoadedAt, want.Warnings = got.GetMetadata(), got.GetLoadedAt(), got.GetWarnings()
		want.DefinitionDigest = got.GetDefinitionDigest()
		f.partitions(s, name, j, got, want)
		f.equal(CheckDefinition, name, got, want)
		if !s.Behavior.Future && string(got.GetDefinitionDigest()) != string(digest(j)) {
			f.addf(CheckDefinition, "the digest of %s is %x, want %x", name, got.GetDefinitionDigest(), digest(j))
		}
		return nil
	})
}

// history checks what is told of a job's past. What it was a moment ago may not be in the store yet.
func (f *findings) history(ctx context.Context, h Host, s Subject, name string, j hosttest.Job) {
	snapshots, err := h.History(ctx, name)
	if err != nil {
		f.addf(CheckDefinition, "the history of %s is not shown: %v", name, err)
	}
	for _, snapshot := range snapshots {
		f.heard(snapshot)
		if want := s.state(j); snapshot.GetMetadataState() != want {
			f.addf(CheckMetadata, "in its history the metadata of %s is %s, want %s", name, snapshot.GetMetadataState(), want)
		}
	}
}

func digest(j hosttest.Job) []byte {
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(j.Definition)
	if err != nil {
		panic(err) // the fixture can be encoded
	}
	d := sha256.Sum256(body)
	return d[:]
}

// metadata checks a view of metadata: its state, and every field of its entries or of its refusal.
func (f *findings) metadata(s Subject, name string, j hosttest.Job, got *hostv1.JobMetadataView) {
	if want := s.state(j); got.GetState() != want {
		f.addf(CheckMetadata, "the metadata of %s is %s, want %s", name, got.GetState(), want)
	}
	if !s.Want.Shown() {
		withheld := uint32(len(j.Metadata))
		f.refusal(CheckMetadata, s, versioncheck.JobMetadata, got.GetRefusal(), &withheld)
		if got.GetShown() != nil || got.GetNotice() != "" {
			f.addf(CheckMetadata, "%s has entries %v and notice %q beside a refusal", name, got.GetShown(), got.GetNotice())
		}
		return
	}
	if got.GetRefusal() != nil || got.GetShown() == nil {
		f.addf(CheckMetadata, "%s has refusal %v and entries %v, want entries alone", name, got.GetRefusal(), got.GetShown())
		return
	}
	if notice := s.Want.Notice || slices.Contains(s.Want.Damaged, j.Definition.GetName()); (got.GetNotice() != "") != notice {
		f.addf(CheckMetadata, "%s has the notice %q, want one: %t", name, got.GetNotice(), notice)
	}
	if len(got.GetShown().GetEntries()) != len(j.Metadata) {
		f.addf(CheckMetadata, "%s shows %d entries, want %d", name, len(got.GetShown().GetEntries()), len(j.Metadata))
		return
	}
	for i, e := range got.GetShown().GetEntries() {
		f.equal(CheckMetadata, name+" entry "+j.Metadata[i].GetKey(), e, shownEntry(j.Metadata[i]))
	}
}

// shownEntry is an entry as a host shows it: of a kind that it does not know, the fallback alone counts.
func shownEntry(e *metadatav1.Entry) *metadatav1.Entry {
	if metadata.Kind(e.GetKind()).Known() {
		return e
	}
	e = proto.CloneOf(e)
	e.Value = nil
	return e
}
