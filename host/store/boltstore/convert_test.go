package boltstore

import (
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
)

// TestEveryFieldOfARunIsStored fails when a field is added to host.Run and forgotten here.
func TestEveryFieldOfARunIsStored(t *testing.T) {
	var run host.Run
	fill(t, reflect.ValueOf(&run).Elem(), "Run")
	run.ID, run.Parent, run.Root = newRun().Run.ID, newRun().Run.ID, newRun().Run.ID // which have to be ids
	payload, err := marshalRun(&run)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := readRun(payload)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(run, *got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	empty := host.Run{ID: run.ID}
	if payload, err = marshalRun(&empty); err != nil {
		t.Fatal(err)
	}
	if got, _, err = readRun(payload); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(empty, *got); diff != "" {
		t.Errorf("a run without anything: -want +got\n%s", diff)
	}
}

// TestEveryFieldOfALocationIsStored is the same for host.KnownLocation, but for AnsweredAt, which has its own record.
func TestEveryFieldOfALocationIsStored(t *testing.T) {
	var l host.KnownLocation
	fill(t, reflect.ValueOf(&l).Elem(), "KnownLocation")
	l.AnsweredAt = time.Time{}
	payload, err := marshalKnown(&l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := unmarshalKnown(payload)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(l, *got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

// fill sets every field to something.
func fill(t *testing.T, v reflect.Value, name string) {
	t.Helper()
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1_770_000_000, 123).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(name)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int64:
		v.SetInt(-7)
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), name)
		}
	default:
		t.Fatalf("field %s is a %s: teach fill about it", name, v.Kind())
	}
}
