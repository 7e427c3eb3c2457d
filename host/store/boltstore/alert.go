package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// reasonNoAlert is the reason of errors of alerts that are not there.
const reasonNoAlert = "ALERT_NOT_FOUND"

// AlertRules implements host.Store.
func (s *Store) AlertRules(ctx context.Context) (rules []host.AlertRule, waiting map[string]int, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	waiting = map[string]int{}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		return eachAlertRule(tx, func(rule host.AlertRule) error {
			rules = append(rules, rule)
			prefix := alertKey(rule.Name, alertWaiting)
			c := tx.Bucket(bucketAlerts).Cursor()
			for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				waiting[rule.Name]++
			}
			return nil
		})
	})
	if err != nil {
		return nil, nil, err
	}
	slices.SortFunc(rules, func(a, b host.AlertRule) int { return strings.Compare(a.Name, b.Name) })
	return rules, waiting, nil
}

// LateAlerts implements host.Store.
func (s *Store) LateAlerts(ctx context.Context) (all []host.LateAlert, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		return eachAlertRule(tx, func(rule host.AlertRule) error {
			prefix := alertKey(rule.Name, alertNoted)
			c := tx.Bucket(bucketAlerts).Cursor()
			for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
				id, ok := idOf(k[len(prefix):])
				if !ok {
					return damaged(string(bucketAlerts), k, errNoAlertKey)
				}
				all = append(all, host.LateAlert{Rule: rule.Name, Run: id})
			}
			return nil
		})
	})
	return all, err
}

// eachAlertRule passes the rules on, in order of their keys.
func eachAlertRule(tx *bbolt.Tx, each func(host.AlertRule) error) error {
	c := tx.Bucket(bucketAlerts).Cursor()
	for k, v := c.First(); k != nil; {
		name, rest, ok := locationOf(k)
		if !ok || !bytes.Equal(rest, []byte{alertRule}) {
			return damaged(string(bucketAlerts), k, errNoAlertKey)
		}
		rule, err := decodeAlertRule(k, v)
		if err != nil {
			return err
		}
		if err := each(rule); err != nil {
			return err
		}
		k, v = c.Seek(append(locationKey(name), alertBehind)) // behind all of the rule
	}
	return nil
}

// ChangeAlerts implements host.Store.
func (s *Store) ChangeAlerts(ctx context.Context, change host.AlertChange) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	add, err := encodeAlerts(change.Add)
	if err != nil {
		return err
	}
	rules := map[string][]byte{}
	for _, r := range change.Rules {
		if rules[r.Name], err = encodeAlertRule(r); err != nil {
			return err
		}
	}
	var forget [][]byte
	for _, l := range change.Forget {
		if key, ok := notedKey(l.Rule, l.Run); ok {
			forget = append(forget, key)
		}
	}
	size := 0
	for _, a := range add {
		size += len(a.value) + len(a.key)
	}
	return s.meta.do(&write{ctx: ctx, size: size, apply: func(x *txn) error {
		b := x.Bucket(bucketAlerts)
		for _, a := range change.Add {
			if rules[a.Rule] == nil && (slices.Contains(change.Remove, a.Rule) || b.Get(alertKey(a.Rule, alertRule)) == nil) {
				return noAlert("there is no rule of alerts %.80q", a.Rule)
			}
		}
		for _, name := range change.Remove {
			x.removeAlertRule(name)
		}
		for name, value := range rules {
			x.put(bucketAlerts, alertKey(name, alertRule), value)
		}
		for _, key := range forget {
			x.del(bucketAlerts, key)
		}
		for i, a := range change.Add {
			x.put(bucketAlerts, add[i].key, add[i].value)
			if key, ok := notedKey(a.Rule, a.Run); ok && a.Kind == host.AlertLate {
				x.put(bucketAlerts, key, pack(key, nil))
			}
			if !a.Waits() {
				x.forgetAlerts(a.Rule)
			}
		}
		return nil
	}})
}

// removeAlertRule removes all that is kept of a rule.
func (x *txn) removeAlertRule(name string) {
	prefix := locationKey(name)
	var gone [][]byte
	c := x.Bucket(bucketAlerts).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		gone = append(gone, bytes.Clone(k))
	}
	for _, k := range gone {
		x.del(bucketAlerts, k)
	}
}

// forgetAlerts removes messages that do not wait beyond the newest ones.
func (x *txn) forgetAlerts(rule string) {
	prefix := alertKey(rule, alertEnded)
	var keys [][]byte
	c := x.Bucket(bucketAlerts).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	for _, k := range keys[:max(len(keys)-host.MaxAlertsEnded, 0)] {
		x.del(bucketAlerts, k)
	}
}

// WaitingAlerts implements host.Store.
func (s *Store) WaitingAlerts(ctx context.Context, rule string, limit int) ([]host.Alert, error) {
	return s.alerts(ctx, rule, alertWaiting, limit)
}

// EndedAlerts implements host.Store.
func (s *Store) EndedAlerts(ctx context.Context, rule string) ([]host.Alert, error) {
	all, err := s.alerts(ctx, rule, alertEnded, host.MaxAlertsEnded)
	slices.Reverse(all)
	return all, err
}

// alerts reads the first messages of a rule in a class.
func (s *Store) alerts(ctx context.Context, rule string, class byte, limit int) (page []host.Alert, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkNames("rule", rule); err != nil {
		return nil, err
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		prefix := alertKey(rule, class)
		c := tx.Bucket(bucketAlerts).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix) && len(page) < limit; k, v = c.Next() {
			a, err := decodeAlert(k, v)
			if err != nil {
				damage = append(damage, err)
				continue
			}
			page = append(page, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return page, damage.AsError()
}

// PutAlert implements host.Store.
func (s *Store) PutAlert(ctx context.Context, a host.Alert, tries uint32) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	encoded, err := encodeAlerts([]host.Alert{a})
	if err != nil {
		return err
	}
	was, _ := keyOfAlert(&host.Alert{ID: a.ID, Rule: a.Rule, DueAt: a.DueAt, Tries: tries})
	return s.meta.do(&write{ctx: ctx, size: len(encoded[0].value), frees: !a.Waits(), apply: func(x *txn) error {
		if x.Bucket(bucketAlerts).Get(was) == nil {
			return noAlert("message %s of rule %.80q does not wait", a.ID, a.Rule)
		}
		x.del(bucketAlerts, was)
		x.put(bucketAlerts, encoded[0].key, encoded[0].value)
		if !a.Waits() {
			x.forgetAlerts(a.Rule)
		}
		return nil
	}})
}

func noAlert(format string, args ...any) error {
	return &host.Error{Code: host.NotFound, Reason: reasonNoAlert, Message: fmt.Sprintf(format, args...)}
}
