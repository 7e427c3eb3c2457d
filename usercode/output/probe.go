package output

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"fmt"
)

// Probe stores something, reads it and deletes it, so that a wrong location, missing rights and a full disk show before
// a run needs the store.
func Probe(ctx context.Context, s Store) error {
	random := make([]byte, 16)
	if _, err := crand.Read(random); err != nil {
		return fmt.Errorf("try the output store: %w", err)
	}
	name := "probe/" + hex.EncodeToString(random)
	if err := s.Put(ctx, name, random); err != nil {
		return fmt.Errorf("try the output store: %w", err)
	}
	got, err := s.Get(ctx, name, int64(len(random)))
	if err == nil && string(got) != string(random) {
		err = fmt.Errorf("%s came back with other bytes than were stored", name)
	}
	if err != nil {
		return fmt.Errorf("try the output store: %w", err)
	}
	if err := s.Delete(ctx, name); err != nil {
		return fmt.Errorf("try the output store: %w", err)
	}
	return nil
}
