package boltstore

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// Classes of keys in bucket alerts, which follow the name of the rule: the rule itself, its messages that wait, those
// that do not, and notes about late runs. alertBehind is behind all of them.
const (
	alertRule    byte = 'a'
	alertWaiting byte = 'b'
	alertEnded   byte = 'c'
	alertNoted   byte = 'd'
	alertBehind  byte = 'e'
)

var errNoAlertKey = errors.New("it is not the key of a rule, a message or a note")

// alertKey is what keys of a rule begin with.
func alertKey(rule string, class byte) []byte { return append(locationKey(rule), class) }

// notedKey is the key of a note about a late run.
func notedKey(rule string, run host.RunID) (key []byte, ok bool) {
	id, ok := idKey(run)
	if !ok || checkNames("rule", rule) != nil {
		return nil, false
	}
	return append(alertKey(rule, alertNoted), id...), true
}

// alertIDLen is the length of the id of a message.
const alertIDLen = 16

// keyOfAlert is the key of a message: by tries and when it was due while it waits, by its end afterwards.
func keyOfAlert(a *host.Alert) (key []byte, ok bool) {
	id, err := hex.DecodeString(a.ID)
	if err != nil || len(id) != alertIDLen || hex.EncodeToString(id) != a.ID {
		return nil, false
	}
	switch {
	case a.Waits():
		key = binary.BigEndian.AppendUint32(alertKey(a.Rule, alertWaiting), a.Tries)
		key = binary.BigEndian.AppendUint64(key, uint64(a.DueAt.UnixNano())) // after 1970, see encodeAlerts
	case !a.DeliveredAt.IsZero():
		key = binary.BigEndian.AppendUint64(alertKey(a.Rule, alertEnded), uint64(a.DeliveredAt.UnixNano()))
	default:
		key = binary.BigEndian.AppendUint64(alertKey(a.Rule, alertEnded), uint64(a.GivenUpAt.UnixNano()))
	}
	return append(key, id...), true
}

// encodedAlert is a record of a message.
type encodedAlert struct{ key, value []byte }

// encodeAlerts makes the records of messages. The errors are of the caller.
func encodeAlerts(all []host.Alert) (encoded []encodedAlert, err error) {
	for i := range all {
		a := &all[i]
		if err := checkNames("rule", a.Rule); err != nil {
			return nil, err
		}
		key, ok := keyOfAlert(a)
		run, isRun := idKey(a.Run)
		switch {
		case !ok:
			return nil, invalid("the id of a message of rule %.80q is %.64q, not 32 hex digits", a.Rule, a.ID)
		case !isRun:
			return nil, invalid("message %s is about run %.64q, which is not a UUID in lower case", a.ID, a.Run)
		case a.Kind != host.AlertEnded && a.Kind != host.AlertLate:
			return nil, invalid("message %s: %.32q is not a kind", a.ID, a.Kind)
		case !a.DeliveredAt.IsZero() && !a.GivenUpAt.IsZero():
			return nil, invalid("message %s was delivered and given up", a.ID)
		case !storable(a.DueAt) || !a.DeliveredAt.IsZero() && !storable(a.DeliveredAt) || !a.GivenUpAt.IsZero() && !storable(a.GivenUpAt):
			return nil, invalid("message %s: its times have to be between the years 1970 and 2261", a.ID)
		case len(a.Error) > host.MaxAlertError:
			return nil, invalid("message %s: an error of %d bytes is longer than %d", a.ID, len(a.Error), host.MaxAlertError)
		}
		payload, err := proto.Marshal(&storev1.Alert{
			Id: key[len(key)-alertIDLen:], Kind: string(a.Kind), RunId: run, DueAt: timeToProto(a.DueAt), Tries: a.Tries, Error: a.Error,
			DeliveredAt: timeToProto(a.DeliveredAt), GivenUpAt: timeToProto(a.GivenUpAt),
		})
		if err != nil {
			return nil, invalid("message %s cannot be stored: %v", a.ID, err) // text that is not UTF-8
		}
		encoded = append(encoded, encodedAlert{key: key, value: pack(key, payload)})
	}
	return encoded, nil
}

// decodeAlert reads a record of encodeAlerts.
func decodeAlert(key, value []byte) (a host.Alert, err error) {
	name, _, ok := locationOf(key)
	if !ok {
		return a, damaged(string(bucketAlerts), key, errNoAlertKey)
	}
	payload, err := unpack(string(bucketAlerts), key, value)
	if err != nil {
		return a, err
	}
	m := &storev1.Alert{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return a, damaged(string(bucketAlerts), key, err)
	}
	run, ok := idOf(m.RunId)
	if !ok || len(m.Id) != alertIDLen {
		return a, damaged(string(bucketAlerts), key, fmt.Errorf("%x is not an id of a message, or %x not one of a run", m.Id, m.RunId))
	}
	return host.Alert{
		ID: hex.EncodeToString(m.Id), Rule: name, Kind: host.AlertKind(m.Kind), Run: run, DueAt: timeFromProto(m.DueAt),
		Tries: m.Tries, Error: m.Error, DeliveredAt: timeFromProto(m.DeliveredAt), GivenUpAt: timeFromProto(m.GivenUpAt),
	}, nil
}

func encodeAlertRule(r host.AlertRule) (value []byte, err error) {
	if err := checkNames("rule", r.Name); err != nil {
		return nil, err
	}
	if !storable(r.Since) {
		return nil, invalid("rule %.80q needs a time since which it is there, between the years 1970 and 2261", r.Name)
	}
	payload, err := proto.Marshal(&storev1.AlertRule{Ended: r.Ended, Since: timeToProto(r.Since)})
	if err != nil {
		return nil, err
	}
	return pack(alertKey(r.Name, alertRule), payload), nil
}

func decodeAlertRule(key, value []byte) (r host.AlertRule, err error) {
	payload, err := unpack(string(bucketAlerts), key, value)
	if err != nil {
		return r, err
	}
	m := &storev1.AlertRule{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return r, damaged(string(bucketAlerts), key, err)
	}
	name, _, _ := locationOf(key)
	return host.AlertRule{Name: name, Ended: m.Ended, Since: timeFromProto(m.Since)}, nil
}

// checkAlert looks at a record of bucket alerts, for fsck.
func checkAlert(key, value []byte) error {
	_, rest, ok := locationOf(key)
	if !ok || len(rest) == 0 {
		return errNoAlertKey
	}
	var err error
	switch class, rest := rest[0], rest[1:]; {
	case class == alertRule && len(rest) == 0:
		_, err = decodeAlertRule(key, value)
	case class == alertWaiting && len(rest) == 4+8+alertIDLen, class == alertEnded && len(rest) == 8+alertIDLen:
		_, err = decodeAlert(key, value)
	case class == alertNoted && len(rest) == idLen:
		_, err = unpack(string(bucketAlerts), key, value)
	default:
		err = errNoAlertKey
	}
	return err
}
