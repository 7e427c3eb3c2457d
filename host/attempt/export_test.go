package attempt

import (
	"context"
	"slices"
	"strings"
)

// Limits of what is told and kept.
const (
	FeedLimit     = feedLimit
	MaxTagChanges = maxTagChanges
)

// Look is a look of the watch, with its decisions one after the other.
func (s *Sessions) Look(ctx context.Context) {
	suspects := s.suspects(s.o.Clock.Now())
	slices.SortFunc(suspects, func(a, b suspect) int { return strings.Compare(string(a.id), string(b.id)) })
	for _, x := range suspects {
		s.settle(ctx, x)
	}
}

// Live is how many runs are followed.
func (s *Sessions) Live() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.live)
}
