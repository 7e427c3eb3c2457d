package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// runFilter is a filter as it was read.
type runFilter struct {
	// where is all of it, as of the moment at which it was read.
	where *selector.Expr
	// lasting is where for who goes on to ask: distances from now are as they were written.
	lasting *selector.Expr
	// relative tells that lasting has such distances, metadata that it looks at metadata.
	relative, metadata bool
	// job is the part of it that names a job.
	job host.JobName
}

// at is the filter as of now.
func (f *runFilter) at(now time.Time) *selector.Expr {
	if f.relative {
		return f.lasting.Bind(now)
	}
	return f.where
}

// filterFrom reads a filter. What no run can have is an error, so that it does not pass for a search without results.
func (r runService) filterFrom(ctx context.Context, w *hostv1.RunFilter) (f runFilter, err error) {
	var parts []*selector.Expr
	tags, err := filterTags(w)
	if err != nil {
		return f, err
	}
	for _, t := range tags {
		parts = append(parts, selector.TagIs(t.Key, t.Value))
	}
	var statuses []host.RunStatus
	for _, status := range w.GetStatuses() {
		s, ok := runStatusFrom(status)
		if !ok {
			return f, &host.Error{
				Code: host.Invalid, Reason: "RUN_STATUS",
				Message: fmt.Sprintf("%s is not a status that this host knows", status),
				Remedy:  "use one of " + statusNames(),
			}
		}
		statuses = append(statuses, s)
	}
	parts = append(parts, host.StatusIn(statuses...))
	if version := w.GetCodeVersion(); version != "" {
		parts = append(parts, selector.FieldIs(host.FieldVersion, version))
	}
	snapshot, err := filterSnapshot(w.GetSnapshot())
	if err != nil {
		return f, err
	}
	if snapshot != "" {
		parts = append(parts, selector.FieldHasPrefix(host.FieldSnapshot, snapshot))
	}
	if f.job, err = r.filterJob(w.GetJob(), w.GetLocation()); err != nil {
		return f, err
	}
	where, err := r.s.runSelector(ctx, w.GetWhere())
	if err != nil {
		return f, err
	}
	f.lasting = selector.All(append(parts, host.JobIs(f.job), where)...)
	for term := range f.lasting.Terms() {
		f.relative = f.relative || term.Time.Relative
		f.metadata = f.metadata || term.On == selector.Metadata
	}
	f.where = f.lasting.Bind(r.s.o.Clock.Now())
	return f, nil
}

// runSelector reads a selector of runs; empty text selects all.
func (s *Server) runSelector(ctx context.Context, text string) (*selector.Expr, error) {
	where, err := selector.Parse(text, host.RunSchema(), &selector.Options{KnownKeys: s.knownTag(ctx)})
	return where, host.SelectorError("where", err)
}

// knownTag tells whether some run has a tag of this key. Where that cannot be found out the key counts as known: it is
// nothing to refuse a search for.
func (s *Server) knownTag(ctx context.Context) func(key string) bool {
	return func(key string) bool {
		page, err := s.o.Store.RunTerms(ctx, host.TermQuery{On: selector.Tag, Prefix: key, Limit: 1})
		if _, err = host.DamageIn(err); err != nil {
			return true
		}
		return len(page.Terms) > 0 && page.Terms[0].Text == key
	}
}

// filterTags are the tags of a filter. A value may be anything, since those of the host itself obey other rules.
func filterTags(w *hostv1.RunFilter) ([]tag.Tag, error) {
	tags := tagsFrom(w.GetTags())
	e := &host.Error{Code: host.Invalid, Reason: "TAG", Message: "no run can have such a tag", Remedy: "Correct the key; penstock run show prints the tags of a run."}
	for _, t := range tags {
		if err := tag.CheckKey(t.Key); err != nil {
			e.Problems = append(e.Problems, host.Problem{Field: "tags", Path: t.Key, Message: err.Error()})
		}
	}
	if len(e.Problems) > 0 {
		return nil, e
	}
	return tags, nil
}

func filterSnapshot(id string) (string, error) {
	id = strings.ToLower(id)
	if id != "" && !snapshotText.MatchString(id) {
		return "", &host.Error{
			Code: host.Invalid, Reason: "SNAPSHOT_ID",
			Message: fmt.Sprintf("%.64q is not the id of a snapshot, nor the beginning of one", id),
			Remedy:  "Give 4 to 16 hex digits; penstock run show and penstock job history print the ids.",
		}
	}
	return id, nil
}

// filterJob reads the job and the location of a filter. A job may be named as everywhere, or be one that is gone.
func (r runService) filterJob(job, location string) (host.JobName, error) {
	if job == "" {
		return host.JobName{Location: location}, nil
	}
	name, ok := host.ParseJobName(job)
	if ok && location != "" {
		if name.Location != "" && name.Location != location {
			return name, &host.Error{
				Code: host.Invalid, Reason: "LOCATION",
				Message: fmt.Sprintf("job %.200q is not one of code location %.64q", job, location),
				Remedy:  "Give only the job, or the location's own.",
			}
		}
		name.Location = location
		return name, nil
	}
	found, err := r.s.o.Workspace.FindJob(job)
	if err == nil {
		return found.Name, nil
	}
	if code := host.CodeOf(err); !ok || code != host.NotFound && code != host.Unavailable {
		return name, err
	}
	return name, nil // gone, or its location has not answered yet; its runs are still there
}

func statusNames() string {
	names := make([]string, 0, len(host.RunStatuses))
	for _, s := range host.RunStatuses {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
