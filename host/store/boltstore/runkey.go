package boltstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// Run keys are kept for ever, so their rows are small: the first bytes of the SHA-256 of the automationKey, then the run
// key, or its SHA-256 when it is longer than that; the value is the number of the run. Those of one schedule or sensor lie
// together and in their order, which is often that in which they come.
const (
	runKeyOwner         = 16
	maxPlainRunKey      = 48
	runKeyPlain    byte = 0
	runKeyHashed   byte = 1
)

var errNoRunKey = errors.New("it is not a run key and the number of a run")

// runKeyOf is the key of a run key in its bucket.
func runKeyOf(automation []byte, key string) []byte {
	owner := sha256.Sum256(automation)
	k := append(make([]byte, 0, runKeyOwner+1+maxPlainRunKey), owner[:runKeyOwner]...)
	if len(key) <= maxPlainRunKey {
		return append(append(k, runKeyPlain), key...)
	}
	sum := sha256.Sum256([]byte(key))
	return append(append(k, runKeyHashed), sum[:]...)
}

// runKeyRecord is the row of a run key.
func runKeyRecord(key []byte, run uint64) []byte {
	return pack(key, binary.AppendUvarint(nil, run))
}

// decodeRunKey checks a row of a run key, and returns the number of its run.
func decodeRunKey(key, value []byte) (run uint64, err error) {
	payload, err := unpack(string(bucketRunKeys), key, value)
	if err != nil {
		return 0, err
	}
	run, n := binary.Uvarint(payload)
	if n != len(payload) || run == 0 || len(key) <= runKeyOwner+1 {
		return 0, damaged(string(bucketRunKeys), key, errNoRunKey)
	}
	return run, nil
}

// runKeyUsed tells whether there is a row. One that is damaged is there: that it is used is all that it says.
func runKeyUsed(tx *bbolt.Tx, automation []byte, key string) bool {
	return tx.Bucket(bucketRunKeys).Get(runKeyOf(automation, key)) != nil
}

// RunKeyUsed implements host.Store.
func (s *Store) RunKeyUsed(ctx context.Context, name host.AutomationName, keys []string) (map[string]bool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	automation, err := automationKey(name)
	if err != nil {
		return nil, err
	}
	used := map[string]bool{}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		for _, key := range keys {
			if key != "" && runKeyUsed(tx, automation, key) {
				used[key] = true
			}
		}
		return nil
	})
	return used, err
}
