package worker

import (
	"context"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/outputs"
	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/usercode/tag"
)

// keeper keeps the outputs of the granted run. Its store is opened when it is needed first, so that a run that stores
// nothing does not wait for it. What is wrong with the run config is left to the engine to report.
func (w *worker) keeper(run *workerv1.RunSpec, tags tag.List) *outputs.Keeper {
	memoize, _ := tags.Get(tag.KeyMemoize)
	opts := outputs.Options{
		RunID: run.GetRunId(), Repository: run.GetRepository(), Job: run.GetJob(), Memoize: memoize == "true", Stored: run.GetOutputs(),
		Now: w.opts.Now, Logger: w.logger,
	}
	if location := w.client.assignment.Outputs; location != "" {
		opts.Open = func(ctx context.Context) (output.Store, error) { return output.Open(ctx, location) }
	}
	opts.Given, _ = w.job.ResolveInputs(run.GetConfigJson())
	if opts.Memoize {
		configs, _ := w.job.ResolveConfig(run.GetConfigJson())
		opts.Configs = make(map[string][]byte, len(configs))
		for name, object := range configs {
			opts.Configs[name] = object
		}
	}
	return outputs.New(opts)
}
