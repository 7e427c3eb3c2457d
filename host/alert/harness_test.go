package alert_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childStore); dir != "" {
		child(dir)
	}
	goleak.VerifyTestMain(m)
}

// noting is a store that tells what becomes of messages.
type noting struct {
	*boltstore.Store

	puts chan host.Alert
	// added gets the names of rules that are stored, again with each progress.
	added chan string
	// full makes PutAlert fail as often.
	full atomic.Int32
}

// ChangeAlerts implements host.Store.
func (s *noting) ChangeAlerts(ctx context.Context, c host.AlertChange) error {
	err := s.Store.ChangeAlerts(ctx, c)
	if err == nil {
		for _, r := range c.Rules {
			s.added <- r.Name
		}
	}
	return err
}

// PutAlert implements host.Store.
func (s *noting) PutAlert(ctx context.Context, a host.Alert, tries uint32) error {
	if s.full.Add(-1) >= 0 {
		return &host.Error{Code: host.Unavailable, Reason: host.ReasonFull, Message: "the disk is full"}
	}
	err := s.Store.PutAlert(ctx, a, tries)
	if err == nil {
		s.puts <- a
	}
	return err
}

// fixture is an Alerter over a real store.
type fixture struct {
	t       *testing.T
	dir     string
	clock   *hosttest.Clock
	feed    *host.Feed
	store   *noting
	log     *lockedLog
	alerter *alert.Alerter
	client  *http.Transport
}

// lockedLog is a log that may be read while it is written.
type lockedLog struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lockedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), clock: hosttest.NewClock(), feed: &host.Feed{}, log: &lockedLog{}, client: &http.Transport{}}
	f.open()
	t.Cleanup(func() {
		f.stop()
		f.client.CloseIdleConnections()
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	s, err := boltstore.Open(f.dir, &boltstore.Options{Clock: f.clock, OnChange: f.feed.Publish})
	if err != nil {
		f.t.Fatal(err)
	}
	f.store = &noting{Store: s, puts: make(chan host.Alert, 10_000), added: make(chan string, 100_000)}
}

// start starts an Alerter with rules.
func (f *fixture) start(rules ...alert.Rule) {
	f.t.Helper()
	f.alerter = newAlerter(f.store, f.feed, f.clock, f.client, slog.New(slog.NewTextHandler(f.log, nil)), rules)
	if err := f.alerter.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func newAlerter(store host.Store, feed *host.Feed, clock host.Clock, client *http.Transport, log *slog.Logger, rules []alert.Rule) *alert.Alerter {
	return alert.New(alert.Options{
		Store: store, Feed: feed, Rules: rules, Address: "http://penstock.test:3000", Transport: client,
		MetadataTexts: func(body []byte) ([]host.MetadataText, error) {
			key, text, _ := strings.Cut(string(body), "=")
			return []host.MetadataText{{Key: key, Text: text}}, nil
		},
		NewID: func() string { id := uuid.New(); return hex.EncodeToString(id[:]) },
		Clock: clock, Logger: log, Metrics: alert.NewMetrics(),
	})
}

func (f *fixture) stop() {
	if f.alerter != nil {
		f.alerter.Stop()
	}
	f.alerter = nil
}

// restart stops the Alerter, opens the store again and starts another one.
func (f *fixture) restart(rules ...alert.Rule) {
	f.t.Helper()
	f.stop()
	if err := f.store.Close(); err != nil {
		f.t.Fatal(err)
	}
	f.open()
	f.start(rules...)
}

func (f *fixture) rule(text alert.RuleText) alert.Rule {
	f.t.Helper()
	return f.ruleBy(text, nil)
}

func (f *fixture) ruleBy(text alert.RuleText, server *alert.MailServer) alert.Rule {
	f.t.Helper()
	r, problems := alert.NewRule(text, server)
	if len(problems) > 0 {
		f.t.Fatal(problems)
	}
	return r
}

// run adds a queued run of a job.
func (f *fixture) run(job string, tags ...tag.Tag) host.RunID {
	f.t.Helper()
	id := host.RunID(uuid.Must(uuid.NewV7()).String())
	if _, _, err := f.store.CreateRun(f.t.Context(), host.NewRun{
		RequestID: "request-" + string(id),
		Run: host.Run{
			ID: id, Job: host.JobName{Location: "l", Repository: "r", Job: job}, Status: host.Queued, CreatedAt: f.clock.Now(), Tags: tags,
		},
	}); err != nil {
		f.t.Fatal(err)
	}
	return id
}

// update changes a run.
func (f *fixture) update(id host.RunID, change func(*host.Run)) {
	f.t.Helper()
	if _, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		change(r)
		return nil, nil
	}); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) end(id host.RunID, status host.RunStatus, reason string) {
	f.t.Helper()
	f.update(id, func(r *host.Run) { r.Status, r.StatusReason, r.EndedAt = status, reason, f.clock.Now() })
}

// ended adds a run that has ended.
func (f *fixture) ended(job string, status host.RunStatus, reason string, tags ...tag.Tag) host.RunID {
	f.t.Helper()
	id := f.run(job, tags...)
	f.end(id, status, reason)
	return id
}

// awaitDelivered waits until n messages of a rule were delivered, whatever becomes of others.
func (f *fixture) awaitDelivered(rule string, n int) {
	f.t.Helper()
	f.await(rule, n, func(a host.Alert) bool { return !a.DeliveredAt.IsZero() })
}

func (f *fixture) await(rule string, n int, is func(host.Alert) bool) {
	f.t.Helper()
	for n > 0 {
		select {
		case a := <-f.store.puts:
			if a.Rule == rule && is(a) {
				n--
			}
		case <-f.t.Context().Done():
			f.t.Fatal("the test took too long")
		}
	}
}

// awaitRule waits until a rule is stored, though it may have been before.
func (f *fixture) awaitRule(rule string) {
	f.t.Helper()
	for {
		select {
		case name := <-f.store.added:
			if name == rule {
				return
			}
		case <-f.t.Context().Done():
			f.t.Fatal("the test took too long")
		}
	}
}

// standing is how a rule stands.
func (f *fixture) standing(rule string) alert.Standing {
	f.t.Helper()
	all, err := f.alerter.List(f.t.Context())
	if err != nil {
		f.t.Fatal(err)
	}
	for _, s := range all {
		if s.Rule.Name == rule {
			return s
		}
	}
	f.t.Fatalf("there is no rule %q", rule)
	return alert.Standing{}
}

// last is the last message of a rule.
func (f *fixture) last(rule string) host.Alert {
	f.t.Helper()
	s := f.standing(rule)
	if len(s.Last) == 0 {
		f.t.Fatalf("rule %s has no messages", rule)
	}
	return s.Last[0]
}

// rest waits until a courier rests for d, and lets that pass.
func (f *fixture) rest(d time.Duration) {
	f.t.Helper()
	if err := f.clock.Await(f.t.Context(), d); err != nil {
		f.t.Fatal(err)
	}
}

// receiver is a webhook. It takes what it gets unless refuse says otherwise.
type receiver struct {
	*httptest.Server

	got    chan received
	refuse atomic.Pointer[http.HandlerFunc]
}

// received is a message.
type received struct {
	id   string
	body struct {
		Text     string `json:"text"`
		Delivery string `json:"delivery"`
		Rule     string `json:"rule"`
		About    string `json:"about"`
		Test     bool   `json:"test"`
		Run      struct {
			ID      string            `json:"id"`
			Job     string            `json:"job"`
			Status  string            `json:"status"`
			Reason  string            `json:"reason"`
			URL     string            `json:"url"`
			Failure string            `json:"failure_reason"`
			Tags    map[string]string `json:"tags"`
			Ended   time.Time         `json:"ended_at"`
		} `json:"run"`
	}
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{got: make(chan received, 10_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if refuse := r.refuse.Load(); refuse != nil {
			(*refuse)(w, req)
			return
		}
		m := received{id: req.Header.Get("Idempotency-Key")}
		if err := json.NewDecoder(req.Body).Decode(&m.body); err != nil {
			t.Error(err)
		}
		r.got <- m
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) refuseWith(h http.HandlerFunc) { r.refuse.Store(&h) }
func (r *receiver) takeAgain()                    { r.refuse.Store(nil) }

// wantRuns checks that the receiver got messages about these runs, in any order, and no others yet.
func (r *receiver) wantRuns(t *testing.T, want ...host.RunID) []received {
	t.Helper()
	var all []received
	missing := map[string]int{}
	for _, id := range want {
		missing[string(id)]++
	}
	for range want {
		select {
		case m := <-r.got:
			all = append(all, m)
			if missing[m.body.Run.ID]--; missing[m.body.Run.ID] < 0 {
				t.Errorf("got a message that nobody expects: %+v", m)
			}
		case <-t.Context().Done():
			t.Fatal(errors.New("the test took too long"))
		}
	}
	select {
	case m := <-r.got:
		t.Errorf("got one message more: %+v", m)
	default:
	}
	return all
}

func launchTag(key, value string) tag.Tag {
	return tag.Tag{Key: key, Value: value, Origin: tag.OriginLaunch}
}

func hookRule(name, when, url string) alert.RuleText {
	return alert.RuleText{Name: name, When: when, URL: fmt.Sprintf("%s/%s", url, name)}
}
