package workspace

import (
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Limits of what an evaluation answers; longer texts for people are cut.
const (
	maxPartitionRuns   = 100
	maxEvaluationKeys  = 1_000
	maxSkipReason      = 2 << 10
	maxEvaluationError = 16 << 10
	maxEvaluationLog   = 64 << 10
	maxRequestConfig   = 1 << 20
	maxRequestOps      = 64 << 10
)

// checkEvaluation says what of an evaluation cannot be used, and cuts what is too
// long. One that did not come is an error.
func checkEvaluation(at **usercodev1.Evaluation) error {
	e := *at
	if e == nil {
		return errors.New("it has no evaluation")
	}
	if e.Error != "" {
		*at = &usercodev1.Evaluation{Error: cut(e.Error, maxEvaluationError), LogLines: cutLines(e.LogLines)}
		return nil
	}
	e.SkipReason, e.LogLines = cut(e.SkipReason, maxSkipReason), cutLines(e.LogLines)
	if n := len(e.GetRunRequests()); n > host.MaxTickRuns {
		return fmt.Errorf("it requests %d runs; the limit is %d", n, host.MaxTickRuns)
	}
	for i, r := range e.GetRunRequests() {
		if err := checkRunRequest(r); err != nil {
			return fmt.Errorf("run request %d: %w", i+1, err)
		}
	}
	keys := 0
	for _, c := range e.GetPartitionKeys() {
		if err := tag.CheckName(c.GetDimension()); err != nil {
			return fmt.Errorf("partition keys: %w", err)
		}
		keys += len(c.GetAdd()) + len(c.GetRemove())
		for _, key := range c.GetAdd() {
			if err := host.CheckPartitionKey(key); err != nil {
				return err
			}
		}
	}
	if keys > maxEvaluationKeys {
		return fmt.Errorf("it changes %d partition keys; the limit is %d", keys, maxEvaluationKeys)
	}
	return nil
}

func checkRunRequest(r *usercodev1.RunRequest) error {
	switch n := len(r.GetRunKey()); {
	case n > host.MaxRunKeyBytes:
		return fmt.Errorf("its run key has %d bytes; the limit is %d", n, host.MaxRunKeyBytes)
	case containsControl(r.GetRunKey()):
		return fmt.Errorf("its run key %s holds a control character", quoted(r.GetRunKey()))
	case r.GetJob() != "" && !validName(r.GetJob()):
		return fmt.Errorf("its job is called %s", quoted(r.GetJob()))
	case len(r.GetPartition()) > 2*host.MaxPartitionKeyBytes+len(host.PartitionSeparator):
		return fmt.Errorf("its partition %s is longer than any", quoted(r.GetPartition()))
	case len(r.GetConfigYaml()) > maxRequestConfig:
		return fmt.Errorf("its config has %d bytes; the limit is %d", len(r.GetConfigYaml()), maxRequestConfig)
	case len(r.GetOpSelection()) > maxRequestOps:
		return fmt.Errorf("its op selection has %d bytes; the limit is %d", len(r.GetOpSelection()), maxRequestOps)
	}
	return checkTags(r.GetTags())
}

// checkTags is the rule for tags that user code gives runs.
func checkTags(tags []*tagv1.Tag) error {
	if err := tag.Validate(TagsOf(tags)); err != nil {
		return fmt.Errorf("its tags: %w", err)
	}
	return nil
}

// partitionRunOf is the host's form of what belongs to a partition's run.
func partitionRunOf(r *usercodev1.GetPartitionRunsResponse_PartitionRun) (host.PartitionRun, error) {
	if r.GetError() != "" {
		return host.PartitionRun{Err: cut(r.GetError(), maxEvaluationError)}, nil
	}
	if n := len(r.GetConfigYaml()); n > maxRequestConfig {
		return host.PartitionRun{}, fmt.Errorf("its config has %d bytes; the limit is %d", n, maxRequestConfig)
	}
	if err := checkTags(r.GetTags()); err != nil {
		return host.PartitionRun{}, err
	}
	return host.PartitionRun{ConfigYAML: r.GetConfigYaml(), Tags: tag.List(TagsOf(r.GetTags())).WithOrigin(tag.OriginPartition)}, nil
}

// cutLines are lines of at most maxEvaluationLog bytes in all.
func cutLines(lines []string) []string {
	left := maxEvaluationLog
	for i, line := range lines {
		if left -= len(line) + 1; left < 0 {
			return lines[:i]
		}
	}
	return lines
}
