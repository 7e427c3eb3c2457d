package api_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/store/boltstore"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// fullDisk is a store that says that it can write nothing now.
type fullDisk struct{ host.Store }

func (f fullDisk) Storage(ctx context.Context) (host.Storage, error) {
	st, err := f.Store.Storage(ctx)
	st.ReadOnly, st.DiskFree = "the disk is nearly full", 7<<20
	return st, err
}

func TestGetStorage(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	f := newFixture(t, settings{idle: true, locations: []host.LocationConfig{{Name: "etl", Address: peer.Address()}}})
	f.awaitLocation("etl", hostv1.LocationState_LOCATION_STATE_READY)
	f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags"})
	res, err := f.storage.GetStorage(t.Context(), &hostv1.GetStorageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if res.GetRuns() != 1 || res.GetFormat() == 0 || res.GetReadOnly() != "" || len(res.GetFiles()) != 2 ||
		!strings.HasSuffix(res.GetDirectory(), "data") || res.GetFiles()[1].GetName() != "meta.db" || res.GetFiles()[1].GetBytes() == 0 {
		t.Errorf("GetStorage = %v", res)
	}
}

// TestFullDiskIsShown looks at all places that show that nothing can be stored.
func TestFullDiskIsShown(t *testing.T) {
	f := newFixture(t, settings{options: func(o *api.Options) { o.Store = fullDisk{o.Store} }})
	res, err := f.storage.GetStorage(t.Context(), &hostv1.GetStorageRequest{})
	if err != nil || res.GetReadOnly() != "the disk is nearly full" || res.GetDiskFree() != 7<<20 {
		t.Errorf("GetStorage = %v, %v", res, err)
	}
	diagnosed, err := f.host.Diagnose(t.Context(), &hostv1.DiagnoseRequest{})
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, c := range diagnosed.GetChecks() {
		found = found || c.GetMessage() == "the disk is nearly full" && c.GetLevel() == hostv1.DiagnoseResponse_LEVEL_ERROR && c.GetRemedy() != ""
	}
	if !found {
		t.Errorf("Diagnose = %v", diagnosed)
	}
	got, err := http.Get(f.url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(got.Body)
	if err := errors.Join(err, got.Body.Close()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"penstock_store_read_only 1\n", "penstock_store_disk_free_bytes 7.340032e+06\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	for service, want := range map[string]string{
		"penstock.store": "\"NOT_SERVING\"",
		"":               "\"SERVING\"", // it answers, and workers are to find it
	} {
		path := "/grpc.health.v1.Health/Check?encoding=json&message=" + url.QueryEscape(fmt.Sprintf("{\"service\": %q}", service))
		if status, answer, _ := f.call(http.MethodGet, path, "", nil); status != http.StatusOK || !strings.Contains(answer, want) {
			t.Errorf("the health of %q is %d %s, want %s", service, status, answer, want)
		}
	}
}

func TestBackup(t *testing.T) {
	f := newFixture(t, settings{})
	stream, err := f.storage.Backup(t.Context(), &hostv1.BackupRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	total := uint64(0)
	for {
		m, err := stream.Receive()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(m.GetData()) > 1<<20 {
			t.Errorf("a message has %d bytes", len(m.GetData()))
		}
		total += m.GetTotal()
		got.Write(m.GetData())
	}
	info, err := boltstore.CheckBackup(t.Context(), &got)
	if err != nil || info.Files != 3 || total == 0 {
		t.Errorf("the backup is %+v, %v; %d bytes were announced", info, err, total)
	}
}

// TestBackupEndsWithTheHost stops the host while a backup is under way.
func TestBackupEndsWithTheHost(t *testing.T) {
	f := newFixture(t, settings{})
	stream, err := f.storage.Backup(t.Context(), &hostv1.BackupRequest{BytesPerSecond: 1})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Receive(); err != nil || m.GetTotal() == 0 {
		t.Fatalf("the first message is %v, %v", m, err)
	}
	go f.stop()
	for err == nil {
		_, err = stream.Receive()
	}
	f.stop()
	if connect.CodeOf(err) != connect.CodeUnavailable {
		t.Errorf("the backup ended with %v", err)
	}
}

// endlessBackup is a store whose backups never end by themselves; ended gets why they did.
type endlessBackup struct {
	host.Store

	ended chan error
}

func (e endlessBackup) Backup(_ context.Context, w io.Writer, _ uint64) error {
	for {
		if _, err := w.Write(make([]byte, 64<<10)); err != nil {
			e.ended <- err
			return err
		}
	}
}

// TestBackupEndsWhenNobodyReads has a client that is there, and takes nothing.
func TestBackupEndsWhenNobodyReads(t *testing.T) {
	clock, ended := hosttest.NewClock(), make(chan error, 1)
	f := newFixture(t, settings{options: func(o *api.Options) {
		o.Store, o.Clock = endlessBackup{o.Store, ended}, clock
	}})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+hostv1connect.StorageServiceBackupProcedure,
		strings.NewReader("\x00\x00\x00\x00\x02{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/connect+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("Backup = %v, %v", res, err)
	}
	defer res.Body.Close()
	ctx, done := context.WithTimeout(t.Context(), 20*time.Second)
	var minutes sync.WaitGroup
	defer minutes.Wait()
	defer done()
	minutes.Go(func() {
		for clock.Await(ctx, time.Minute) == nil {
			runtime.Gosched()
		}
	})
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without an error")
		}
	case <-ctx.Done():
		t.Fatal("it goes on")
	}
}
