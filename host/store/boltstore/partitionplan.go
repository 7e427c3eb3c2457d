package boltstore

import (
	"encoding/binary"
	"maps"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// keysPlan is what changes of dynamic dimensions come to, before anything is written: a change may be refused.
type keysPlan struct {
	tx         *bbolt.Tx
	dimensions map[host.DynamicName]*dimensionPlan
}

// dimensionPlan is what becomes of one dimension.
type dimensionPlan struct {
	key []byte
	// next is the place of the next key, total how many there are.
	next, total    uint64
	added, removed int
	// were are the places of keys that are touched, 0 for none, are those that they get. order has the keys in order of
	// these, but for some that were removed and added again.
	were, are map[string]uint64
	order     []string
}

func newKeysPlan(tx *bbolt.Tx) *keysPlan {
	return &keysPlan{tx: tx, dimensions: map[host.DynamicName]*dimensionPlan{}}
}

// changeAll makes changes one after the other.
func (p *keysPlan) changeAll(changes []host.PartitionKeysChange) error {
	for i := range changes {
		c := &changes[i]
		d, err := p.dimension(c.Name)
		if err != nil {
			return err
		}
		for _, key := range c.Remove {
			if err := d.remove(p.tx, key); err != nil {
				return err
			}
		}
		for _, key := range c.Add {
			if err := d.add(p.tx, key); err != nil {
				return err
			}
		}
		if d.total > host.MaxDynamicPartitions {
			return &host.Error{
				Code: host.Conflict, Reason: host.ReasonTooManyPartitions,
				Message: "dimension " + c.Name.Dimension + " would have more than 100,000 keys; nothing was changed",
				Remedy:  "remove keys that are not needed any more",
			}
		}
	}
	return nil
}

func (p *keysPlan) dimension(name host.DynamicName) (*dimensionPlan, error) {
	if d := p.dimensions[name]; d != nil {
		return d, nil
	}
	key, err := dimensionKey(name)
	if err != nil {
		return nil, err
	}
	d := &dimensionPlan{key: key, were: map[string]uint64{}, are: map[string]uint64{}}
	if d.next, d.total, err = partitionTotals(p.tx, key); err != nil {
		return nil, err
	}
	p.dimensions[name] = d
	return d, nil
}

// place is where a key is now.
func (d *dimensionPlan) place(tx *bbolt.Tx, key string) (uint64, error) {
	if place, touched := d.are[key]; touched {
		return place, nil
	}
	place, err := partitionPlace(tx, d.key, key)
	return place, err
}

func (d *dimensionPlan) remove(tx *bbolt.Tx, key string) error {
	place, err := d.place(tx, key)
	if err != nil || place == 0 {
		return err
	}
	d.touch(key, place, 0)
	d.total--
	d.removed++
	return nil
}

func (d *dimensionPlan) add(tx *bbolt.Tx, key string) error {
	place, err := d.place(tx, key)
	if err != nil || place != 0 {
		return err
	}
	d.touch(key, place, d.next)
	d.next++
	d.total++
	d.added++
	return nil
}

func (d *dimensionPlan) touch(key string, was, is uint64) {
	if _, again := d.were[key]; !again {
		d.were[key] = was
		d.order = append(d.order, key)
	}
	d.are[key] = is
}

// write makes the changes.
func (p *keysPlan) write(x *txn) {
	for _, d := range p.dimensions {
		if len(d.order) == 0 { // nothing is touched
			continue
		}
		for key, was := range d.were {
			if was != 0 {
				x.del(bucketPartitions, partitionRow(d.key, partitionByPlace, seqKey(was)...))
				x.del(bucketPartitions, partitionRow(d.key, partitionByKey, []byte(key)...))
			}
		}
		// In the order of the rows: within a transaction, what comes before many others takes long.
		for _, key := range slices.Sorted(maps.Keys(d.are)) {
			if is := d.are[key]; is != 0 {
				row := partitionRow(d.key, partitionByKey, []byte(key)...)
				x.put(bucketPartitions, row, pack(row, seqKey(is)))
			}
		}
		for _, key := range d.order {
			if is := d.are[key]; is != 0 {
				row := partitionRow(d.key, partitionByPlace, seqKey(is)...)
				x.put(bucketPartitions, row, pack(row, []byte(key)))
			}
		}
		row := partitionRow(d.key, partitionCount)
		totals := binary.BigEndian.AppendUint64(seqKey(d.next), d.total)
		x.put(bucketPartitions, row, pack(row, totals))
	}
}
