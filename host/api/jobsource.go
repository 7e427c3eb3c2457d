package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/workspace"
)

// jobSource is a job as selectors see it.
type jobSource struct {
	job *workspace.Job
	// status of its last run; empty when it has none, or nobody asked.
	status host.RunStatus
}

var _ selector.Source = jobSource{}

// Tag implements selector.Source.
func (s jobSource) Tag(key string) (value string, ok bool) {
	for _, t := range s.job.Tags() {
		if t.Key == key {
			return t.Value, true
		}
	}
	return "", false
}

// Metadata implements selector.Source. Where the gate does not show metadata there is none.
func (s jobSource) Metadata(key string) (text string, ok bool) {
	texts, _ := s.job.MetadataTexts()
	for _, m := range texts {
		if m.Key == key {
			return m.Text, true
		}
	}
	return "", false
}

// Field implements selector.Source.
func (s jobSource) Field(name string) []string {
	n := s.job.Name
	switch name {
	case host.FieldStatus:
		return notEmpty(string(s.status))
	case host.FieldJob:
		return []string{n.Job, n.Repository + "/" + n.Job, n.String()}
	case host.FieldLocation:
		return []string{n.Location}
	case host.FieldRepository:
		return []string{n.Repository}
	case host.FieldVersion:
		return notEmpty(s.job.CodeVersion())
	default:
		return nil
	}
}

// Time implements selector.Source. Jobs have no times.
func (s jobSource) Time(string) time.Time { return time.Time{} }

func notEmpty(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// jobSelector is a selector of jobs as it was read.
type jobSelector struct {
	s     *Server
	where *selector.Expr
	// status and metadata tell that it looks at these.
	status, metadata bool
}

// jobSelector reads a selector of jobs; empty text selects all.
func (s *Server) jobSelector(text string) (jobSelector, error) {
	where, err := selector.Parse(text, host.JobSchema(), &selector.Options{KnownKeys: s.knownJobTag})
	j := jobSelector{s: s, where: where}
	for term := range where.Terms() {
		j.status = j.status || term.On == selector.Field && term.Name == host.FieldStatus
		j.metadata = j.metadata || term.On == selector.Metadata
	}
	return j, host.SelectorError("where", err)
}

func (s *Server) knownJobTag(key string) bool {
	return slices.ContainsFunc(s.o.Workspace.Jobs(), func(j *workspace.Job) bool {
		_, ok := jobSource{job: j}.Tag(key)
		return ok
	})
}

// selects says whether it selects a job. hidden tells that it looked at metadata that is not shown, as if there were none.
func (j *jobSelector) selects(ctx context.Context, job *workspace.Job) (selected, hidden bool, err error) {
	source := jobSource{job: job}
	if j.status {
		if source.status, err = j.s.last.status(ctx, job.Name); err != nil {
			return false, false, err
		}
	}
	if j.metadata {
		_, shown := job.MetadataTexts()
		hidden = !shown
	}
	return j.where.Matches(source), hidden, nil
}

// jobTerms is what Store.RunTerms is of runs: which keys, or values, jobs have, and how many have each.
func (s *Server) jobTerms(ctx context.Context, q host.TermQuery) (page host.TermPage, err error) {
	counts := map[string]uint64{}
	for _, job := range s.o.Workspace.Jobs() {
		source := jobSource{job: job}
		if q.On == selector.Field && q.Name == host.FieldStatus {
			if source.status, err = s.last.status(ctx, job.Name); err != nil {
				return page, err
			}
		}
		for _, text := range source.terms(q) {
			if text = host.TermText(text); strings.HasPrefix(text, q.Prefix) {
				counts[text]++
			}
		}
	}
	for text, jobs := range counts {
		page.Terms = append(page.Terms, host.TermCount{Text: text, Runs: jobs})
	}
	slices.SortFunc(page.Terms, func(a, b host.TermCount) int { return strings.Compare(a.Text, b.Text) })
	if page.More = len(page.Terms) > q.Limit; page.More {
		page.Terms = page.Terms[:q.Limit]
	}
	return page, ctx.Err()
}

// terms are the texts of a job that a query asks for.
func (s jobSource) terms(q host.TermQuery) (texts []string) {
	switch {
	case q.On == selector.Field:
		return s.Field(q.Name)
	case q.Name != "":
		find := s.Tag
		if q.On == selector.Metadata {
			find = s.Metadata
		}
		if value, ok := find(q.Name); ok && (q.On != selector.Tag || host.ListsValues(q.Name)) {
			texts = append(texts, value)
		}
	case q.On == selector.Tag:
		for _, t := range s.job.Tags() {
			texts = append(texts, t.Key)
		}
	case q.On == selector.Metadata:
		all, _ := s.job.MetadataTexts()
		for _, m := range all {
			texts = append(texts, m.Key)
		}
	}
	return texts
}
