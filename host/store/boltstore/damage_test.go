package boltstore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// contents is everything that can be read from a store.
type contents struct {
	runs   []host.Run
	events map[host.RunID][]host.StoredEvent
	bodies map[host.Digest][]byte
	known  []host.KnownLocation
	// periods are those of the jobs that filled makes.
	periods []host.JobPeriod
}

// filledRuns is how many runs filled makes.
const filledRuns = 30

// filled makes a closed store with some of everything. Its files end where their use ends, so that copies are cheap.
func filled(t *testing.T) (dir string, c contents) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "store")
	s := open(t, dir, nil)
	for i := range filledRuns {
		n := newRun()
		body := bytes.Repeat(fmt.Append(nil, "body ", i), 500)
		n.Bodies = map[host.Digest][]byte{digestOf(body): body}
		n.Run.Launched.Definition = digestOf(body)
		n.Run.ConfigYAML = strings.Repeat(fmt.Sprint("config ", i, " "), 10*i)
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		updated(t, s, run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 }, "starting")
		if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, uint64(20*i))); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			updated(t, s, run.ID, func(r *host.Run) { r.Status = host.Success }, "ended")
		}
	}
	know(t, s, 1, "definition 0", "definition 1")
	know(t, s, 2, "definition 0", "definition 2")
	there, _ := knownHere(1)
	there.Name = "there"
	if err := s.PutKnownLocation(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	c, errs := readAll(t, s)
	if len(errs) > 0 || len(c.runs) != filledRuns {
		t.Fatalf("a sound store has %d runs and errors %v", len(c.runs), errs)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, dir)
	return dir, c
}

// readAll reads what can be read and collects the errors of the rest.
func readAll(t *testing.T, s *Store) (c contents, errs []error) {
	t.Helper()
	c = contents{events: map[host.RunID][]host.StoredEvent{}, bodies: map[host.Digest][]byte{}}
	note := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	note(err)
	c.runs = page.Runs
	ids, err := s.FindRuns(t.Context(), "", math.MaxInt)
	note(err)
	_, err = s.OpenRuns(t.Context())
	note(err)
	for _, id := range ids {
		run, err := s.Run(t.Context(), id)
		note(err)
		if err != nil {
			continue
		}
		c.events[id], err = s.Events(t.Context(), id, host.Cursor{}, math.MaxInt)
		note(err)
		_, err = s.LastEvents(t.Context(), id, 3)
		note(err)
		_, err = s.RunOfRequest(t.Context(), "request "+string(id))
		note(err)
		if body, err := s.Body(t.Context(), run.Launched.Definition); err == nil {
			c.bodies[run.Launched.Definition] = body
		} else {
			note(err)
		}
	}
	c.known, err = s.KnownLocations(t.Context())
	note(err)
	for _, job := range []string{"job_00000", "job_00001"} {
		h, err := s.JobHistory(t.Context(), host.JobName{Location: "here", Repository: "tutorial", Job: job}, 0, math.MaxInt)
		note(err)
		c.periods = append(c.periods, h.Periods...)
	}
	return c, errs
}

// copied copies a store, so that one can be spoilt.
func copied(t *testing.T, dir string) (other string) {
	t.Helper()
	other = filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(other, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return other
}

// recordIn returns a record of a closed store: where its value is in the file, and its key.
func recordIn(t *testing.T, path string, bucket []byte, pick func(key []byte) bool) (at int64, key, value []byte) {
	t.Helper()
	readOnly(t, path, func(tx *bbolt.Tx) error {
		return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
			if pick(k) {
				key, value = bytes.Clone(k), bytes.Clone(v)
			}
			return nil
		})
	})
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if key == nil || bytes.Count(content, append(bytes.Clone(key), value...)) == 0 {
		t.Fatalf("no record of bucket %s was found in %s", bucket, path)
	}
	return int64(bytes.Index(content, append(bytes.Clone(key), value...)) + len(key)), key, value
}

// flip changes a bit wherever the bytes are: a freed page may hold them too.
func flip(t *testing.T, path string, old []byte, bit int) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(old)
	spoilt[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, bytes.ReplaceAll(content, old, spoilt), 0o600); err != nil {
		t.Fatal(err)
	}
}

// spoiltSeq is the run that is spoilt.
const spoiltSeq = 23

func TestDamagedRecordIsNamedAndNotServed(t *testing.T) {
	dir, sound := filled(t)
	wantBody := sound.runs[filledRuns-spoiltSeq].Launched.Definition
	for _, c := range []struct {
		file   string
		bucket []byte
		pick   func(key []byte) bool
		read   func(s *Store, run host.Run) error
	}{
		{metaName, bucketRuns, func(k []byte) bool { return bytes.Equal(k, seqKey(spoiltSeq)) }, func(s *Store, run host.Run) error {
			_, err := s.Run(t.Context(), run.ID)
			return err
		}},
		{metaName, bucketNotes, func(k []byte) bool { return bytes.HasPrefix(k, seqKey(spoiltSeq)) }, func(s *Store, run host.Run) error {
			_, err := s.Events(t.Context(), run.ID, host.Cursor{}, math.MaxInt)
			return err
		}},
		{eventsName(1), bucketEvents, func(k []byte) bool { return bytes.HasPrefix(k, seqKey(spoiltSeq)) }, func(s *Store, run host.Run) error {
			_, err := s.Events(t.Context(), run.ID, host.Cursor{}, math.MaxInt)
			return err
		}},
		{metaName, bucketBodies, func(k []byte) bool { return bytes.Equal(k, wantBody[:]) }, func(s *Store, run host.Run) error {
			_, err := s.Body(t.Context(), run.Launched.Definition)
			return err
		}},
		{metaName, bucketIdempotency, func(k []byte) bool { return strings.HasSuffix(string(k), string(sound.runs[filledRuns-spoiltSeq].ID)) }, func(s *Store, run host.Run) error {
			_, _, err := s.CreateRun(t.Context(), host.NewRun{RequestID: "request " + string(run.ID), Run: newRun().Run})
			return err
		}},
	} {
		t.Run(string(c.bucket), func(t *testing.T) {
			_, key, value := recordIn(t, filepath.Join(dir, c.file), c.bucket, c.pick)
			for _, bit := range []int{0, 35, 8*len(value) - 1} { // checksum, format, payload
				spoilt := copied(t, dir)
				flip(t, filepath.Join(spoilt, c.file), value, bit)
				s, err := Open(spoilt, nil)
				if err != nil {
					t.Fatalf("Open with one damaged record: %v", err)
				}
				run := sound.runs[filledRuns-spoiltSeq]
				err = c.read(s, run)
				wantReason(t, fmt.Sprintf("reading after bit %d flipped", bit), err, host.Internal, reasonDamaged)
				if want := fmt.Sprintf("record %x of bucket %s", key, c.bucket); !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("the error is %q, want it to name %q", err, want)
				}
				if other, err := s.Run(t.Context(), sound.runs[3].ID); err != nil || other.Seq != sound.runs[3].Seq {
					t.Errorf("another run = %d, %v; want it served", other.Seq, err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestFlippedBitsAreNeverServed flips bits all over the files. Whatever they hit, what is read is right or an error.
func TestFlippedBitsAreNeverServed(t *testing.T) {
	dir, sound := filled(t)
	chance := rand.New(rand.NewPCG(1, 2)) // the same bits in each test
	refused := 0
	for _, name := range []string{metaName, eventsName(1)} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for range 40 {
			spoilt := copied(t, dir)
			path := filepath.Join(spoilt, name)
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			at := chance.Int64N(int64(len(content)))
			_, err = f.WriteAt([]byte{content[at] ^ 1<<chance.IntN(8)}, at)
			if err := errors.Join(err, f.Close()); err != nil {
				t.Fatal(err)
			}
			s, err := Open(spoilt, nil)
			if err != nil {
				refused++
				continue
			}
			got, errs := readAll(t, s)
			if refused += len(errs); len(errs) == 0 && len(got.runs) < len(sound.runs) {
				t.Logf("byte %d of %s hides %d runs without an error", at, name, len(sound.runs)-len(got.runs))
			}
			checkSubset(t, fmt.Sprintf("byte %d of %s", at, name), got, sound)
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if refused == 0 {
		t.Error("not one flipped bit was noticed")
	}
}

func checkSubset(t *testing.T, what string, got, sound contents) {
	t.Helper()
	for _, run := range got.runs {
		want := sound.runs[len(sound.runs)-int(run.Seq)]
		if diff := cmp.Diff(want, run, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: run %d was served: -want +got\n%s", what, run.Seq, diff)
		}
	}
	for id, events := range got.events {
		at := map[host.Cursor][]byte{}
		for _, e := range sound.events[id] {
			at[e.Cursor] = e.Data
		}
		for _, e := range events {
			if want, ok := at[e.Cursor]; !ok || !bytes.Equal(e.Data, want) {
				t.Errorf("%s: event %s of run %s was served as %q", what, e.Cursor, id, e.Data)
			}
		}
	}
	for _, l := range got.known {
		if !slices.ContainsFunc(sound.known, func(want host.KnownLocation) bool { return cmp.Equal(l, want, cmpopts.EquateEmpty()) }) {
			t.Errorf("%s: location %s was served as %+v", what, l.Name, l)
		}
	}
	for _, p := range got.periods {
		if !slices.ContainsFunc(sound.periods, func(want host.JobPeriod) bool { return cmp.Equal(p, want, cmpopts.EquateEmpty()) }) {
			t.Errorf("%s: period %d of %s was served as %+v", what, p.Seq, p.Job, p)
		}
	}
	for d, body := range got.bodies {
		if !bytes.Equal(body, sound.bodies[d]) {
			t.Errorf("%s: body %s was served with %d bytes", what, d, len(body))
		}
	}
}

func TestLostFilesAreNotMadeAnew(t *testing.T) {
	dir, _ := filled(t)
	truncate := func(name string, size int64) func(dir string) error {
		return func(dir string) error { return os.Truncate(filepath.Join(dir, name), size) }
	}
	remove := func(names ...string) func(dir string) error {
		return func(dir string) error {
			var errs []error
			for _, name := range names {
				errs = append(errs, os.Remove(filepath.Join(dir, name)))
			}
			return errors.Join(errs...)
		}
	}
	write := func(name, text string) func(dir string) error {
		return func(dir string) error { return os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600) }
	}
	for name, c := range map[string]struct {
		spoil  func(dir string) error
		reason string
	}{
		"MetaEmpty":           {truncate(metaName, 0), reasonMissing},
		"MetaGone":            {remove(metaName), reasonMissing},
		"MetaAndIdentityGone": {remove(metaName, identityName), reasonMissing},
		"MetaShort":           {truncate(metaName, 20_480), reasonDamaged},
		"MetaStump":           {truncate(metaName, 100), reasonDamaged},
		"MetaRubbish":         {write(metaName, strings.Repeat("rubbish ", 10_000)), reasonDamaged},
		"EventsEmpty":         {truncate(eventsName(1), 0), reasonMissing},
		"EventsGone":          {remove(eventsName(1)), reasonMissing},
		"EventsAndIdentity":   {remove(eventsName(1), identityName), reasonMissing},
		"EventsShort":         {truncate(eventsName(1), 20_480), reasonDamaged},
		"IdentityRubbish":     {write(identityName, "rubbish"), reasonDamaged},
		"IdentityEmpty":       {write(identityName, ""), reasonDamaged},
		"IdentityOfAnother":   {write(identityName, identityPrefix+"another\n"), reasonDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			spoilt := copied(t, dir)
			if err := c.spoil(spoilt); err != nil {
				t.Fatal(err)
			}
			before := snapshot(t, spoilt)
			s, err := Open(spoilt, nil)
			wantReason(t, "Open", err, host.Internal, c.reason)
			if err == nil {
				_ = s.Close()
			} else if !strings.Contains(err.Error(), spoilt) {
				t.Errorf("the error %q does not name the directory", err)
			}
			if diff := cmp.Diff(before, snapshot(t, spoilt)); diff != "" {
				t.Errorf("Open changed files: -before +after\n%s", diff)
			}
		})
	}
}

// snapshot is the content of every file.
func snapshot(t *testing.T, dir string) map[string]host.Digest {
	t.Helper()
	files := map[string]host.Digest{}
	if err := fs.WalkDir(os.DirFS(dir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			content, err := os.ReadFile(filepath.Join(dir, path))
			files[path] = digestOf(content)
			return err
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return files
}
