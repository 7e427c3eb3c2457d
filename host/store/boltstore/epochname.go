package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	berrors "go.etcd.io/bbolt/errors"
)

// epochName is an epoch of events as meta.db names it. What is named there exists; what is not named is none of the
// store's. So a file is made before it is named, and is marked as going before it is removed.
type epochName struct {
	number uint64
	// created is when it became the current one; zero when that is not known.
	created time.Time
	// going tells that all of it lies in other epochs and its file is to be removed.
	going bool
}

// epochNameLen is that of an epoch in the record: BE64 number, BE64 nanoseconds of created, 1 when it is going.
const epochNameLen = 8 + 8 + 1

// epochsRecord is how names are stored, in order of their numbers.
func epochsRecord(names []epochName) []byte {
	p := make([]byte, 0, len(names)*epochNameLen)
	for _, n := range names {
		p = binary.BigEndian.AppendUint64(p, n.number)
		nanos, going := uint64(0), byte(0)
		if !n.created.IsZero() {
			nanos = uint64(n.created.UnixNano())
		}
		if n.going {
			going = 1
		}
		p = append(binary.BigEndian.AppendUint64(p, nanos), going)
	}
	return pack(metaEpochs, p)
}

// epochsOf reads an epochsRecord.
func epochsOf(value []byte) (names []epochName, err error) {
	payload, err := unpack(string(bucketMeta), metaEpochs, value)
	if err != nil {
		return nil, err
	}
	if len(payload) == 0 || len(payload)%epochNameLen != 0 {
		return nil, damaged(string(bucketMeta), metaEpochs, fmt.Errorf("%d bytes are no names of epochs", len(payload)))
	}
	for one := range slices.Chunk(payload, epochNameLen) {
		n := epochName{number: binary.BigEndian.Uint64(one), going: one[16] == 1}
		if nanos := binary.BigEndian.Uint64(one[8:]); nanos > 0 {
			n.created = time.Unix(0, int64(nanos)).UTC()
		}
		if len(names) > 0 && names[len(names)-1].number >= n.number {
			return nil, damaged(string(bucketMeta), metaEpochs, fmt.Errorf("epoch %d does not come before %d", names[len(names)-1].number, n.number))
		}
		names = append(names, n)
	}
	if names[len(names)-1].going {
		return nil, damaged(string(bucketMeta), metaEpochs, errors.New("none of its epochs takes events"))
	}
	return names, nil
}

// putEpochs names the epochs, the last of which is the current one.
func (x *txn) putEpochs(names []epochName) {
	x.put(bucketMeta, metaEpochs, epochsRecord(names))
	x.put(bucketMeta, metaEpoch, seqKey(names[len(names)-1].number))
}

// eventsName is the file of an epoch's events.
func eventsName(epoch uint64) string { return fmt.Sprintf("events-%06d.db", epoch) }

// unnamedEpochs are the numbers of files of events in dir that are not among names, in order.
func unnamedEpochs(dir string, names []epochName) (numbers []uint64, err error) {
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for events: %w", err)
	}
	for _, entry := range entries {
		var number uint64
		if _, err := fmt.Sscanf(entry.Name(), "events-%d.db", &number); err != nil || entry.Name() != eventsName(number) {
			continue
		}
		if !slices.ContainsFunc(names, func(n epochName) bool { return n.number == number }) {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// surveyEpochs looks at the files of events without writing. known is what meta.db says; complete that the store was made
// completely, so that all which it names must be there.
func surveyEpochs(dir string, known facts, store *string, complete bool) error {
	for _, n := range known.epochs {
		if n.going {
			continue
		}
		path := present(filepath.Join(dir, eventsName(n.number)))
		f, err := surveyFile(path, store, complete || n.number > 1)
		if err != nil {
			return err
		}
		if f.epoch != n.number && f.epoch != 0 {
			return damagedFile(path, fmt.Errorf("it holds the events of epoch %d, not of %d", f.epoch, n.number))
		}
	}
	unnamed, err := unnamedEpochs(dir, known.epochs)
	if err != nil {
		return err
	}
	for _, number := range unnamed {
		if err := strayEpoch(filepath.Join(dir, eventsName(number)), number, known); err != nil {
			return err
		}
	}
	return nil
}

// strayEpoch is the error of a file that meta.db does not name and that has events, if it cannot be an older one.
func strayEpoch(path string, number uint64, known facts) error {
	if number <= known.currentEpoch() {
		return nil
	}
	has, err := holdsEvents(path)
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		return err
	case err != nil:
		return damagedFile(path, fmt.Errorf("it may have events, and %s does not name it: %w", metaName, err))
	case has:
		return damagedFile(path, fmt.Errorf("it has events, and %s does not name it: that one must be older", metaName))
	}
	return nil
}
