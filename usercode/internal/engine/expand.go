package engine

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strconv"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	// maxInstances is how many items a map can have.
	maxInstances = 10_000
	// maxSteps is how many ops a run can execute, each instance counted.
	maxSteps = 100_000
	// maxKeyBytes is how long the key of an item can be.
	maxKeyBytes = 63
	// maxEventKeys is how many keys, and maxEventPaths how many bytes of op paths, one event tells.
	maxEventKeys  = 2_000
	maxEventPaths = 96 << 10
	// maxKeyProblems is how many wrong keys a failure names.
	maxKeyProblems = 5
)

// expand finds out the items of a map, and their keys, in a goroutine of its own: it runs functions of the author.
func (s *schedule) expand(ctx context.Context, e *expansion) {
	s.asking++
	go func() {
		var items []any
		var keys []string
		// This failure stays when a function of the author ends the goroutine.
		failure := mapFailure(errors.New("making the items ended the goroutine with runtime.Goexit"))
		defer func() {
			s.send(func() {
				s.asking--
				s.expanded(ctx, e, items, keys, failure)
			})
		}()
		defer func() {
			if p := recover(); p != nil {
				failure = mapFailure(fmt.Errorf("making the items: panic: %v", p))
				failure.Stack = clean(string(trimStack(debug.Stack())), maxStackBytes)
			}
		}()
		var err error
		items = e.of.spec.Split(e.of.items.build(e.frame))
		if keys, err = keysOf(items, e.of.spec.Key); err != nil {
			failure = mapFailure(err)
		} else {
			failure = nil
		}
	}()
}

func mapFailure(err error) *workerv1.Failure {
	return &workerv1.Failure{Reason: "map_keys", Message: clean(err.Error(), maxMessageBytes)}
}

// keysOf are the keys of the items, in their order. The error names what is wrong with them.
func keysOf(items []any, keyOf func(any) (string, bool)) ([]string, error) {
	if len(items) > maxInstances {
		return nil, fmt.Errorf("the list has %d items; a map makes at most %d instances: let one item stand for several", len(items), maxInstances)
	}
	keys := make([]string, len(items))
	first := make(map[string]int, len(items))
	var problems []error
	for i, item := range items {
		key, ok := keyOf(item)
		if !ok {
			key = strconv.Itoa(i)
		}
		keys[i] = key
		if twin, twice := first[key]; twice {
			problems = append(problems, fmt.Errorf("items %d and %d have the same key %q; each needs one of its own", twin, i, clean(key, 2*maxKeyBytes)))
		} else if !validKey(key) {
			problems = append(problems, fmt.Errorf("item %d has the key %q; a key is 1 to %d letters, digits, _, . and -", i, clean(key, 2*maxKeyBytes), maxKeyBytes))
		}
		first[key] = i
		if len(problems) == maxKeyProblems {
			break
		}
	}
	return keys, errors.Join(problems...)
}

func validKey(key string) bool {
	for i := range len(key) {
		switch c := key[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return key != "" && len(key) <= maxKeyBytes
}

// expanded makes the instances of a map.
func (s *schedule) expanded(ctx context.Context, e *expansion, items []any, keys []string, failure *workerv1.Failure) {
	if ctx.Err() != nil || e.state != open {
		return // what it was for is canceled
	}
	if failure == nil {
		if err := s.fits(e, keys); err != nil {
			failure = mapFailure(err)
		}
	}
	if failure != nil {
		s.kill(&e.vertex, failure)
		return
	}
	e.tell(s.emit, keys)
	s.pending -= len(e.pending)
	e.pending = nil
	e.state, e.items = done, items
	for i, key := range keys {
		e.frames = append(e.frames, s.instantiate(e.of, e.frame, i, key))
	}
	for _, instance := range e.frames {
		s.fill(e, instance)
	}
	s.settleFresh()
	for _, g := range e.gates {
		if g.state == dead { // an instance cannot run
			s.settle(g)
		}
	}
	s.satisfy(&e.vertex)
	s.release(&e.vertex)
	if e.readers == 0 {
		e.items = nil
	}
}

// fits checks that the instances that are selected exist, and that they are not too many.
func (s *schedule) fits(e *expansion, keys []string) error {
	var problems []error
	known := make(map[string]bool, len(keys))
	for _, key := range keys {
		known[key] = true
	}
	ops := 0
	e.of.all(func(o *placement) {
		chosen := o.chosen.at(e.frame.keys)
		if chosen != nil && o.in == e.of {
			ops++
		}
		if chosen == nil || chosen.all {
			return
		}
		for key := range chosen.keys {
			if !known[key] {
				path := o.path.render(append(slices.Clip(e.frame.keys), key))
				problems = append(problems, fmt.Errorf("%s is to be executed, and the list has no item with the key %q", path, key))
			}
		}
	})
	if total := s.steps + ops*len(keys); total > maxSteps {
		problems = append(problems, fmt.Errorf("with %d instances of %s the run has %d ops to execute; at most %d are allowed: let one item stand for several", len(keys), e.of.label(), total, maxSteps))
	}
	return errors.Join(problems...)
}

// tell sends the instances, in as many events as they need.
func (e *expansion) tell(emit *emitter, keys []string) {
	var paths []string
	size := 0
	send := func() {
		message := fmt.Sprintf("%s of %s", count(len(keys), "instance"), paths[0])
		if len(paths) > 1 {
			message += fmt.Sprintf(" and %d more", len(paths)-1)
		}
		for from := 0; from == 0 || from < len(keys); from += maxEventKeys {
			emit.event(&workerv1.Event{Kind: "map_expanded", Message: message, Detail: &workerv1.Event_MapExpanded{MapExpanded: &workerv1.MapExpanded{
				OpPaths: paths, Keys: keys[from:min(from+maxEventKeys, len(keys))], Total: uint32(len(keys)),
			}}})
		}
		paths, size = nil, 0
	}
	e.of.all(func(o *placement) {
		path := o.path.render(e.frame.keys)
		if size+len(path) > maxEventPaths && size > 0 {
			send()
		}
		paths = append(paths, path)
		size += len(path)
	})
	send()
}
