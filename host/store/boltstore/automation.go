package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// reasonNoAutomation is the reason of errors of schedules and sensors that are not there.
const reasonNoAutomation = "AUTOMATION_NOT_FOUND"

// PutAutomations implements host.Store.
func (s *Store) PutAutomations(ctx context.Context, all []host.Automation) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := automationsPut{store: s, all: all}
	size := 0
	for i := range all {
		definition, err := encodeAutomation(&all[i])
		if err != nil {
			return err
		}
		if _, err := encodeAutomationState(&all[i]); err != nil { // what a new one has
			return err
		}
		p.definitions = append(p.definitions, definition)
		size += len(definition.key)*2 + len(definition.value) + len(all[i].Cursor)
	}
	if len(all) == 0 {
		return nil
	}
	if err := s.meta.do(&write{ctx: ctx, size: size, apply: p.apply}); err != nil {
		return err
	}
	return p.damage.AsError()
}

// automationsPut is one call of PutAutomations.
type automationsPut struct {
	store       *Store
	all         []host.Automation
	definitions []record
	damage      host.Damage
}

// apply is called by the writer of meta.db.
func (p *automationsPut) apply(x *txn) error {
	for i := range p.all {
		err := p.put(x, &p.all[i], p.definitions[i])
		if err != nil {
			p.damage = append(p.damage, err)
		}
	}
	return nil
}

func (p *automationsPut) put(x *txn, given *host.Automation, definition record) error {
	a, err := automationState(x.Tx, definition.key)
	switch {
	case err != nil:
		return err
	case a == nil:
		a = new(*given)
		a.Version = 1
	default:
		// What is stored of the definition says since when it is known, and can be made anew but for that.
		if was, err := automationByKey(x.Tx, definition.key); err != nil {
			p.store.log.Warn("what was known of a schedule or sensor by its definition cannot be read; it is replaced",
				slog.String("name", given.Name.String()), slog.Any("error", err))
		} else if was != nil && !was.FirstSeen.Equal(given.FirstSeen) {
			kept := *given
			kept.FirstSeen = was.FirstSeen
			if definition, err = encodeAutomation(&kept); err != nil {
				return err
			}
		}
		if !given.From.After(a.From) {
			x.putChanged(bucketAutomations, definition)
			return nil
		}
		a.From = given.From
		a.Version++
	}
	state, err := encodeAutomationState(a)
	if err != nil {
		return err
	}
	x.putChanged(bucketAutomations, definition)
	x.put(bucketCursors, definition.key, state)
	return nil
}

// putChanged stores a record unless it is there as it is.
func (x *txn) putChanged(bucket []byte, r record) {
	if !bytes.Equal(x.Bucket(bucket).Get(r.key), r.value) {
		x.put(bucket, r.key, r.value)
	}
}

// UpdateAutomation implements host.Store.
func (s *Store) UpdateAutomation(ctx context.Context, name host.AutomationName, change func(*host.Automation) error) (host.Automation, error) {
	if err := ctx.Err(); err != nil {
		return host.Automation{}, err
	}
	key, err := automationKey(name)
	if err != nil {
		return host.Automation{}, err
	}
	var made host.Automation
	var panicked any
	err = s.meta.do(&write{ctx: ctx, size: updateSize, apply: func(x *txn) error {
		was, err := wholeAutomation(x.Tx, key)
		if err != nil {
			return err
		}
		if was == nil {
			return noAutomation(name)
		}
		made = *was
		made.Definition = bytes.Clone(was.Definition)
		if panicked, err = guarded(func() error { return change(&made) }); err != nil {
			return err
		}
		return x.moveAutomation(key, was, &made)
	}})
	if panicked != nil {
		panic(panicked) // change is the caller's, and so is its panic
	}
	if err != nil {
		return host.Automation{}, err
	}
	return made, nil
}

// guarded keeps a panic of change for its caller.
func guarded(change func() error) (panicked any, err error) {
	defer func() {
		if p := recover(); p != nil {
			panicked = fmt.Sprintf("%v\n\n%s", p, debug.Stack())
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return nil, change()
}

// moveAutomation stores what changes of was; next becomes what is stored. An error comes before anything is written.
func (x *txn) moveAutomation(key []byte, was, next *host.Automation) error {
	next.Name, next.Definition, next.FirstSeen, next.GoneSince = was.Name, was.Definition, was.FirstSeen, was.GoneSince
	raised := next.Version > was.Version
	next.Version = was.Version
	if raised || !next.From.Equal(was.From) || next.Cursor != was.Cursor || next.Ended != was.Ended || next.Switch != was.Switch {
		next.Version++
	}
	state, err := encodeAutomationState(next)
	if err != nil {
		return err
	}
	for _, t := range []*time.Time{&next.SwitchedAt, &next.From, &next.EvaluatedAt} {
		*t = instant(*t)
	}
	x.putChanged(bucketCursors, record{key: key, value: state})
	return nil
}

// Automations implements host.Store.
func (s *Store) Automations(ctx context.Context) (all []host.Automation, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketCursors).ForEach(func(k, _ []byte) error {
			a, err := wholeAutomation(tx, k)
			if err != nil {
				damage = append(damage, err)
				return nil
			}
			all = append(all, *a)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b host.Automation) int { return a.Name.Compare(b.Name) })
	return all, damage.AsError()
}

// wholeAutomation reads both records of a schedule or sensor, nil when there is none.
func wholeAutomation(tx *bbolt.Tx, key []byte) (*host.Automation, error) {
	state, err := automationState(tx, key)
	if err != nil || state == nil {
		return nil, err
	}
	a, err := automationByKey(tx, key)
	if err != nil {
		return nil, err
	}
	if a == nil {
		return nil, damaged(string(bucketCursors), key, errNoDefinition)
	}
	state.Definition, state.FirstSeen, state.GoneSince = a.Definition, a.FirstSeen, a.GoneSince
	return state, nil
}

func noAutomation(name host.AutomationName) error {
	return &host.Error{
		Code: host.NotFound, Reason: reasonNoAutomation, Message: fmt.Sprintf("there is no %.16s %.200q", name.Kind, name),
		Remedy: "list them with penstock schedule list and penstock sensor list",
	}
}
