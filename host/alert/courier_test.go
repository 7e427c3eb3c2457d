package alert_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
)

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func any1(host.Alert) bool { return true }

func TestAReceiverThatIsDownGetsItLater(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	rule := f.rule(hookRule("a", "status=failure", r.URL))
	f.start(rule)
	r.refuseWith(status(http.StatusServiceUnavailable))
	first := f.ended("x", host.Failure, "")
	for _, rest := range []string{"1s", "2s", "4s", "8s", "16s", "32s", "1m"} {
		f.await("a", 1, any1)
		d, err := time.ParseDuration(rest)
		if err != nil {
			t.Fatal(err)
		}
		f.rest(d)
	}
	f.await("a", 1, any1)
	if last := f.last("a"); last.Tries != 8 || !last.Waits() || last.Error == "" || f.standing("a").Waiting != 1 {
		t.Errorf("the message stands as %+v", last)
	}
	second := f.ended("x", host.Failure, "")
	r.takeAgain()
	f.restart(rule) // which does not rest
	r.wantRuns(t, second, first)
	f.awaitDelivered("a", 2)
}

func TestASlowReceiverDelaysNoOther(t *testing.T) {
	f, slow, quick := newFixture(t), newReceiver(t), newReceiver(t)
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	slow.refuseWith(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-answer
	})
	f.start(f.rule(hookRule("slow", "status=failure", slow.URL)), f.rule(hookRule("quick", "status=failure", quick.URL)))
	first := f.ended("x", host.Failure, "")
	<-asked
	quick.wantRuns(t, first)
	second := f.ended("x", host.Failure, "")
	quick.wantRuns(t, second)
	slow.takeAgain()
	close(answer)
	slow.wantRuns(t, second)
	f.awaitDelivered("slow", 1)
}

func TestRetryAfter(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.start(f.rule(hookRule("a", "status=failure", r.URL)))
	headers := []string{"30", "Sun, 22 Nov 2026 10:05:00 GMT", "999999999", "soon"}
	rests := []time.Duration{30 * time.Second, 5 * time.Minute, time.Hour, 8 * time.Second}
	asked := 0 // the next request comes after the one before was answered
	r.refuseWith(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", "Sun, 22 Nov 2026 10:00:00 GMT")
		w.Header().Set("Retry-After", headers[asked])
		asked++
		w.WriteHeader(http.StatusTooManyRequests)
	})
	f.ended("x", host.Failure, "")
	for i, rest := range rests {
		if err := f.clock.AwaitWaiter(t.Context(), rest); err != nil {
			t.Fatalf("Retry-After %s: nobody waits for %s", headers[i], rest)
		}
		if i == len(rests)-1 {
			r.takeAgain()
		}
		f.clock.Advance(rest)
	}
	f.awaitDelivered("a", 1)
}

func TestGivesUpAfterADay(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.start(f.rule(hookRule("a", "status=failure", r.URL)))
	r.refuseWith(status(http.StatusNotFound))
	for range 3 {
		f.ended("x", host.Failure, "")
	}
	f.await("a", 1, any1)
	f.rest(alert.FirstRest)
	f.await("a", 1, any1)
	if err := f.clock.AwaitWaiter(t.Context(), 2*alert.FirstRest); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(alert.GiveUpAfter + time.Second)
	f.await("a", 3, func(a host.Alert) bool { return !a.GivenUpAt.IsZero() })
	s := f.standing("a")
	if s.Waiting != 0 || len(s.Last) != 3 || s.Last[0].Error == "" || s.Last[0].Waits() {
		t.Errorf("it stands as %+v", s)
	}
}

func TestWhatWasTakenIsNotSentAgainWhileItCannotBeNoted(t *testing.T) {
	f, r := newFixture(t), newReceiver(t)
	f.start(f.rule(hookRule("a", "status=failure", r.URL)))
	f.store.full.Store(3)
	id := f.ended("x", host.Failure, "")
	for range 3 {
		f.rest(30 * time.Second)
	}
	f.awaitDelivered("a", 1)
	r.wantRuns(t, id)
}
