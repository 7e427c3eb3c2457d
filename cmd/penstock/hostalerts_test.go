package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// TestHostTellsOfRuns goes from the configuration file to a receiver, also when the file changes.
func TestHostTellsOfRuns(t *testing.T) {
	got := make(chan string, 10)
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Rule string `json:"rule"`
			Run  struct {
				ID string `json:"id"`
			} `json:"run"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		got <- body.Rule + " " + body.Run.ID
	}))
	defer receiver.Close()
	peer := hosttest.Start(t, hosttest.Current())
	dir := t.TempDir()
	config := func(rule string) string {
		return fmt.Sprintf("locations: [{name: code, address: %q}]\nnotify: [{name: %s, when: job=plain and status=success, url: %q}]\n", peer.Address(), rule, receiver.URL)
	}
	reload := make(chan os.Signal, 1)
	o := hostOptions{MaxInProgress: -1, Reload: reload}
	if err := o.configure(write(t, dir, "p.yaml", config("one")), false); err != nil {
		t.Fatal(err)
	}
	p := startTestHost(t, o)
	runs, locations := testClients(p)
	if _, err := locations.ReloadLocation(t.Context(), &hostv1.ReloadLocationRequest{Name: "code"}); err != nil {
		t.Fatal(err)
	}
	launch := func(rule string) {
		t.Helper()
		launched, err := runs.LaunchRun(t.Context(), &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: "plain"})
		if err != nil {
			t.Fatal(err)
		}
		if told, want := <-got, rule+" "+launched.GetRun().GetId(); told != want {
			t.Errorf("told of %q, want %q", told, want)
		}
	}
	launch("one")
	penstock(t, "http://"+p.Addr().String(), "alert", "list").want(t, 0, "one    job=plain and status=success  ended", "")
	penstock(t, "http://"+p.Addr().String(), "alert", "test", "one").want(t, 0, "This is a test of the alert one of http://", "")
	<-got

	if err := os.Rename(write(t, dir, "next.yaml", config("two")), filepath.Join(dir, "p.yaml")); err != nil {
		t.Fatal(err)
	}
	reload <- os.Interrupt
	for rules := ""; rules != "two"; { // the host is asked until it says so
		all, err := p.alerts.List(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("List = %v, %v", all, err)
		}
		rules = all[0].Rule.Name
	}
	penstock(t, "http://"+p.Addr().String(), "alert", "test", "one").want(t, exitNotFound, "", `there is no alert "one"`)
}
