package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
	"github.com/penstock-run/penstock/host/store/storetest"
	"github.com/penstock-run/penstock/usercode/tag"
)

// smallChunks let chunks of the index be full with eight runs.
func smallChunks() *Options {
	return &Options{MetadataTexts: storetest.MetadataTexts, chunkBits: 3}
}

// sealedBulk is the request id of an action on many runs in it.
const sealedBulk = "request of the action"

// sealed makes a closed store whose index has sealed chunks.
func sealed(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	s := open(t, dir, smallChunks())
	for i := range 40 {
		n := newRun()
		n.Run.Tags = tag.List{{Key: "team", Value: fmt.Sprint("team", i%3)}, {Key: "number", Value: fmt.Sprint(i)}}
		body := fmt.Append(nil, "definition ", i)
		n.Bodies, n.Run.Launched.Definition = map[host.Digest][]byte{digestOf(body): body}, digestOf(body)
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if i%4 > 0 {
			updated(t, s, run.ID, func(r *host.Run) { r.Status, r.Attempt = host.Starting, 1 })
			if _, err := s.AppendEvents(t.Context(), run.ID, numbered(1, 5)); err != nil {
				t.Fatal(err)
			}
			updated(t, s, run.ID, func(r *host.Run) { r.Status, r.RetryDue = host.Failure, i == 7 })
		}
	}
	if _, _, err := s.CreateBulk(t.Context(), sealedBulk, host.Bulk{
		ID: string(newRun().Run.ID), State: host.BulkRunning, By: "fsck", CreatedAt: time.Unix(1_790_000_000, 0),
		Action: host.BulkAction{Kind: host.BulkCancel},
	}); err != nil {
		t.Fatal(err)
	}
	for s.meta.sealable() { // an idle writer seals what is due
		create(t, s)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	shrink(t, dir)
	return dir
}

// problems are what Fsck says of a store.
func problems(t *testing.T, dir string) (found []Problem, checked Checked) {
	t.Helper()
	checked, err := Fsck(t.Context(), dir, smallChunks(), func(p Problem) { found = append(found, p) })
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != checked.Problems {
		t.Errorf("%d problems were reported, and counted %d", len(found), checked.Problems)
	}
	return found, checked
}

// change writes to a file of a closed store.
func change(t *testing.T, path string, f func(*bbolt.Tx) error) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(f), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func TestFsckFindsAndRepairs(t *testing.T) {
	original := sealed(t)
	if found, checked := problems(t, original); len(found) > 0 || checked.Runs != 40 || checked.Files != 2 || checked.Format != formatVersion {
		t.Fatalf("a sound store: %v, %+v", found, checked)
	}
	other, _ := idKey(newRun().Run.ID)
	for name, c := range map[string]struct {
		spoil func(*bbolt.Tx) error
		want  string
		// repaired tells that Repair makes it right.
		repaired bool
	}{
		"IDMissing": {func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket(bucketIDs).Cursor().First()
			return tx.Bucket(bucketIDs).Delete(bytes.Clone(k))
		}, "run 1 is not found by its id", true},
		"IDStray":   {func(tx *bbolt.Tx) error { return tx.Bucket(bucketIDs).Put(other, seqKey(99)) }, "there is no run 99", true},
		"IDTwice":   {func(tx *bbolt.Tx) error { return tx.Bucket(bucketIDs).Put(other, seqKey(3)) }, "run 3 is another", true},
		"OpenGone":  {func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Delete(seqKey(1)) }, "the list of open runs says", true},
		"OpenWrong": {func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Put(seqKey(2), []byte(host.Queued)) }, "the list of open runs says", true},
		"OpenStray": {func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Put(seqKey(99), []byte(host.Queued)) }, "there is no such run", true},
		"RetryGone": {func(tx *bbolt.Tx) error { return tx.Bucket(bucketRetries).Delete(seqKey(8)) }, "the list of retries lacks it", true},
		"BulkRequestGone": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketBulkRequests).Delete([]byte(sealedBulk))
		}, "is not found by its request id", true},
		"BulkRequestWrong": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketBulkRequests).Put([]byte(sealedBulk), other)
		}, "is not the bulk action that it began", true},
		"BulkRequestStray": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketBulkRequests).Put([]byte("another "+sealedBulk), other)
		}, "is not the bulk action that it began", true},
		"FormatGone": {func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Delete(metaFormat) }, errNoFormat.Error(), false},
		"NextBehind": {func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketMeta).Put(metaNext, next{seq: 40}.record())
		}, "the next one would be 40", true},
		"PostingGone": {func(tx *bbolt.Tx) error {
			b := tx.Bucket(tagindex.Buckets()[0])
			k, _ := b.Cursor().First()
			return b.Delete(bytes.Clone(k))
		}, "of bucket post", true},
		"PostingFlipped": {func(tx *bbolt.Tx) error {
			b := tx.Bucket(tagindex.Buckets()[0])
			k, v := b.Cursor().First()
			v = bytes.Clone(v)
			v[len(v)-1] ^= 1
			return b.Put(bytes.Clone(k), v)
		}, "of bucket post", true},
		"IndexGone": {func(tx *bbolt.Tx) error { return tx.DeleteBucket(tagindex.Buckets()[0]) }, "the bucket is not there", true},
		"RunFlipped": {func(tx *bbolt.Tx) error {
			v := bytes.Clone(tx.Bucket(bucketRuns).Get(seqKey(5)))
			v[len(v)-1] ^= 1
			return tx.Bucket(bucketRuns).Put(seqKey(5), v)
		}, "record 0000000000000005 of bucket runs: its checksum does not fit", false},
		"BodyGone": {func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket(bucketBodies).Cursor().First()
			return tx.Bucket(bucketBodies).Delete(bytes.Clone(k))
		}, "refers to body", false},
		"BodyOfAnother": {func(tx *bbolt.Tx) error {
			k, _ := tx.Bucket(bucketBodies).Cursor().First()
			k = bytes.Clone(k)
			return tx.Bucket(bucketBodies).Put(k, pack(k, []byte("another")))
		}, "its digest is", false},
		"NoteOfNoRun": {func(tx *bbolt.Tx) error {
			k := placeKey(99, host.Cursor{Note: 1})
			return tx.Bucket(bucketNotes).Put(k, pack(k, []byte("\n\x01x")))
		}, "there is no run 99", false},
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
			after, _ := problems(t, dir)
			if (len(after) == 0) != c.repaired {
				t.Errorf("after Repair: %+v, want it sound: %t", after, c.repaired)
			}
			if !c.repaired {
				return
			}
			s := open(t, dir, smallChunks())
			create(t, s)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestFsckReadsEventsOfEpochs spoils a record of events.
func TestFsckReadsEventsOfEpochs(t *testing.T) {
	dir := copied(t, sealed(t))
	path := filepath.Join(dir, eventsName(1))
	_, key, value := recordIn(t, path, bucketEvents, func(k []byte) bool { return k[seqLen-1] == 6 })
	flip(t, path, value, 8*len(value)-1)
	found, _ := problems(t, dir)
	if len(found) != 1 || found[0].File != eventsName(1) || found[0].Mendable || !strings.Contains(found[0].Message, fmt.Sprintf("record %x", key)) {
		t.Errorf("Fsck says %+v", found)
	}
	dir = copied(t, sealed(t))
	change(t, filepath.Join(dir, eventsName(1)), func(tx *bbolt.Tx) error { return tx.Bucket(bucketMeta).Delete(metaFormat) })
	if found, _ := problems(t, dir); len(found) != 1 || found[0].File != eventsName(1) || found[0].Message != errNoFormat.Error() {
		t.Errorf("Fsck of a file without a format says %+v", found)
	}
	_, err := Open(dir, smallChunks())
	wantReason(t, "Open", err, host.Internal, reasonDamaged)
}

// TestFsckOfDamagedPages flips a byte of each meta page and of some others: whatever that does, Fsck tells of it, and does
// not fall over it.
func TestFsckOfDamagedPages(t *testing.T) {
	original := sealed(t)
	for _, name := range []string{metaName, eventsName(1)} {
		content, err := os.ReadFile(filepath.Join(original, name))
		if err != nil {
			t.Fatal(err)
		}
		size := int64(0)
		readOnly(t, filepath.Join(original, name), func(tx *bbolt.Tx) error {
			size = int64(tx.DB().Info().PageSize)
			return nil
		})
		for at := int64(0); at < int64(len(content)); at += size {
			offsets := []int64{0, 8, 10, 12, 16, 24, 40, 56} // header, then what lies first in the page
			if at >= 2*size {
				offsets = offsets[at/size%4:][:2] // which ones differs from page to page
			}
			for _, offset := range offsets {
				dir := copied(t, original)
				spoilt := bytes.Clone(content)
				spoilt[at+offset] ^= 0x11
				if err := os.WriteFile(filepath.Join(dir, name), spoilt, 0o600); err != nil {
					t.Fatal(err)
				}
				found, checked := problems(t, dir)
				if meta := at < 2*size; meta && offset >= 16 && len(found) == 0 {
					t.Errorf("byte %d of a meta page of %s was not missed", at+offset, name)
				} else if meta && offset >= 16 {
					if err := Repair(t.Context(), dir, smallChunks()); err != nil {
						t.Fatal(err)
					}
					if found, _ := problems(t, dir); len(found) > 0 {
						t.Errorf("%s, meta page at %d, after Repair: %+v", name, at, found)
					}
				}
				if checked.Unreadable && checked.Mendable > 0 {
					wantReason(t, "Repair", Repair(t.Context(), dir, smallChunks()), host.Internal, reasonDamaged)
				}
			}
		}
	}
}

// TestFsckMissesNoRecord takes the last record of each page away: nothing else would tell that it was there.
func TestFsckMissesNoRecord(t *testing.T) {
	original := sealed(t)
	for _, name := range []string{metaName, eventsName(1)} {
		content, err := os.ReadFile(filepath.Join(original, name))
		if err != nil {
			t.Fatal(err)
		}
		file := bytes.NewReader(content)
		m, _ := readMetaPages(file)
		w := &pageWalk{file: file, meta: m, report: func(err error) { t.Error(err) }, seen: make([]uint64, m.pages/64+1)}
		w.tree(m.root, nil, nil, true)
		pages := 0
		for id := uint64(2); id < m.pages; id++ {
			page := content[id*uint64(m.pageSize):]
			kind, count := binary.NativeEndian.Uint16(page[8:]), binary.NativeEndian.Uint16(page[10:])
			if w.seen[id/64]&(1<<(id%64)) == 0 || kind != leafPage || count == 0 {
				continue
			}
			pages++
			dir := copied(t, original)
			spoilt := bytes.Clone(content)
			binary.NativeEndian.PutUint16(spoilt[id*uint64(m.pageSize)+10:], count-1)
			if err := os.WriteFile(filepath.Join(dir, name), spoilt, 0o600); err != nil {
				t.Fatal(err)
			}
			if found, checked := problems(t, dir); len(found) == 0 || !checked.Unreadable {
				t.Errorf("page %d of %s lost a record, and Fsck says %+v", id, name, found)
			}
		}
		if pages == 0 {
			t.Errorf("%s has no pages", name)
		}
	}
}

func TestFsckOfNoStore(t *testing.T) {
	_, err := Fsck(t.Context(), t.TempDir(), nil, func(Problem) {})
	wantReason(t, "Fsck", err, host.NotFound, "STORE_NOT_FOUND")
}

func TestFsckOfAStoreInUse(t *testing.T) {
	_, dir := openNew(t, nil)
	_, err := Fsck(t.Context(), dir, nil, func(Problem) {})
	wantReason(t, "Fsck", err, host.Conflict, reasonLocked)
}

func TestFsckOfFormat3(t *testing.T) {
	dir := format3(t)
	if found, checked := problems(t, dir); len(found) > 0 || checked.Format != 3 || checked.Runs != 23 {
		t.Errorf("Fsck says %+v, %+v", found, checked)
	}
	change(t, filepath.Join(dir, metaName), func(tx *bbolt.Tx) error { return tx.Bucket(bucketOpen).Delete(seqKey(2)) })
	wantReason(t, "Repair", Repair(t.Context(), dir, nil), host.Conflict, "STORE_OLD")
}

func TestFsckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Fsck(ctx, sealed(t), nil, func(Problem) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fsck = %v", err)
	}
}

// TestRepairNamesTheStoreAgain removes the file that does.
func TestRepairNamesTheStoreAgain(t *testing.T) {
	dir := sealed(t)
	path := filepath.Join(dir, identityName)
	before, err := os.ReadFile(path)
	if err == nil {
		err = os.Truncate(path, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	if found, _ := problems(t, dir); len(found) != 1 || found[0].Mendable || !strings.Contains(found[0].Message, "move it away") {
		t.Errorf("Fsck says of one that is empty %+v", found)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if found, _ := problems(t, dir); len(found) != 1 || !found[0].Mendable {
		t.Errorf("Fsck says %+v", found)
	}
	if err := Repair(t.Context(), dir, smallChunks()); err != nil {
		t.Fatal(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it has %q, %v; want %q", after, err, before)
	}
}
