package engine

import (
	"encoding/json"
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// lookupSecrets finds the values of the secrets in configs that the ops read which are executed, or their resources. The
// error names every variable that cannot be used.
func lookupSecrets(job *spec.Job, p *plan, config map[string]json.RawMessage, opts Options) (map[string]string, error) {
	read := map[*spec.Config]bool{}
	var add func(configs []*spec.Config, resources []*spec.Resource)
	add = func(configs []*spec.Config, resources []*spec.Resource) {
		for _, c := range configs {
			read[c] = true
		}
		for _, r := range resources {
			if _, faked := opts.Resource(r); !faked {
				add(r.Configs, r.Resources)
			}
		}
	}
	for _, o := range p.ops {
		if o.chosen != nil {
			add(o.op.Configs, o.op.Resources)
		}
	}
	configs := slices.DeleteFunc(slices.Clone(job.Configs), func(c *spec.Config) bool { return !read[c] })
	return spec.LookupSecrets(configs, config, opts.LookupEnv)
}
