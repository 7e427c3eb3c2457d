package jobdiff

import (
	"strings"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

const (
	// aboutResource is what a job says of one of its resources.
	aboutResource = "resource "
	// aboutResources is which an op uses.
	aboutResources = "resources"
)

// ResourceText says for people what a resource is, and which configs opening it reads.
func ResourceText(r *usercodev1.ResourceDefinition) string {
	text := r.GetName()
	if r.GetType() != "" {
		text += " (" + r.GetType() + ")"
	}
	if len(r.GetConfigs()) > 0 {
		text += ", reads config " + strings.Join(r.GetConfigs(), ", ")
	}
	return text
}

// resources adds what a job says of those of its ops.
func resources(facets map[string]string, def *usercodev1.JobDefinition) {
	for _, r := range def.GetResources() {
		key := aboutResource + r.GetName()
		facets[key] = aboutResource + ResourceText(r)
		if r.GetDescription() != "" {
			about := "description of " + key
			facets[aboutPort+about] = about + ": " + r.GetDescription()
		}
	}
}

// uses adds the resources of an op.
func uses(facets map[string]string, op *usercodev1.OpDefinition) {
	if len(op.GetResources()) > 0 {
		facets[aboutResources] = "uses " + strings.Join(op.GetResources(), ", ")
	}
}
