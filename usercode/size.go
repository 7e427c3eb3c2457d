package usercode

import (
	"github.com/penstock-run/penstock/usercode/internal/spec"
	encoding "github.com/penstock-run/penstock/usercode/internal/wire"
)

// checkSize is whether the job fits into what is sent of it: a definition of at most 3 MiB.
func checkSize(job *spec.Job) error {
	if _, err := encoding.JobDefinition(job); err != nil {
		return err
	}
	_, err := encoding.JobMetadata(job)
	return err
}
