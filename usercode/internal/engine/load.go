package engine

import (
	"context"
	"errors"
	"fmt"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// maxLoads is how many stored outputs are loaded at a time.
const maxLoads = 16

type loadState int

const (
	notLoaded loadState = iota
	loading
	loaded
	notLoadable
)

// prepare asks for the stored outputs that an op or a map, which is otherwise ready, reads. It answers whether all are
// there; else proceed is called when they are.
func (s *schedule) prepare(v *vertex) bool {
	for _, source := range v.reads {
		switch s.fetch(source) {
		case loading:
			v.loading++
			source.loaders = append(source.loaders, v)
		case notLoadable:
			s.kill(v, source.unloaded)
			return false
		default: // it is there
		}
	}
	return v.loading == 0
}

// fetch asks for a value if nobody has yet: the first need of it.
func (s *schedule) fetch(v *vertex) loadState {
	if v.load != notLoaded {
		return v.load
	}
	v.load = loading
	switch {
	case v.expansion != nil || v.step != nil && v.step.executed:
		v.load = loaded
	case v.step != nil:
		s.loads = append(s.loads, v.step)
	default: // a gate
		for _, source := range v.reads {
			switch s.fetch(source) {
			case loading:
				v.loading++
				source.loaders = append(source.loaders, v)
			case notLoadable:
				v.load, v.unloaded = notLoadable, source.unloaded
				return v.load
			default: // it is there
			}
		}
		if v.loading == 0 {
			v.load = loaded
		}
	}
	return v.load
}

func (s *schedule) startLoad(ctx context.Context, step *step) {
	if step.readers == 0 {
		return // those that needed it cannot run any more
	}
	s.asking++
	s.loading++
	go func() {
		var output any
		err := errors.New("its codec ended the goroutine with runtime.Goexit")
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("its codec panicked: %v", p)
			}
			s.send(func() {
				s.asking--
				s.loading--
				s.arrive(ctx, step, output, err)
			})
		}()
		if s.opts.Outputs == nil || !s.opts.Outputs.Stored(step.path) {
			err = errors.New("it is neither made by this run nor stored by one that it takes outputs from; select the op too")
			return
		}
		output, err = s.opts.Outputs.Load(ctx, step.op, step.path)
	}()
}

// arrive keeps a stored output, or fails those that wait for it.
func (s *schedule) arrive(ctx context.Context, step *step, output any, err error) {
	switch {
	case ctx.Err() != nil: // those that wait for it are canceled
	case err != nil:
		failure := errorFailure(err)
		failure.Reason = "stored_output"
		failure.Message = clean(fmt.Sprintf("the output of %s: %s", step.path, failure.GetMessage()), maxMessageBytes)
		s.unloadable(&step.vertex, failure)
	default:
		if step.readers > 0 {
			step.output = output
		}
		s.loaded(&step.vertex)
	}
}

func (s *schedule) loaded(v *vertex) {
	v.load = loaded
	waiters := v.loaders
	v.loaders = nil
	for _, w := range waiters {
		if w.loading--; w.loading > 0 || w.load == notLoadable || w.state == dead {
			continue
		}
		if w.step == nil && w.expansion == nil {
			s.loaded(w)
		} else {
			s.proceed(w)
		}
	}
}

func (s *schedule) unloadable(v *vertex, failure *workerv1.Failure) {
	v.load, v.unloaded = notLoadable, failure
	waiters := v.loaders
	v.loaders = nil
	for _, w := range waiters {
		if w.step == nil && w.expansion == nil {
			s.unloadable(w, failure)
		} else {
			s.kill(w, failure)
		}
	}
}
