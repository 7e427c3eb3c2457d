package automation_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host/automation"
)

func TestCrowdAtOneLocationHoldsUpNoOther(t *testing.T) {
	turns := automation.NewTurns()
	ctx, cancel := context.WithCancel(t.Context())
	var crowd sync.WaitGroup
	held := make(chan func(), 100)
	for range 100 {
		crowd.Go(func() {
			if done, err := turns.Take(ctx, "crowded"); err == nil {
				held <- done
			}
		})
	}
	for range 8 {
		defer (<-held)()
	}
	for i := range 50 { // as many as there are beside
		done, err := turns.Take(t.Context(), fmt.Sprint("other", i))
		if err != nil {
			t.Fatal(err)
		}
		defer done()
	}
	select {
	case <-held:
		t.Error("more than 8 have a turn at one location")
	default:
	}
	cancel()
	crowd.Wait()
}

func TestTurnsInAll(t *testing.T) {
	turns := automation.NewTurns()
	var dones []func()
	for i := range 64 {
		done, err := turns.Take(t.Context(), fmt.Sprint("l", i/8))
		if err != nil {
			t.Fatal(err)
		}
		dones = append(dones, done)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turns.Take(ctx, "one more"); err == nil {
		t.Error("there are more than 64 in all")
	}
	dones[0]()
	if done, err := turns.Take(t.Context(), "one more"); err != nil {
		t.Errorf("a turn that was given back is not there: %v", err)
	} else {
		done()
	}
}
