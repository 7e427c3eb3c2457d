package boltstore

import (
	"encoding/binary"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// tickKey is the key of a tick.
func tickKey(automation []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(append(make([]byte, 0, len(automation)+8), automation...), uint64(at.UnixNano())) // see checkTick
}

// tickAt reads when a tick was from its key.
func tickAt(key []byte) time.Time {
	return time.Unix(0, int64(binary.BigEndian.Uint64(key[len(key)-8:]))).UTC()
}

// checkTick checks what can be checked of a tick without the store.
func checkTick(t *host.Tick) error {
	var problem string
	switch {
	case !storable(t.At):
		problem = "it needs an instant between the years 1970 and 2261"
	case !storableOrZero(t.StartedAt, t.EndedAt, t.LastAt):
		problem = "its times are not between the years 1970 and 2261"
	case t.Status != host.TickSuccess && t.Status != host.TickSkipped && t.Status != host.TickFailure:
		problem = fmt.Sprintf("%.32q is not a status", t.Status)
	case len(t.Cursor) > host.MaxCursorBytes:
		problem = fmt.Sprintf("its cursor has %d bytes; the limit is %d", len(t.Cursor), host.MaxCursorBytes)
	case len(t.KnownKeys) > host.MaxTickKnownKeys || t.KnownKeyCount < len(t.KnownKeys):
		problem = fmt.Sprintf("%d known keys of %d are not at most %d of all", len(t.KnownKeys), t.KnownKeyCount, host.MaxTickKnownKeys)
	case t.Count < 0:
		problem = "it counts less than nothing"
	default:
		return nil
	}
	return invalid("tick of %s %s: %s", t.Name.Kind, t.Name, problem)
}

// encodeTick makes the record of a tick. The errors are of the caller.
func encodeTick(t *host.Tick) (*storev1.Tick, error) {
	m := &storev1.Tick{
		Status: string(t.Status), SkipReason: t.SkipReason, Error: t.Error, KnownKeys: t.KnownKeys, KnownKeyCount: uint64(t.KnownKeyCount),
		StartedAt: timeToProto(t.StartedAt), EndedAt: timeToProto(t.EndedAt), Cursor: t.Cursor, LogLines: t.LogLines,
		Count: uint64(max(t.Count, 1)), Late: t.Late,
	}
	if !t.LastAt.Equal(t.EndedAt) {
		m.LastAt = timeToProto(t.LastAt)
	}
	for _, r := range t.Runs {
		id, ok := idKey(r.Run)
		if !ok {
			return nil, invalid("tick of %s: run %.64q is not a UUID in lower case", t.Name, r.Run)
		}
		m.Runs = append(m.Runs, &storev1.TickRun{RunId: id, RunKey: r.RunKey, Partition: r.Partition})
	}
	return m, nil
}

// packTick makes the value of a tick.
func packTick(key []byte, t *host.Tick) ([]byte, error) {
	m, err := encodeTick(t)
	if err != nil {
		return nil, err
	}
	payload, err := proto.Marshal(m)
	if err != nil {
		return nil, invalid("tick of %s %s cannot be stored: %v", t.Name.Kind, t.Name, err) // text that is not UTF-8
	}
	if len(payload) > maxTickBytes {
		return nil, tooLarge(t, len(payload))
	}
	return pack(key, payload), nil
}

func tooLarge(t *host.Tick, size int) error {
	return invalid("tick of %s %s: it would take %d MiB with its runs; the limit is %d MiB", t.Name.Kind, t.Name, size>>20, maxTickBytes>>20)
}

// decodeTick reads a tick. Nothing of it lies in key and value.
func decodeTick(key, value []byte) (t host.Tick, size int, err error) {
	payload, err := unpack(string(bucketTicks), key, value)
	if err != nil {
		return t, 0, err
	}
	name, rest, ok := automationOf(key)
	if !ok || len(rest) != 8 {
		return t, 0, damaged(string(bucketTicks), key, errNotItsKey)
	}
	m := &storev1.Tick{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return t, 0, damaged(string(bucketTicks), key, err)
	}
	t = host.Tick{
		Name: name, At: tickAt(key), Status: host.TickStatus(m.Status), SkipReason: m.SkipReason, Error: m.Error,
		KnownKeys: m.KnownKeys, KnownKeyCount: int(m.KnownKeyCount),
		StartedAt: timeFromProto(m.StartedAt), EndedAt: timeFromProto(m.EndedAt), Cursor: m.Cursor, LogLines: m.LogLines,
		Count: int(max(m.Count, 1)), LastAt: timeFromProto(m.LastAt), Late: m.Late,
	}
	if m.LastAt == nil {
		t.LastAt = t.EndedAt
	}
	for _, r := range m.Runs {
		id, ok := idOf(r.RunId)
		if !ok {
			return host.Tick{}, 0, damaged(string(bucketTicks), key, fmt.Errorf("%x is not the id of a run", r.RunId))
		}
		t.Runs = append(t.Runs, host.TickRun{Run: id, RunKey: r.RunKey, Partition: r.Partition})
	}
	return t, len(payload), nil
}
