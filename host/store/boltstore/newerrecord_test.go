package boltstore

import (
	"bytes"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// TestRecordsOfANewerHost opens a store in which a newer host wrote fields of its own into every record and every message
// inside: all of it is read as if they were not there, and can be written.
func TestRecordsOfANewerHost(t *testing.T) {
	dir, want := filled(t)
	for _, b := range []struct {
		file   string
		bucket []byte
		record proto.Message
	}{
		{metaName, bucketRuns, &storev1.Run{}},
		{metaName, bucketLocations, &storev1.KnownLocation{}},
		{metaName, bucketHistory, &storev1.JobPeriod{}},
		{eventsName(1), bucketEvents, &storev1.EventBatch{}},
	} {
		if n := addFields(t, filepath.Join(dir, b.file), b.bucket, b.record); n == 0 {
			t.Errorf("bucket %s has no records: the test shows nothing of it", b.bucket)
		}
	}
	s := open(t, dir, nil)
	got, errs := readAll(t, s)
	if len(errs) > 0 {
		t.Fatalf("it cannot be read: %v", errs)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(contents{}), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	for _, r := range got.runs {
		if !r.Status.Final() {
			updated(t, s, r.ID, func(r *host.Run) { r.StatusReason = "written by an older host" }, "written")
		}
	}
	know(t, s, 3, "definition 0", "definition 3")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// addFields adds a field that nobody knows to every message of a bucket, and counts its records.
func addFields(t *testing.T, path string, bucket []byte, record proto.Message) (n int) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		changed := map[string][]byte{}
		err := b.ForEach(func(key, value []byte) error {
			payload, err := unpack(string(bucket), key, value)
			if err != nil {
				return err
			}
			m := proto.Clone(record)
			if err := proto.Unmarshal(payload, m); err != nil {
				return err
			}
			addField(m.ProtoReflect())
			if payload, err = proto.Marshal(m); err != nil {
				return err
			}
			changed[string(key)] = pack(bytes.Clone(key), payload)
			return nil
		})
		if err != nil {
			return err
		}
		n = len(changed)
		for key, value := range changed {
			if err := b.Put([]byte(key), value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func addField(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.Message() == nil || f.IsMap():
		case f.IsList():
			for i := range v.List().Len() {
				addField(v.List().Get(i).Message())
			}
		default:
			addField(v.Message())
		}
		return true
	})
	m.SetUnknown(protowire.AppendString(protowire.AppendTag(m.GetUnknown(), 9_000, protowire.BytesType), "of a newer host"))
}
