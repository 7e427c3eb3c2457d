package reexecution

import (
	"context"
	"maps"
	"slices"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Past is what a run and those that it executed again have done. What is further back is read when it is asked for. It is
// for one goroutine.
type Past struct {
	runs Runs
	// records are the runs from the nearest on; last tells that there is none before the last one.
	records []*record
	last    bool
	// alive has each run that was asked for, and whether it is there.
	alive map[host.RunID]bool
	// empty has the ops of maps that had no items, by their paths without the key.
	empty map[string]bool
}

// Read reads what a run has done.
func Read(ctx context.Context, runs Runs, run *host.Run) (*Past, error) {
	p := &Past{runs: runs, alive: map[host.RunID]bool{run.ID: true}, empty: map[string]bool{}}
	r, err := readRecord(ctx, runs, run)
	if err != nil {
		return nil, err
	}
	p.records = append(p.records, r)
	return p, nil
}

// Run is the nearest run.
func (p *Past) Run() *host.Run { return &p.records[0].run }

// endedWell tells whether an op did, in the nearest run that was to execute it. What a run that resumed another was not to
// execute is as it was in that one; where that is gone, it was reason enough to leave the op out. Of a map without items
// nothing can have failed.
func (p *Past) endedWell(ctx context.Context, path string) (bool, error) {
	for steps := 0; ; steps++ {
		r, err := p.record(ctx, steps)
		if err != nil || r == nil {
			return true, err
		}
		if !isResumed(&r.run) || r.executes.has(path) {
			return r.ops[path] == endedWell || p.empty[path], nil
		}
	}
}

// wanted is the run that says which ops all of this is about: the nearest one that did not resume another.
func (p *Past) wanted(ctx context.Context) (*host.Run, error) {
	for steps := 0; ; steps++ {
		r, err := p.record(ctx, steps)
		if err != nil {
			return nil, err
		}
		if r == nil {
			return &p.records[len(p.records)-1].run, nil
		}
		if !isResumed(&r.run) {
			return &r.run, nil
		}
	}
}

// record is the run so many steps back; nil when there is none, or it was deleted.
func (p *Past) record(ctx context.Context, steps int) (*record, error) {
	for len(p.records) <= steps && !p.last {
		before := runBefore(&p.records[len(p.records)-1].run)
		run, err := p.find(ctx, before)
		if err != nil {
			return nil, err
		}
		if run == nil || p.has(before) {
			p.last = true
			break
		}
		r, err := readRecord(ctx, p.runs, run)
		if err != nil {
			return nil, err
		}
		p.records = append(p.records, r)
	}
	if steps >= len(p.records) {
		return nil, nil
	}
	return p.records[steps], nil
}

// runBefore is the run that one took up; empty when it took up none.
func runBefore(run *host.Run) host.RunID {
	if run.Parent != "" {
		return run.Parent
	}
	from, _ := run.Tag(tag.KeyInputsFrom)
	return host.RunID(from)
}

func (p *Past) has(id host.RunID) bool {
	for _, r := range p.records {
		if r.run.ID == id {
			return true
		}
	}
	return false
}

// find is a run that may be gone.
func (p *Past) find(ctx context.Context, id host.RunID) (*host.Run, error) {
	if id == "" {
		return nil, nil
	}
	run, err := p.runs.Run(ctx, id)
	switch {
	case host.CodeOf(err) == host.NotFound:
		p.alive[id] = false
		return nil, nil
	case err != nil:
		return nil, err
	}
	p.alive[id] = true
	return &run, nil
}

// stored is the output that stands for an op that is not executed again; nil when there is none. The nearest run that
// was to execute the op, or took it from elsewhere, has it or nobody has: what runs before had may be of another config.
func (p *Past) stored(ctx context.Context, path string) (*workerv1.StoredOutput, error) {
	for steps := 0; ; steps++ {
		r, err := p.record(ctx, steps)
		if err != nil || r == nil {
			return nil, err
		}
		o := r.outputs[path]
		if o == nil {
			o = r.taken[path]
		}
		if o != nil {
			there, err := p.isThere(ctx, host.RunID(o.GetRunId()))
			if err != nil || !there {
				return nil, err
			}
			return o, nil
		}
		if r.executes.has(path) {
			return nil, nil
		}
	}
}

// isThere tells whether a run was not deleted: its outputs are deleted with it.
func (p *Past) isThere(ctx context.Context, id host.RunID) (bool, error) {
	if there, known := p.alive[id]; known {
		return there, nil
	}
	run, err := p.find(ctx, id)
	return run != nil, err
}

// instances are those of the maps of these ops, as far as they are known: of the nearest run that was to execute all
// instances of an op, and of runs after it that made some of them again.
func (p *Past) instances(ctx context.Context, mapped []string) ([]host.MapInstances, error) {
	var known []host.MapInstances
	have := map[string]bool{}
	open := mapped // ops of which more may be known further back
	for steps := 0; len(open) > 0; steps++ {
		r, err := p.record(ctx, steps)
		if err != nil {
			return nil, err
		}
		if r == nil {
			break
		}
		for _, name := range slices.Sorted(maps.Keys(r.maps)) {
			// Where one op of a map was not to be executed in full since, the list was not made again, for any of them.
			e := r.maps[name]
			isOpen := slices.ContainsFunc(e.ops, func(path string) bool { return slices.Contains(open, host.OpOf(path)) })
			if !isOpen || !e.complete() || slices.ContainsFunc(e.ops, func(path string) bool { return have[path] }) {
				continue
			}
			for _, path := range e.ops {
				have[path], p.empty[path] = true, len(e.keys) == 0
			}
			if len(e.keys) > 0 {
				known = append(known, host.MapInstances{OpPaths: e.ops, Keys: e.keys})
			}
		}
		var left []string
		for _, op := range open {
			if !r.executes.has(op) {
				left = append(left, op)
			}
		}
		open = left
	}
	return known, nil
}
