package boltstore

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// drawRun makes a run by chance; many of its fields are empty.
func drawRun(t *rapid.T) host.Run {
	text := rapid.SampledFrom([]string{"", "a", "é\x00", "some longer text that needs more than one byte of length: " +
		"0123456789012345678901234567890123456789012345678901234567890123456789"})
	raw := rapid.SampledFrom([][]byte{nil, {}, {0}, []byte("{}")})
	when := rapid.SampledFrom([]time.Time{
		{}, time.Unix(0, 0), time.Unix(0, 1), time.Unix(1_770_000_000, 0), time.Unix(9_000_000_000, 999_999_999).In(time.FixedZone("", 3600)), time.Now(),
	})
	snapshot := func(label string) host.Snapshot {
		return host.Snapshot{ServerInfo: raw.Draw(t, label), CodeVersion: text.Draw(t, label), MetadataEntries: rapid.Uint32().Draw(t, label)}
	}
	r := newRun().Run
	r.Job.Location, r.StatusReason, r.Attempt = text.Draw(t, "location"), text.Draw(t, "reason"), rapid.Uint32().Draw(t, "attempt")
	r.ConfigJSON, r.Launched, r.StartedFrom = raw.Draw(t, "config"), snapshot("launched"), snapshot("started from")
	r.Seq, r.CreatedAt = rapid.Uint64Min(1).Draw(t, "seq"), when.Draw(t, "created")
	r.StartedAt, r.EndedAt, r.WaitingSince = when.Draw(t, "started"), when.Draw(t, "ended"), when.Draw(t, "waiting")
	r.Waited, r.RetryDue = time.Duration(rapid.IntRange(0, 2e9).Draw(t, "waited")), rapid.Bool().Draw(t, "due")
	r.Tags = []tag.Tag{{Key: text.Draw(t, "key"), Value: text.Draw(t, "value"), EditedBy: text.Draw(t, "by"), EditedAt: when.Draw(t, "at")}}[:rapid.IntRange(0, 1).Draw(t, "tags")]
	r.Current = host.AttemptState{TokenSHA256: raw.Draw(t, "token"), StartingAt: when.Draw(t, "starting"), CancelingAt: when.Draw(t, "canceling")}
	return r
}

// TestNewRecord completes records, which then are what encoding the whole run makes.
func TestNewRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := drawRun(t)
		if run.CreatedAt.IsZero() {
			run.CreatedAt = time.Unix(1, 0)
		}
		want, err := marshalRun(&run)
		if err != nil {
			t.Fatal(err)
		}
		other := run
		other.Seq, other.CreatedAt = 7, time.Unix(7, 7)
		r, err := newRecordOf(&other)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if got := r.complete(run.Seq, run.CreatedAt); !bytes.Equal(got, want) {
				t.Fatalf("got  %x\nwant %x", got, want)
			}
		}
	})
}

// TestDetached copies runs: the copy is what storing and reading makes, and nothing of it changes with the original.
func TestDetached(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run := drawRun(t)
		payload, err := marshalRun(&run)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := readRun(payload)
		if err != nil {
			t.Fatal(err)
		}
		got := detached(&run)
		if len(run.Tags) > 0 {
			run.Tags[0].Key = "spoilt"
		}
		for _, b := range [][]byte{run.ConfigJSON, run.Launched.ServerInfo, run.StartedFrom.ServerInfo, run.Current.TokenSHA256} {
			clear(b)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got  %+v\nwant %+v", got, want)
		}
	})
}
