package compat

import (
	"context"
	"crypto/rand"
	"flag"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// sideBySide is how many tests run at a time, on however small a machine: most of their time they wait for a host's
// patience or its next probe.
const sideBySide = 4

func TestMain(m *testing.M) {
	flag.Parse()
	if given := flag.Lookup("test.parallel").Value; given.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = given.Set(strconv.Itoa(sideBySide)) // a number it is
	}
	goleak.VerifyTestMain(m)
}

// clock is the time package.
type clock struct{}

func (clock) Now() time.Time                         { return time.Now() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// patience is a context that ends with the test's patience; machines are shared.
func patience(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// newCanary is a text that is nowhere else.
func newCanary() string { return "canary" + strings.ToLower(rand.Text()) }

// healthy is a peer beside the one that a test is about.
func healthy(t *testing.T) Subject {
	t.Helper()
	return Peer{Behavior: declaring(versioncheck.Protocol), Want: Want{State: ready}}.Run(t, "healthy", newCanary())
}

// inspected fails the test with all findings.
func inspected(t *testing.T, h Host, s Subject) {
	t.Helper()
	found, err := Inspect(patience(t), h, s)
	for _, f := range found {
		t.Errorf("%s: %s", s.Location, f)
	}
	if err != nil {
		t.Error(err)
	}
}

// settled waits until a location is what it must be, or fails the test.
func settled(t *testing.T, p *Process, s Subject) {
	t.Helper()
	state := host.LocationState(strings.TrimPrefix(s.Want.State.String(), "LOCATION_STATE_"))
	_, err := p.AwaitLocation(patience(t), s.Location, func(l workspace.Location) bool {
		code := ""
		if l.Fault != nil {
			code = l.Fault.Code
		}
		return l.State == state && code == s.Want.Code
	})
	if err != nil {
		t.Fatal(err)
	}
}
