package usercode

import (
	"fmt"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// compileJob makes one job of a binary, for a worker, which needs no other. What is wrong with others it does not see:
// the server that started it did.
func compileJob(repos []*Repository, repository, job string) (*spec.Job, error) {
	for _, r := range repos {
		if r == nil || r.name != repository {
			continue
		}
		for _, j := range r.jobs {
			if j == nil || j.name != job {
				continue
			}
			compiled, wrong := j.compile()
			if len(wrong) > 0 {
				for i := range wrong {
					wrong[i].Repository = repository
				}
				return nil, Problems(wrong)
			}
			return compiled, nil
		}
	}
	return nil, fmt.Errorf("this binary has no job %s/%s", repository, job)
}
