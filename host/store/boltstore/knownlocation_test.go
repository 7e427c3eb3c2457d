package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// knownHere makes a location with jobs whose definitions are these texts.
func knownHere(generation int, definitions ...string) (l host.KnownLocation, bodies map[host.Digest][]byte) {
	at := time.Unix(1_770_000_000, 0).UTC().Add(time.Duration(generation) * time.Minute)
	l = host.KnownLocation{
		Name: "here", ServerInfo: fmt.Append(nil, "report ", generation), LoadedAt: at, AnsweredAt: at,
		Repositories: []host.KnownRepository{{Name: "tutorial"}},
	}
	bodies = map[host.Digest][]byte{}
	for i, text := range definitions {
		bodies[digestOf([]byte(text))] = []byte(text)
		l.Repositories[0].Jobs = append(l.Repositories[0].Jobs, host.KnownJob{Name: fmt.Sprintf("job_%05d", i), Definition: digestOf([]byte(text))})
	}
	return l, bodies
}

func know(t testing.TB, s *Store, generation int, definitions ...string) {
	t.Helper()
	l, bodies := knownHere(generation, definitions...)
	if err := s.PutKnownLocation(t.Context(), l, bodies); err != nil {
		t.Fatal(err)
	}
}

func historyOf(t testing.TB, s *Store, job int) []host.JobPeriod {
	t.Helper()
	h, err := s.JobHistory(t.Context(), host.JobName{Location: "here", Repository: "tutorial", Job: fmt.Sprintf("job_%05d", job)}, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return h.Periods
}

// checkHistory checks what must hold of locations and histories whenever a store is closed.
func checkHistory(t testing.TB, tx *bbolt.Tx) error {
	t.Helper()
	current := map[string]*storev1.JobPeriod{} // by job
	var before []byte
	if err := tx.Bucket(bucketHistory).ForEach(func(k, v []byte) error {
		row, err := decodePeriod(k, v)
		if err != nil {
			return err
		}
		if before != nil && bytes.Equal(jobOfPeriod(before), jobOfPeriod(k)) && seqOfPeriod(k) != seqOfPeriod(before)+1 {
			t.Errorf("history: %x does not follow %x", k, before)
		}
		if current[string(jobOfPeriod(k))] != nil {
			t.Errorf("history: %x follows a period that is open", k)
		}
		if !row.Closed {
			current[string(jobOfPeriod(k))] = row
		}
		for _, report := range []*storev1.PeriodReport{row.First, row.Last} {
			if d := report.GetServerInfoDigest(); len(d) > 0 && tx.Bucket(bucketBodies).Get(d) == nil {
				t.Errorf("history: %x names report %x, which is missing", k, d)
			}
		}
		before = bytes.Clone(k)
		return nil
	}); err != nil {
		return err
	}
	return tx.Bucket(bucketLocations).ForEach(func(k, v []byte) error {
		l, err := decodeKnown(tx, k, v)
		if err != nil {
			return err
		}
		for _, w := range wantedPeriods(l) {
			if row := current[string(w.prefix)]; row == nil || !w.is(row) {
				t.Errorf("location %s has job %x, and the history has it as %v", k, w.prefix, row)
			}
			for _, d := range [][]byte{w.definition, w.metadata} {
				if len(d) > 0 && tx.Bucket(bucketBodies).Get(d) == nil {
					t.Errorf("location %s names body %x, which is missing", k, d)
				}
			}
			delete(current, string(w.prefix))
		}
		for job := range current {
			if bytes.HasPrefix([]byte(job), locationKey(string(k))) {
				t.Errorf("location %s has no job %x, and the history has it as current", k, job)
			}
		}
		return nil
	})
}

func TestHistoryKeepsTheLastPeriods(t *testing.T) {
	s, dir := openNew(t, nil)
	know(t, s, 0, "one")
	// As many more as are kept, without a commit for each.
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		prefix := jobKey(host.JobName{Location: "here", Repository: "tutorial", Job: "job_00000"})
		p := advancing{location: &host.KnownLocation{LoadedAt: time.Unix(1_770_000_000, 0)}}
		row, err := decodePeriod(periodKey(prefix, 1), x.Bucket(bucketHistory).Get(periodKey(prefix, 1)))
		if err != nil {
			return err
		}
		for seq := uint64(1); seq <= maxJobPeriods; seq++ {
			row.Closed = seq < maxJobPeriods
			if err := p.write(periodKey(prefix, seq), row); err != nil {
				return err
			}
		}
		x.putHistory(p.advance)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 3; i++ {
		know(t, s, i, fmt.Sprint("changed ", i))
		got := historyOf(t, s, 0)
		newest, oldest := got[0], got[len(got)-1]
		if len(got) != maxJobPeriods || newest.Seq != uint64(maxJobPeriods+i) || oldest.Seq != uint64(1+i) {
			t.Fatalf("after %d more there are %d periods, from %d to %d; want the last %d", i, len(got), oldest.Seq, newest.Seq, maxJobPeriods)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error { return checkHistory(t, tx) })
}

// TestHistoryInSlicesIsFinishedLater stops a first load of a large location after the first slice of its history.
func TestHistoryInSlicesIsFinishedLater(t *testing.T) {
	s, _ := openNew(t, nil)
	definitions := make([]string, historySlice+10)
	for i := range definitions {
		definitions[i] = fmt.Sprint("definition ", i%50)
	}
	l, bodies := knownHere(0, definitions...)
	ctx, cancel := context.WithCancel(t.Context())
	if err := s.PutBodies(ctx, bodies); err != nil {
		t.Fatal(err)
	}
	a, err := s.advanceHistory(ctx, &l)
	if err != nil {
		t.Fatal(err)
	}
	slice, ok := a.cut()
	if !ok || len(slice.rows) != historySlice || len(a.rows) != 10 {
		t.Fatalf("a slice of %d rows was cut off %d", len(slice.rows), len(a.rows))
	}
	if err := s.meta.do(&write{ctx: ctx, apply: func(x *txn) error {
		x.putHistory(slice)
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	cancel()
	if got := historyOf(t, s, 3); len(got) != 1 || !got[0].Current || !got[0].LastSeen.Equal(l.LoadedAt) || string(got[0].Last.ServerInfo) != "report 0" {
		t.Errorf("before the rest came the history is %+v", got)
	}
	know(t, s, 1, definitions...)
	for _, job := range []int{0, 3, historySlice - 1, historySlice, historySlice + 9} {
		if got := historyOf(t, s, job); len(got) != 1 || !got[0].Current || string(got[0].Last.ServerInfo) != "report 1" {
			t.Errorf("job %d has the history %+v, want one period", job, got)
		}
	}
}

func TestCutKeepsTheRowsOfAJobTogether(t *testing.T) {
	var a advance
	for i := range historySlice {
		job := jobKey(host.JobName{Location: "l", Repository: "r", Job: fmt.Sprintf("%05d", i)})
		for seq := range uint64(3) {
			a.rows = append(a.rows, record{key: periodKey(job, seq)})
		}
	}
	total := 0
	for slice, ok := a.cut(); ok; slice, ok = a.cut() {
		if n := len(slice.rows); n < historySlice || n > historySlice+2 || seqOfPeriod(slice.rows[n-1].key) != 2 {
			t.Errorf("a slice has %d rows and ends with %x", n, slice.rows[n-1].key)
		}
		total += len(slice.rows)
	}
	if total += len(a.rows); total != 3*historySlice || len(a.rows) == 0 {
		t.Errorf("all slices have %d rows, the last one %d", total, len(a.rows))
	}
}

// TestDamagedLocationIsReplaced spoils each record of a location and of its jobs.
func TestDamagedLocationIsReplaced(t *testing.T) {
	dir, _ := filled(t)
	for _, bucket := range [][]byte{bucketLocations, bucketAnswered, bucketHistory} {
		t.Run(string(bucket), func(t *testing.T) {
			spoilt := copied(t, dir)
			path := filepath.Join(spoilt, metaName)
			_, key, value := recordIn(t, path, bucket, func(k []byte) bool { return !bytes.Contains(k, []byte("there")) })
			flip(t, path, append(bytes.Clone(key), value...), 8*(len(key)+len(value))-1)
			s, err := Open(spoilt, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			all, err := s.KnownLocations(t.Context())
			if !bytes.Equal(bucket, bucketHistory) {
				wantReason(t, "KnownLocations", err, host.Internal, reasonDamaged)
				if len(all) != 1 {
					t.Errorf("%d locations can be read, want the sound one", len(all))
				}
			}
			if _, err := s.JobHistory(t.Context(), host.JobName{Location: "here", Repository: "tutorial", Job: "job_00001"}, 0, 10); err == nil {
				t.Error("JobHistory serves what is damaged")
			}
			know(t, s, 9, "definition 0", "new")
			all, err = s.KnownLocations(t.Context())
			if err != nil || len(all) != 2 || len(all[0].Repositories[0].Jobs) != 2 {
				t.Errorf("KnownLocations after it was replaced = %+v, %v", all, err)
			}
			if got := historyOf(t, s, 0); len(got) != 1 || !got[0].Current {
				t.Errorf("the history of a job that is as before is %+v", got)
			}
			h, err := s.JobHistory(t.Context(), host.JobName{Location: "here", Repository: "tutorial", Job: "job_00001"}, 0, 1)
			if err != nil || !h.Periods[0].Current || h.Periods[0].First.Definition != digestOf([]byte("new")) {
				t.Errorf("the newest period of the other is %+v, %v", h, err)
			}
		})
	}
}

func TestTouchReplacesADamagedTime(t *testing.T) {
	s, _ := openNew(t, nil)
	know(t, s, 0, "one")
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.put(bucketAnswered, []byte("here"), binary.BigEndian.AppendUint64(nil, 1))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.KnownLocations(t.Context()); host.ReasonOf(err) != reasonDamaged {
		t.Errorf("KnownLocations = %v, want it damaged", err)
	}
	at := time.Unix(1_780_000_000, 0).UTC()
	if err := s.TouchKnownLocations(t.Context(), map[string]time.Time{"here": at}); err != nil {
		t.Fatal(err)
	}
	all, err := s.KnownLocations(t.Context())
	if err != nil || len(all) != 1 || !all[0].AnsweredAt.Equal(at) {
		t.Errorf("KnownLocations = %+v, %v; want it answered at %s", all, err, at)
	}
}
