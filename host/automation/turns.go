package automation

import (
	"context"
	"sync"
)

const (
	// atLocation is how many evaluations one location has at a time, inAll how many there are of all locations.
	atLocation = 8
	inAll      = 64
)

// Turns bounds how many evaluations are under way. One that hangs keeps only its own location waiting, as long as fewer
// than inAll hang. All methods may be called concurrently.
type Turns struct {
	all chan struct{}

	mu sync.Mutex
	at map[string]*turn
}

// turn is the places of a location; users counts who holds or waits for one.
type turn struct {
	places chan struct{}
	users  int
}

// NewTurns returns Turns that nobody has taken.
func NewTurns() *Turns { return &Turns{all: make(chan struct{}, inAll), at: map[string]*turn{}} }

// Take waits for a turn at a location. Call done afterwards; it is nil with an error, which is that of ctx.
func (t *Turns) Take(ctx context.Context, location string) (done func(), err error) {
	here := t.enter(location)
	select {
	case here.places <- struct{}{}:
	case <-ctx.Done():
		t.leave(location)
		return nil, ctx.Err()
	}
	// Only who has a place at the location waits for one of all, so that a crowded location holds up no other.
	select {
	case t.all <- struct{}{}:
	case <-ctx.Done():
		<-here.places
		t.leave(location)
		return nil, ctx.Err()
	}
	return func() {
		<-t.all
		<-here.places
		t.leave(location)
	}, nil
}

func (t *Turns) enter(location string) *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	here := t.at[location]
	if here == nil {
		here = &turn{places: make(chan struct{}, atLocation)}
		t.at[location] = here
	}
	here.users++
	return here
}

func (t *Turns) leave(location string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if here := t.at[location]; here.users > 1 {
		here.users--
	} else {
		delete(t.at, location)
	}
}
