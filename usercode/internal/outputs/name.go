package outputs

import (
	"encoding/hex"
	"fmt"
)

// runsPrefix and memoPrefix begin the names of everything that is stored.
const (
	runsPrefix = "runs/"
	memoPrefix = "memo/"
	// markPrefix begins the names, inside of a run, that say which memo records are about it.
	markPrefix = "memo."
)

// address is where a run has an output, and its name in events.
func address(run string, digest [32]byte) string {
	return runsPrefix + run + "/" + hex.EncodeToString(digest[:])
}

func memoName(key [32]byte) string { return memoPrefix + hex.EncodeToString(key[:]) }

func markName(run string, key [32]byte) string {
	return runsPrefix + run + "/" + markPrefix + hex.EncodeToString(key[:])
}

// CheckRun says whether id is a run's: a UUID in lower case, so that it never leads out of its place.
func CheckRun(id string) error {
	if len(id) != 36 {
		return fmt.Errorf("%.64q is no run id, which is a UUID in lower case", id)
	}
	for i, c := range []byte(id) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash && c != '-' || !dash && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("%.64q is no run id, which is a UUID in lower case", id)
		}
	}
	return nil
}
