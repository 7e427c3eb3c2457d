package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host/store/boltstore"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestDoctor(t *testing.T) {
	const (
		ok      = hostv1.DiagnoseResponse_LEVEL_OK
		warning = hostv1.DiagnoseResponse_LEVEL_WARNING
		failing = hostv1.DiagnoseResponse_LEVEL_ERROR
	)
	var checks []*hostv1.DiagnoseResponse_Check
	var failure error
	url := (&fakeHost{diagnose: func() (*hostv1.DiagnoseResponse, error) {
		return &hostv1.DiagnoseResponse{Checks: checks}, failure
	}}).serve(t, nil)
	t.Run("Well", func(t *testing.T) {
		checks = []*hostv1.DiagnoseResponse_Check{{Area: "disk", Level: ok, Message: "100 GiB are free"}}
		penstock(t, url, "doctor").want(t, exitOK, "OK       disk: 100 GiB are free\nAll is well.\n", "")
	})
	t.Run("Warning", func(t *testing.T) {
		checks = append(checks, &hostv1.DiagnoseResponse_Check{Area: "queue", Level: warning, Message: "nothing starts", Remedy: "Raise it."})
		penstock(t, url, "doctor").want(t, exitOK, "0 errors, 1 warning.\n", "")
	})
	t.Run("Error", func(t *testing.T) {
		checks = append(checks, &hostv1.DiagnoseResponse_Check{
			Area: "locations", Level: failing, Message: "UNAVAILABLE:\n\x1b[31mnobody\x1b[0m answers", Remedy: "Start it.", Location: "etl",
		})
		r := penstock(t, url, "doctor")
		r.want(t, exitFailure, "1 error, 1 warning.\n", "")
		golden(t, "doctor.txt", r.out)
		r = penstock(t, url, "doctor", "--json")
		r.want(t, exitFailure, "", "")
		golden(t, "doctor.json", r.out)
	})
	t.Run("ErrTooOld", func(t *testing.T) {
		failure = connect.NewError(connect.CodeUnimplemented, "what?")
		penstock(t, url, "doctor").want(t, exitFailure, "", "does not know this call")
	})
	t.Run("ErrUsage", func(t *testing.T) {
		penstock(t, url, "doctor", "--data", "x").want(t, exitUsage, "", "give one of them")
	})
}

func TestDoctorOffline(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	store, err := boltstore.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	penstock(t, "", "doctor", "--data", dir).want(t, exitLocked, "", "a host has "+dir+": leave out --data")
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	r := penstock(t, "", "doctor", "--data", dir)
	if r.code != exitOK || !strings.Contains(r.out, "store: store ") || !strings.Contains(r.out, "disk: ") || r.err != "" {
		t.Errorf("exit code %d: %s%s", r.code, r.out, r.err)
	}
	if err := os.WriteFile(filepath.Join(dir, "meta.db"), []byte("no database"), 0o600); err != nil {
		t.Fatal(err)
	}
	penstock(t, "", "doctor", "--data", dir).want(t, exitDamaged, "ERROR    store: ", "")
	penstock(t, "", "doctor", "--data", t.TempDir()).want(t, exitNotFound, "holds no store", "")
}
