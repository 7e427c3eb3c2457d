package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/metadata"
)

// logged is the events of kind log that an op makes.
func logged(t *testing.T, write func(*slog.Logger)) []*workerv1.Event {
	t.Helper()
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) {
		write(spec.ExecutionFrom(ctx).Logger)
		return nil, nil
	}))
	r, _ := execute(t, t.Context(), a, Options{})
	var events []*workerv1.Event
	for _, ev := range r.events {
		if ev.GetLog() != nil {
			events = append(events, ev)
		}
		if b, err := proto.Marshal(ev); err != nil || len(b) > maxEventBytes {
			t.Errorf("event %s does not fit: %d bytes, %v", ev.GetKind(), len(b), err)
		}
	}
	return events
}

func attributes(ev *workerv1.Event) string {
	var b strings.Builder
	for _, e := range ev.GetLog().GetAttributes() {
		fmt.Fprintf(&b, "%s:%s=%v ", e.GetKey(), e.GetKind(), e.GetValue())
	}
	return b.String()
}

func TestLogRecordsBecomeEvents(t *testing.T) {
	events := logged(t, func(log *slog.Logger) {
		log.With("team", "data").WithGroup("load").Warn("slow", "rows", 12, "took", time.Second, slog.Group("db", "name", "orders"))
		log.Debug("link", "docs", metadata.URL("https://example.com"), "err", errors.New("broken"), "odd", struct{ A int }{7})
	})
	if len(events) != 2 || events[0].GetLog().GetLevel() != 4 || events[1].GetLog().GetLevel() != -4 || events[0].GetMessage() != "slow" || events[0].GetOpPath() != "op" {
		t.Fatalf("events: got %v", events)
	}
	for i, keys := range []string{"team:text load.rows:int load.took:text load.db.name:text", "docs:url err:text odd:text"} {
		var got []string
		for _, e := range events[i].GetLog().GetAttributes() {
			got = append(got, e.GetKey()+":"+e.GetKind())
		}
		if strings.Join(got, " ") != keys {
			t.Errorf("attributes: got %q, want %q", got, keys)
		}
	}
	if got := attributes(events[1]); !strings.Contains(got, "{broken}") || !strings.Contains(got, "{A:7}") {
		t.Errorf("values: got %s", got)
	}
}

func TestLogTakesAnything(t *testing.T) {
	events := logged(t, func(log *slog.Logger) {
		log.Info("bad \xff byte "+strings.Repeat("é", 80<<10), "key\x00\xff", "v\xff", "", 1, "k", 1, "k", 2, "time", time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC))
		args := []any{}
		for i := range 300 {
			args = append(args, fmt.Sprint("k", i), strings.Repeat("x", 1000))
		}
		log.Info("many", args...)
		log.Info("large", "a", strings.Repeat("x", 1<<20), "b", strings.Repeat("y", 1<<20), "c", strings.Repeat("z", 1<<20))
		log.Info("panics", "v", spiteful{}, "lv", panickyValuer{})
	})
	if len(events) != 4 {
		t.Fatalf("got %d events, want 4", len(events))
	}
	message := events[0].GetMessage()
	if !utf8.ValidString(message) || len(message) > maxMessageBytes || !strings.HasSuffix(message, ellipsis) || !strings.HasPrefix(message, "bad \uFFFD byte") {
		t.Errorf("message: %d bytes, %.40q", len(message), message)
	}
	if got := attributes(events[0]); !strings.Contains(got, "k:int=&{2}") || strings.Contains(got, "k:int=&{1}") || !strings.Contains(got, "(no key):int") {
		t.Errorf("attributes: got %s", got)
	}
	for i, left := range map[int]int64{1: 117, 2: 1} {
		list := events[i].GetLog().GetAttributes()
		if last := list[len(list)-1]; last.GetKey() != truncatedKey || last.GetInt() == 0 {
			t.Errorf("event %d: last attribute is %v, want %s about %d", i, last, truncatedKey, left)
		}
	}
}

type panickyValuer struct{}

func (panickyValuer) LogValue() slog.Value { panic("no value") }

func TestNothingFollowsTheLastEvent(t *testing.T) {
	var log *slog.Logger
	a := attempt(place("op", func(ctx context.Context, _ []any) (any, error) {
		log = spec.ExecutionFrom(ctx).Logger
		return nil, nil
	}))
	r, _ := execute(t, t.Context(), a, Options{})
	n := len(r.events)
	log.Info("from a goroutine that was left behind")
	if len(r.events) != n {
		t.Errorf("events after run_finished: %q", r.story())
	}
}

func FuzzClean(f *testing.F) {
	f.Add("plain", 10)
	f.Add("\xff\xfe\xfd\xfc", 4)
	f.Add("ééééé", 7)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 4 || limit > 1<<16 {
			return
		}
		got := clean(s, limit)
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("clean(%q, %d) = %q", s, limit, got)
		}
		if len(s) <= limit && utf8.ValidString(s) && got != s {
			t.Errorf("clean(%q, %d) changed it to %q", s, limit, got)
		}
	})
}
