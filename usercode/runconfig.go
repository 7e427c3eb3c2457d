package usercode

import (
	"encoding/json"
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// RunConfig is what a run is told, by the names of the job's configs: of each its object, or a part of it, as
// encoding/json writes it:
//
//	usercode.RunConfig{"report": ReportConfig{Path: "/srv/repository", Top: 20}}
//	usercode.RunConfig{"report": map[string]any{"top": 20}}
type RunConfig map[string]any

// of is the JSON of the run config; none when it is empty. The error is what is wrong with it for the job.
func (c RunConfig) of(job *spec.Job) ([]byte, error) {
	if len(c) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(map[string]any{"config": map[string]any(c)})
	if err != nil {
		return nil, fmt.Errorf("run config: %w", err)
	}
	if _, err := job.ResolveConfig(text); err != nil {
		return nil, err
	}
	return text, nil
}
