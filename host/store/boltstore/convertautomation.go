package boltstore

import (
	"errors"
	"fmt"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

var (
	errNoDefinition = errors.New("there is no record of its definition")
	errNoState      = errors.New("there is no record of what it is at")
	errNotItsKey    = errors.New("its key is not the name of a schedule or sensor")
)

// automationKey is the key of a schedule or sensor, and what the keys of its ticks begin with.
func automationKey(name host.AutomationName) ([]byte, error) {
	if name.Kind != host.ScheduleKind && name.Kind != host.SensorKind {
		return nil, invalid("%.64q is neither a schedule nor a sensor", name.Kind)
	}
	if err := checkNames(string(name.Kind), name.Location, name.Repository, name.Name); err != nil {
		return nil, err
	}
	return appendName(appendName(appendName(appendName(nil, name.Location), name.Repository), name.Name), string(name.Kind)), nil
}

// automationOf reads an automationKey at the beginning of a key, and what follows it.
func automationOf(key []byte) (name host.AutomationName, rest []byte, ok bool) {
	var kind string
	rest = key
	for _, part := range []*string{&name.Location, &name.Repository, &name.Name, &kind} {
		if *part, rest, ok = locationOf(rest); !ok {
			return host.AutomationName{}, nil, false
		}
	}
	name.Kind = host.AutomationKind(kind)
	return name, rest, name.Kind == host.ScheduleKind || name.Kind == host.SensorKind
}

// storableOrZero says whether a time can be stored.
func storableOrZero(times ...time.Time) bool {
	for _, t := range times {
		if !t.IsZero() && !storable(t) {
			return false
		}
	}
	return true
}

// encodeAutomation makes the record of a definition. The error is of the caller.
func encodeAutomation(a *host.Automation) (record, error) {
	key, err := automationKey(a.Name)
	if err != nil {
		return record{}, err
	}
	if !storable(a.FirstSeen) || !storableOrZero(a.GoneSince) {
		return record{}, invalid("%s %s: it needs a time at which it was seen first, between the years 1970 and 2261", a.Name.Kind, a.Name)
	}
	payload, err := proto.Marshal(&storev1.Automation{
		Definition: a.Definition, FirstSeen: timeToProto(a.FirstSeen), GoneSince: timeToProto(a.GoneSince),
	})
	if err != nil {
		return record{}, invalid("%s %s cannot be stored: %v", a.Name.Kind, a.Name, err)
	}
	return record{key: key, value: pack(key, payload)}, nil
}

// automationByKey reads the record of a definition, nil when there is none. Nothing of it lies in the transaction.
func automationByKey(tx *bbolt.Tx, key []byte) (*host.Automation, error) {
	value := tx.Bucket(bucketAutomations).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error here
	}
	m := &storev1.Automation{}
	name, err := decodeNamed(bucketAutomations, key, value, m)
	if err != nil {
		return nil, err
	}
	return &host.Automation{
		Name: name, Definition: m.Definition, FirstSeen: timeFromProto(m.FirstSeen), GoneSince: timeFromProto(m.GoneSince),
	}, nil
}

// decodeNamed reads a record whose key is the name of a schedule or sensor.
func decodeNamed(bucket, key, value []byte, m proto.Message) (host.AutomationName, error) {
	payload, err := unpack(string(bucket), key, value)
	if err != nil {
		return host.AutomationName{}, err
	}
	name, rest, ok := automationOf(key)
	if !ok || len(rest) > 0 {
		return host.AutomationName{}, damaged(string(bucket), key, errNotItsKey)
	}
	if err := proto.Unmarshal(payload, m); err != nil {
		return host.AutomationName{}, damaged(string(bucket), key, err)
	}
	return name, nil
}

// encodeAutomationState makes the record of what people and ticks made of it. The error is of the caller.
func encodeAutomationState(a *host.Automation) ([]byte, error) {
	key, err := automationKey(a.Name)
	if err != nil {
		return nil, err
	}
	problem := ""
	switch {
	case a.Switch != host.SwitchDefault && a.Switch != host.SwitchOn && a.Switch != host.SwitchOff:
		problem = fmt.Sprintf("%.32q is no position of a switch", a.Switch)
	case !storableOrZero(a.SwitchedAt, a.From, a.EvaluatedAt):
		problem = "its times are not between the years 1970 and 2261"
	case len(a.Cursor) > host.MaxCursorBytes:
		problem = fmt.Sprintf("its cursor has %d bytes; the limit is %d", len(a.Cursor), host.MaxCursorBytes)
	}
	if problem != "" {
		return nil, invalid("%s %s: %s", a.Name.Kind, a.Name, problem)
	}
	payload, err := proto.Marshal(&storev1.AutomationState{
		Switch: string(a.Switch), SwitchedBy: a.SwitchedBy, SwitchedAt: timeToProto(a.SwitchedAt),
		From: timeToProto(a.From), Cursor: a.Cursor, Ended: a.Ended, EvaluatedAt: timeToProto(a.EvaluatedAt), Version: a.Version,
	})
	if err != nil {
		return nil, invalid("%s %s cannot be stored: %v", a.Name.Kind, a.Name, err) // text that is not UTF-8
	}
	return pack(key, payload), nil
}

// automationState reads the record of what people and ticks made of it, nil when there is none.
func automationState(tx *bbolt.Tx, key []byte) (*host.Automation, error) {
	value := tx.Bucket(bucketCursors).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error here
	}
	m := &storev1.AutomationState{}
	name, err := decodeNamed(bucketCursors, key, value, m)
	if err != nil {
		return nil, err
	}
	return &host.Automation{
		Name: name, Switch: host.AutomationSwitch(m.Switch), SwitchedBy: m.SwitchedBy, SwitchedAt: timeFromProto(m.SwitchedAt),
		From: timeFromProto(m.From), Cursor: m.Cursor, Ended: m.Ended, EvaluatedAt: timeFromProto(m.EvaluatedAt), Version: m.Version,
	}, nil
}
