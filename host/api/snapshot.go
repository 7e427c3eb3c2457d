package api

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// job finds a job by its name as everywhere, or, by its full name, one that is gone or whose location is away.
func (h historyService) job(ctx context.Context, name string) (host.JobName, error) {
	job, err := h.s.o.Workspace.FindJob(name)
	if err == nil {
		return job.Name, nil
	}
	full, ok := host.ParseJobName(name)
	if code := host.CodeOf(err); !ok || full.Location == "" || code != host.NotFound && code != host.Unavailable {
		return host.JobName{}, err
	}
	switch _, e := h.s.o.Store.JobHistory(ctx, full, 0, 1); {
	case e == nil:
		return full, nil
	case host.CodeOf(e) == host.NotFound:
		return host.JobName{}, err
	default:
		return host.JobName{}, e
	}
}

// snapshotText is the id of a snapshot or the beginning of one.
var snapshotText = regexp.MustCompile(`^[0-9a-f]{4,16}$`)

// pair finds the two periods of a job that a request names; both texts may be empty.
func (h historyService) pair(ctx context.Context, job host.JobName, from, to string) (before, after *host.JobPeriod, err error) {
	if to == "" {
		if after, err = h.newest(ctx, job, 0); err == nil && after == nil {
			err = &host.Error{
				Code: host.Conflict, Reason: "NO_SNAPSHOT",
				Message: fmt.Sprintf("no snapshot of job %s is stored yet", job), Remedy: "ask again in a few seconds",
			}
		}
	} else {
		after, err = h.period(ctx, job, to, 0)
	}
	if err != nil {
		return nil, nil, err
	}
	if from == "" {
		if before, err = h.newest(ctx, job, after.Seq); err == nil && before == nil {
			err = nothingBefore(job, after)
		}
	} else {
		before, err = h.period(ctx, job, from, after.Seq)
	}
	return before, after, err
}

// newest is the newest period of a job, or the one below a seq that is not 0; nil when there is none.
func (h historyService) newest(ctx context.Context, job host.JobName, below uint64) (*host.JobPeriod, error) {
	page, err := h.s.o.Store.JobHistory(ctx, job, below, 1)
	if host.CodeOf(err) == host.NotFound || err == nil && len(page.Periods) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &page.Periods[0], nil
}

func nothingBefore(job host.JobName, p *host.JobPeriod) error {
	e := &host.Error{Code: host.Conflict, Reason: "NO_SNAPSHOT_BEFORE"}
	switch {
	case p.Seq > 1:
		e.Message = fmt.Sprintf("what job %s was before snapshot %s is not kept any more", job, p.Last.ID())
		e.Remedy = "name the snapshots to compare"
	case p.Current:
		e.Message = fmt.Sprintf("there is only one snapshot of job %s so far", job)
		e.Remedy = "there is something to compare once a deploy has changed the job"
	default:
		e.Message = fmt.Sprintf("snapshot %s is the first of job %s", p.Last.ID(), job)
		e.Remedy = "name the snapshots to compare"
	}
	return e
}

// period finds a period of a job by the beginning of its snapshot's id. Of several with that snapshot it is the last one
// below a seq, if there is one, else the last one.
func (h historyService) period(ctx context.Context, job host.JobName, id string, below uint64) (*host.JobPeriod, error) {
	prefix := strings.ToLower(id)
	if !snapshotText.MatchString(prefix) {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "SNAPSHOT_ID",
			Message: fmt.Sprintf("%.64q is not the id of a snapshot", id),
			Remedy:  "give its 16 hex digits, or at least the first 4 of them",
		}
	}
	var found []*host.JobPeriod // one for each snapshot
	for before := uint64(0); ; {
		page, err := h.s.o.Store.JobHistory(ctx, job, before, maxPageSize)
		if err != nil && host.CodeOf(err) != host.NotFound {
			return nil, err
		}
		for i := range page.Periods {
			if strings.HasPrefix(page.Periods[i].Last.ID(), prefix) {
				found = keepPeriod(found, page.Periods[i], below)
			}
		}
		if before = page.Next; before == 0 {
			break
		}
	}
	switch len(found) {
	case 0:
		return nil, &host.Error{
			Code: host.NotFound, Reason: "SNAPSHOT_NOT_FOUND",
			Message: fmt.Sprintf("job %s has no snapshot %s", job, prefix),
			Remedy:  "list the job's snapshots for their ids; the oldest of very many are dropped",
		}
	case 1:
		return found[0], nil
	}
	return nil, ambiguousSnapshot(job, prefix, found)
}

// keepPeriod adds a period, which is older than those that are there. One of a snapshot that is there takes its place
// when that is not before the given seq.
func keepPeriod(found []*host.JobPeriod, p host.JobPeriod, below uint64) []*host.JobPeriod {
	for _, f := range found {
		if f.Last.ID() == p.Last.ID() {
			if f.Seq >= below && p.Seq < below {
				*f = p
			}
			return found
		}
	}
	return append(found, &p)
}

func ambiguousSnapshot(job host.JobName, prefix string, found []*host.JobPeriod) error {
	const shown = 10
	e := &host.Error{
		Code: host.Invalid, Reason: "SNAPSHOT_AMBIGUOUS",
		Message: fmt.Sprintf("%d snapshots of job %s have an id that begins with %s", len(found), job, prefix),
		Remedy:  "give more digits of the id",
	}
	for i, p := range found {
		if i == shown {
			e.Problems = append(e.Problems, host.Problem{Field: "snapshot", Message: fmt.Sprintf("and %d more", len(found)-shown)})
			break
		}
		e.Problems = append(e.Problems, host.Problem{
			Field: "snapshot", Message: fmt.Sprintf("%s (code version %s)", p.Last.ID(), cmp.Or(p.First.CodeVersion, "not reported")),
		})
	}
	return e
}

func (h historyService) snapshotToWire(p *host.JobPeriod) *hostv1.JobSnapshot {
	s := &p.Last
	return &hostv1.JobSnapshot{
		Id: s.ID(), DefinitionDigest: digestToWire(s.Definition), MetadataDigest: digestToWire(s.Metadata), MetadataEntries: s.MetadataEntries,
		MetadataState: featureStateToWire(workspace.MetadataStateOf(*s, h.s.o.Identity.Protocol)),
		FirstSeenAt:   timeToWire(p.FirstSeen), LastSeenAt: timeToWire(p.LastSeen), Current: p.Current,
		FirstServer: serverInfo(p.First.ServerInfo), LastServer: serverInfo(p.Last.ServerInfo),
	}
}

// serverInfo decodes a report; nil when there was none, or it is damaged.
func serverInfo(encoded []byte) *usercodev1.ServerInfo {
	m := &usercodev1.ServerInfo{}
	if len(encoded) == 0 || proto.Unmarshal(encoded, m) != nil {
		return nil
	}
	return m
}

var sectionWire = map[jobdiff.Section]hostv1.JobChangeSection{
	jobdiff.Metadata:     hostv1.JobChangeSection_JOB_CHANGE_SECTION_METADATA,
	jobdiff.Tags:         hostv1.JobChangeSection_JOB_CHANGE_SECTION_TAGS,
	jobdiff.Graph:        hostv1.JobChangeSection_JOB_CHANGE_SECTION_GRAPH,
	jobdiff.ConfigSchema: hostv1.JobChangeSection_JOB_CHANGE_SECTION_CONFIG_SCHEMA,
	jobdiff.Description:  hostv1.JobChangeSection_JOB_CHANGE_SECTION_DESCRIPTION,
}

var kindWire = map[jobdiff.Kind]hostv1.JobChangeKind{
	jobdiff.Added:   hostv1.JobChangeKind_JOB_CHANGE_KIND_ADDED,
	jobdiff.Removed: hostv1.JobChangeKind_JOB_CHANGE_KIND_REMOVED,
	jobdiff.Changed: hostv1.JobChangeKind_JOB_CHANGE_KIND_CHANGED,
}
