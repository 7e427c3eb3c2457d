package hosttest

import (
	"context"
	"errors"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	c := NewClock()
	begin := c.Now()
	short, long := c.After(time.Second), c.After(time.Minute)
	select {
	case <-c.After(0):
	default:
		t.Error("no time at all does not pass at once")
	}
	c.Advance(999 * time.Millisecond)
	select {
	case <-short:
		t.Fatal("too early")
	default:
	}
	if err := c.Await(patience(t), time.Minute); err != nil {
		t.Fatal(err)
	}
	if at := <-short; !at.Equal(c.Now()) {
		t.Errorf("got %s", at)
	}
	<-long
	if got := c.Now().Sub(begin); got != time.Minute+999*time.Millisecond {
		t.Errorf("%s have passed", got)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := c.AwaitWaiter(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
