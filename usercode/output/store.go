package output

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// ErrNotFound is in the chain of errors about a name that the store does not have.
var ErrNotFound = errors.New("it is not there")

// Store keeps byte strings by name. All methods are safe for concurrent use, by any number of processes as well; they
// return soon after ctx has ended, and try again by themselves what a network may lose.
//
// A name has parts between slashes; see [CheckName]. One that has names below it is not itself the name of something.
type Store interface {
	// Put stores data under the name. When it has returned nil, the data survives a loss of power; when it has returned
	// an error, the name may be as before or have the data, and nothing between: a reader never sees a part. What the
	// name had before is replaced. Data is not kept.
	Put(ctx context.Context, name string, data []byte) error
	// Get is the data of the name, the caller's to change. More than limit bytes are an error. ErrNotFound says that
	// there is no such name.
	Get(ctx context.Context, name string, limit int64) ([]byte, error)
	// Copy makes the data of one name that of another, too, as durably as Put and without moving it through this process
	// where the store can. Deleting one leaves the other. ErrNotFound says that there is no from.
	Copy(ctx context.Context, from, to string) error
	// List is every name below prefix: those that begin with it and a slash. Sorted; none is no error.
	List(ctx context.Context, prefix string) ([]string, error)
	// Delete removes the name, and every name below it. What is not there is no error.
	Delete(ctx context.Context, name string) error
	// Close frees what the store holds in this process. Nothing else may be called then.
	Close() error
}

// Limits of names.
const (
	maxNameParts = 8
	maxPartBytes = 200
)

// CheckName says whether a store can have the name: up to 8 parts between slashes, each of at most 200 letters,
// digits, '.', '_' and '-', and none that begins with a dot. So no name is a way out of the place of a store.
func CheckName(name string) error {
	parts := strings.Split(name, "/")
	if len(parts) > maxNameParts {
		return fmt.Errorf("%.100q is no name of an output: it has more than %d parts", name, maxNameParts)
	}
	for _, part := range parts {
		if part == "" || len(part) > maxPartBytes || part[0] == '.' || strings.ContainsFunc(part, notInName) {
			return fmt.Errorf("%.100q is no name of an output: each part has 1 to %d letters, digits, '.', '_' and '-', and begins with no dot", name, maxPartBytes)
		}
	}
	return nil
}

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
}
