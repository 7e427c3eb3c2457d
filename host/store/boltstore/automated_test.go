package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// automatedAt is when the first tick of an automated store was.
var automatedAt = time.Unix(1_780_000_000, 0).UTC()

const automatedBackfill = "request of a backfill"

var (
	automatedSensor = host.AutomationName{Kind: host.SensorKind, Location: "here", Repository: "tutorial", Name: "sensor"}
	otherSensor     = host.AutomationName{Kind: host.SensorKind, Location: "here", Repository: "tutorial", Name: "other"}
)

// automate fills a store with two sensors, three ticks with a run each, two of which end, three partitions, and two
// backfills, one of which is retried.
func automate(t *testing.T, s *Store) {
	t.Helper()
	if err := s.PutAutomations(t.Context(), []host.Automation{
		{Name: automatedSensor, FirstSeen: automatedAt, Definition: []byte("definition")}, {Name: otherSensor, FirstSeen: automatedAt},
	}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		at := automatedAt.Add(time.Duration(i) * time.Minute)
		key := fmt.Sprint("key ", i)
		made, _, err := s.CreateTick(t.Context(), host.NewTick{
			Tick: host.Tick{Name: automatedSensor, At: at, Status: host.TickSuccess, EndedAt: at}, Version: uint64(i) + 1,
			Runs: []host.NewTickRun{{NewRun: newRun(), RunKey: key}},
			Next: host.Automation{From: at, Cursor: key}, Keys: []host.PartitionKeysChange{{Name: crashDimension, Add: []string{key}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		if i < 2 {
			updated(t, s, made.Runs[0].Run, func(r *host.Run) { r.Status = host.Success })
		}
	}
	for i := range 2 {
		id := string(newRun().Run.ID)
		if _, _, err := s.CreateBackfill(t.Context(), fmt.Sprint(automatedBackfill, i), host.Backfill{
			ID: id, State: host.BackfillRunning, CreatedAt: automatedAt, MaxOpenRuns: 1,
			Job: host.JobName{Location: "here", Repository: "tutorial", Job: "my_job"}, Partitions: []string{"a", "b"},
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.UpdateBackfill(t.Context(), id, func(b *host.Backfill) error {
			if b.Round = i; i > 0 {
				b.Retry = []int{1}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

// automation is all that a store has of it, with the damage that came beside.
type automation struct {
	Automations []host.Automation
	Ticks       []host.Tick
	Ended       []host.EndedRun
	Partitions  host.PartitionKeyPage
	Has, Used   map[string]bool
	Backfills   []host.Backfill
}

func readAutomation(t *testing.T, s *Store) (a automation, damage []error) {
	t.Helper()
	keys := []string{"key 0", "key 1", "key 2", "key 3"}
	for _, read := range []func() error{
		func() (err error) { a.Automations, err = s.Automations(t.Context()); return err },
		func() error {
			page, err := s.Ticks(t.Context(), automatedSensor, nil, time.Time{}, 10)
			a.Ticks = page.Ticks
			return err
		},
		func() (err error) { a.Ended, err = s.EndedRuns(t.Context(), 0, 10); return err },
		func() (err error) {
			a.Partitions, err = s.PartitionKeys(t.Context(), crashDimension, "", 0, 10)
			return err
		},
		func() (err error) { a.Has, err = s.HasPartitionKeys(t.Context(), crashDimension, keys); return err },
		func() (err error) { a.Used, err = s.RunKeyUsed(t.Context(), automatedSensor, keys); return err },
		func() (err error) {
			a.Backfills, _, err = s.Backfills(t.Context(), host.JobName{}, "", 10)
			return err
		},
	} {
		if err := read(); err != nil {
			wantReason(t, "reading", err, host.Internal, reasonDamaged)
			damage = append(damage, err)
		}
	}
	return a, damage
}

// automated makes a closed store with all of it.
func automated(t *testing.T) (dir string, a automation) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	automate(t, s)
	a, _ = readAutomation(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, dir)
	return dir, a
}

// TestDamagedAutomationIsLeftOut flips a bit of one record of each kind: the others are there, the damage is told, and fsck
// tells of it.
func TestDamagedAutomationIsLeftOut(t *testing.T) {
	original, sound := automated(t)
	if len(sound.Automations) != 2 || len(sound.Ticks) != 3 || len(sound.Ended) != 2 || len(sound.Partitions.Keys) != 3 || len(sound.Used) != 3 || len(sound.Backfills) != 2 {
		t.Fatalf("the store has %+v", sound)
	}
	last := func([]byte) bool { return true }
	for name, c := range map[string]struct {
		bucket []byte
		pick   func(key []byte) bool
		left   func(a *automation) // what is left of what is there
	}{
		"Definition": {bucketAutomations, last, func(a *automation) { a.Automations = a.Automations[:1] }},
		"State":      {bucketCursors, last, func(a *automation) { a.Automations = a.Automations[:1] }},
		"Tick":       {bucketTicks, last, func(a *automation) { a.Ticks = a.Ticks[1:] }},
		"Ended":      {bucketEnded, last, func(a *automation) { a.Ended = a.Ended[:1] }},
		"Partition": {
			bucketPartitions, func(k []byte) bool { return bytes.HasSuffix(k, seqKey(2)) },
			func(a *automation) { a.Partitions.Keys = slices.Delete(slices.Clone(a.Partitions.Keys), 1, 2) },
		},
		"Backfill":           {bucketBackfills, last, func(a *automation) { a.Backfills = a.Backfills[1:] }},
		"BackfillPartitions": {bucketBackfillPartitions, last, func(a *automation) { a.Backfills = a.Backfills[1:] }},
		"RunKey":             {bucketRunKeys, last, func(*automation) {}}, // that it is used is known all the same
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, original)
			path := filepath.Join(dir, metaName)
			_, key, value := recordIn(t, path, c.bucket, c.pick)
			flip(t, path, value, 8*len(value)-1)
			want := sound
			c.left(&want)
			s, err := Open(dir, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, damage := readAutomation(t, s)
			if diff := cmp.Diff(want, got, cmpopts.EquateComparable(tag.Tag{})); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if named := fmt.Sprintf("record %x of bucket %s", key, c.bucket); name != "RunKey" && (len(damage) != 1 || !strings.Contains(damage[0].Error(), named)) {
				t.Errorf("damage %v, want one that names %q", damage, named)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			found, _ := problems(t, dir)
			if !slices.ContainsFunc(found, func(p Problem) bool { return strings.Contains(p.Message, fmt.Sprintf("record %x", key)) }) {
				t.Errorf("Fsck says %+v", found)
			}
		})
	}
}

func TestFsckOfAutomation(t *testing.T) {
	original, sound := automated(t)
	if found, _ := problems(t, original); len(found) > 0 {
		t.Fatalf("a sound store: %+v", found)
	}
	firstIn := func(tx *bbolt.Tx, bucket []byte) []byte {
		k, _ := tx.Bucket(bucket).Cursor().First()
		return bytes.Clone(k)
	}
	drop := func(bucket []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Delete(firstIn(tx, bucket)) }
	}
	dimension, _ := dimensionKey(crashDimension)
	row := func(which byte, rest string) []byte { return partitionRow(dimension, which, []byte(rest)...) }
	put := func(bucket, key, payload []byte) func(*bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(bucket).Put(key, pack(key, payload)) }
	}
	for name, c := range map[string]struct {
		spoil    func(*bbolt.Tx) error
		want     string
		repaired bool
	}{
		"DefinitionGone": {drop(bucketAutomations), errNoDefinition.Error(), false},
		"StateGone":      {drop(bucketCursors), errNoState.Error(), false},
		"AutomationGone": {func(tx *bbolt.Tx) error {
			return errors.Join(dropLast(tx, bucketAutomations), dropLast(tx, bucketCursors))
		}, "there is no such schedule or sensor", false},
		"EndedGone":     {put(bucketEnded, seqKey(4), append(make([]byte, idLen), 0)), "has a gap behind 2", false},
		"RunKeyOfNoRun": {put(bucketRunKeys, bytes.Repeat([]byte{0}, 20), []byte{99}), "there was no run 99", false},
		"KeyNotFound":   {func(tx *bbolt.Tx) error { return tx.Bucket(bucketPartitions).Delete(row(partitionByKey, "key 1")) }, "what the keys of its dimension do", true},
		"KeyElsewhere":  {put(bucketPartitions, row(partitionByKey, "key 1"), seqKey(3)), "what the keys of its dimension do", true},
		"KeyStray":      {put(bucketPartitions, row(partitionByKey, "key 9"), seqKey(9)), "what the keys of its dimension do", true},
		"KeySpoilt": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketPartitions).Put(row(partitionByKey, "key 1"), []byte("x"))
		}, "what the keys of its dimension do", true},
		"KeyTwice":       {put(bucketPartitions, row(partitionByPlace, string(seqKey(9))), []byte("key 1")), "what the keys of its dimension do", true},
		"CountWrong":     {put(bucketPartitions, row(partitionCount, ""), append(seqKey(4), seqKey(7)...)), "what the keys of its dimension do", true},
		"NextBehind":     {put(bucketPartitions, row(partitionCount, ""), append(seqKey(1), seqKey(3)...)), "what the keys of its dimension do", true},
		"CountGone":      {func(tx *bbolt.Tx) error { return tx.Bucket(bucketPartitions).Delete(row(partitionCount, "")) }, "what the keys of its dimension do", true},
		"PartitionsGone": {drop(bucketBackfillPartitions), "are missing", false},
		"BackfillGone":   {drop(bucketBackfills), "there is no such backfill", false},
		"RequestGone":    {drop(bucketBackfillRequests), "is not found by its request id", true},
		"RequestOfNoneKnown": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketBackfillRequests).Put([]byte("another request id"), firstIn(tx, bucketIDs))
		}, "is not the backfill that it began", true},
		"BucketGone": {func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketTicks) }, "bucket ticks is missing", false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := copied(t, original)
			change(t, filepath.Join(dir, metaName), c.spoil)
			found, _ := problems(t, dir)
			if !slices.ContainsFunc(found, func(p Problem) bool {
				return p.File == metaName && strings.Contains(p.Message, c.want) && p.Mendable == c.repaired
			}) {
				t.Fatalf("Fsck says %+v, want %q, mendable: %t", found, c.want, c.repaired)
			}
			if err := Repair(t.Context(), dir, smallChunks()); err != nil {
				t.Fatal(err)
			}
			if after, _ := problems(t, dir); (len(after) == 0) != c.repaired {
				t.Errorf("after Repair: %+v, want it sound: %t", after, c.repaired)
			}
			if !c.repaired {
				return
			}
			s := open(t, dir, nil)
			if got, damage := readAutomation(t, s); damage != nil || !reflect.DeepEqual(got, sound) {
				t.Errorf("after Repair there is %+v\nwant %+v (%v)", got, sound, damage)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func dropLast(tx *bbolt.Tx, bucket []byte) error {
	k, _ := tx.Bucket(bucket).Cursor().Last()
	return tx.Bucket(bucket).Delete(bytes.Clone(k))
}

// TestAutomationOutlivesItsFile compacts a store, takes a backup of it and restores that.
func TestAutomationOutlivesItsFile(t *testing.T) {
	dir, want := automated(t)
	if _, err := Compact(dir, nil); err != nil {
		t.Fatal(err)
	}
	s := open(t, dir, clocked())
	if got, damage := readAutomation(t, s); damage != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after Compact there is %+v, %v", got, damage)
	}
	backup := backedUp(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "store")
	if _, err := restoreInto(t, backup, other); err != nil {
		t.Fatal(err)
	}
	s = open(t, other, nil)
	if got, damage := readAutomation(t, s); damage != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("after Restore there is %+v, %v", got, damage)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestTickTellsOfItsRuns listens while ticks are made.
func TestTickTellsOfItsRuns(t *testing.T) {
	var told []host.Change
	s, _ := openNew(t, &Options{OnChange: func(c host.Change) { told = append(told, c) }})
	automate(t, s)
	told = nil
	n := host.NewTick{
		Tick: host.Tick{Name: otherSensor, At: automatedAt, Status: host.TickSuccess}, Version: 1,
		Runs: []host.NewTickRun{{NewRun: newRun(), RunKey: "k"}, {NewRun: newRun(), RunKey: "k"}, {NewRun: newRun()}},
	}
	for range 2 { // the second time it is there
		if _, _, err := s.CreateTick(t.Context(), n); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 2 || told[0].Run.ID != n.Runs[0].Run.ID || told[1].Run.ID != n.Runs[2].Run.ID {
		t.Fatalf("it told of %+v, want the first and the last run", told)
	}
	for i, c := range told {
		if c.Run.Seq != uint64(4+i) || !c.Events || c.LastEvent != (host.Cursor{Note: 1}) {
			t.Errorf("it told of %+v", c)
		}
	}
}

// TestFullDiskRefusesTicks lets the disk be nearly full: what adds is refused and leaves nothing, what removes goes on.
func TestFullDiskRefusesTicks(t *testing.T) {
	var free atomic.Uint64
	free.Store(1 << 40)
	s, _ := openNew(t, &Options{Free: func(string) (uint64, error) { return free.Load(), nil }})
	automate(t, s)
	want, _ := readAutomation(t, s)
	free.Store(minFree - 1)
	_, _, err := s.CreateTick(t.Context(), host.NewTick{
		Tick: host.Tick{Name: automatedSensor, At: automatedAt.Add(time.Hour), Status: host.TickSuccess}, Version: 4,
		Runs: []host.NewTickRun{{NewRun: newRun()}},
	})
	wantReason(t, "CreateTick", err, host.Unavailable, host.ReasonFull)
	added, _, _, err := s.ChangePartitionKeys(t.Context(), host.PartitionKeysChange{Name: crashDimension, Add: []string{"x"}})
	if wantReason(t, "ChangePartitionKeys", err, host.Unavailable, host.ReasonFull); added != 0 {
		t.Errorf("ChangePartitionKeys has added %d keys", added)
	}
	_, err = s.UpdateBackfill(t.Context(), want.Backfills[0].ID, func(*host.Backfill) error { return nil })
	wantReason(t, "UpdateBackfill", err, host.Unavailable, host.ReasonFull)
	if n, err := s.TidyTicks(t.Context(), automatedAt.Add(2*host.KeepTicks)); err != nil {
		t.Errorf("TidyTicks = %d, %v", n, err)
	}
	if got, damage := readAutomation(t, s); damage != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("there is %+v, want what was there", got)
	}
}

// TestStoreOfFormat4IsGivenWhatItLacks opens a store of before schedules: no copy is made, and an older host may still have it.
func TestStoreOfFormat4IsGivenWhatItLacks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	ended := updated(t, s, create(t, s).ID, func(r *host.Run) { r.Status = host.Success })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, metaName)
	change(t, path, func(tx *bbolt.Tx) (err error) {
		for _, bucket := range [][]byte{
			bucketAutomations, bucketCursors, bucketTicks, bucketRunKeys, bucketEnded, bucketPartitions, bucketBackfills,
			bucketBackfillPartitions, bucketBackfillRequests, bucketAlerts,
		} {
			err = errors.Join(err, tx.DeleteBucket(bucket))
		}
		return err
	})
	setMeta(t, path, map[string]uint64{string(metaFormat): 4, string(metaReader): 4})
	if found, checked := problems(t, dir); len(found) > 0 || checked.Format != 4 {
		t.Errorf("Fsck of format %d says %+v", checked.Format, found)
	}
	s = open(t, dir, &Options{rewriteStep: func(what string) error { return fmt.Errorf("it is rewritten: %s", what) }})
	automate(t, s)
	if a, damage := readAutomation(t, s); damage != nil || len(a.Ticks) != 3 || len(a.Ended) != 2 {
		t.Errorf("there is %+v, %v; want the two runs that ended since", a, damage)
	}
	if run, err := s.Run(t.Context(), ended.ID); err != nil || run.Status != host.Success {
		t.Errorf("Run = %+v, %v", run, err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, path, func(tx *bbolt.Tx) error {
		f, err := readFacts(tx)
		if f.format != formatVersion || f.reader != 4 {
			t.Errorf("it has format %d for readers of %d, want %d for those of 4", f.format, f.reader, formatVersion)
		}
		return err
	})
}
