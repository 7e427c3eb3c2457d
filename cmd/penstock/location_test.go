package main

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestLocation(t *testing.T) {
	down := &hostv1.Location{
		Name: "gpu", Address: "10.0.0.8:4266", State: hostv1.LocationState_LOCATION_STATE_UNAVAILABLE,
		Error: "nothing listens there", Remedy: "Start the user-code server.",
	}
	waiting := func(*hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
		run := sampleRun(hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE)
		return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{run, run, {Job: &hostv1.JobName{Location: "other"}}}}, nil
	}
	host := &fakeHost{
		listRuns: waiting,
		locations: func() ([]*hostv1.Location, error) {
			return []*hostv1.Location{sampleLocation(), down, deployedLocation()}, nil
		},
		location: func(name string) (*hostv1.Location, error) {
			if name == "ml" {
				return deployedLocation(), nil
			}
			if name != "etl" {
				return nil, wireError(connect.CodeNotFound, "there is no code location "+name, &hostv1.ErrorDetail{Reason: "LOCATION_NOT_FOUND"})
			}
			return sampleLocation(), nil
		},
		reload: func(name string) (*hostv1.Location, error) {
			l := sampleLocation()
			l.State = hostv1.LocationState(hostv1.LocationState_value["LOCATION_STATE_"+name])
			if name == "UNAVAILABLE" {
				l = down
			}
			return l, nil
		},
	}
	url := host.serve(t, nil)
	t.Run("List", func(t *testing.T) {
		r := penstock(t, url, "location", "list")
		r.want(t, exitOK, "", "penstock: notice: location ml: ml and etl are answered by the same server\\none of the two addresses may be wrong\n")
		golden(t, "location_list.txt", r.out)
	})
	t.Run("ListJSON", func(t *testing.T) {
		r := penstock(t, url, "location", "list", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "location_list.json", r.out)
	})
	t.Run("ListEmpty", func(t *testing.T) {
		none := (&fakeHost{locations: func() ([]*hostv1.Location, error) { return nil, nil }}).serve(t, nil)
		penstock(t, none, "location", "list").want(t, exitOK, "", "There are no code locations.")
		penstock(t, none, "location", "list", "--json").want(t, exitOK, "{\n  \"locations\": [],\n  \"next_cursor\": \"\"\n}\n", "")
	})
	t.Run("ListWithConfigError", func(t *testing.T) {
		wrong := &fakeHost{listRuns: waiting, locations: host.locations, getHost: func() (*hostv1.Host, error) {
			return &hostv1.Host{Config: &hostv1.ConfigFile{Path: "p.yaml", Error: "p.yaml:2:5: one\np.yaml:3:1: \x1b[2Jtwo", ErrorSince: at(0)}}, nil
		}}
		for _, form := range [][]string{{"location", "list"}, {"location", "list", "--json"}} {
			r := penstock(t, wrong.serve(t, nil), form...)
			r.want(t, exitOK, "etl", "penstock: warning: the host cannot use its configuration file as it is, since ")
			if !strings.Contains(r.err, "\n  p.yaml:2:5: one\n  p.yaml:3:1: ") || strings.Contains(r.err+r.out, "\x1b") || strings.Contains(r.out, "p.yaml") {
				t.Errorf("%q: stderr is\n%s", form, r.err)
			}
		}
	})
	t.Run("ShowDraining", func(t *testing.T) {
		l := sampleLocation()
		l.Server.Draining, l.Server.LiveWorkers, l.Server.DrainDeadline = true, 2, at(9)
		url := (&fakeHost{listRuns: waiting, location: func(string) (*hostv1.Location, error) { return l, nil }}).serve(t, nil)
		show := func(want string, form ...string) {
			t.Helper()
			penstock(t, url, append([]string{"location", "show", "etl"}, form...)...).want(t, exitOK, want, "")
		}
		show(`"live_workers": 2`, "--json")
		show(`"drain_deadline": "2026-11-03T14:02:09.123456789Z"`, "--json")
		l.Replicas, l.Draining = []*hostv1.Replica{{Server: l.GetServer(), InUse: true}}, true
		show("Draining:      yes: nothing is started until a server answers that does not drain")
		show("draining: waits for 2 workers, until 2026-11-03 14:02:09 at the latest")
		show(`"draining": true`, "--json")
		l.Replicas, l.Draining = nil, false // of a host that does not tell servers apart
		show("Draining:      draining: waits for 2 workers, until 2026-11-03 14:02:09 at the latest")
	})
	t.Run("ServersUnknown", func(t *testing.T) {
		l := sampleLocation()
		l.Replicas = nil
		older := &fakeHost{listRuns: waiting, locations: func() ([]*hostv1.Location, error) { return []*hostv1.Location{l}, nil }}
		penstock(t, older.serve(t, nil), "location", "list").want(t, exitOK, "5     ?        2        127.0.0.1:4266", "")
	})
	t.Run("MixedAndGone", func(t *testing.T) {
		l := deployedLocation()
		l.Replicas, l.State = nil, hostv1.LocationState_LOCATION_STATE_STALE
		gone := &fakeHost{
			listRuns: waiting, location: func(string) (*hostv1.Location, error) { return l, nil },
			locations: func() ([]*hostv1.Location, error) { return []*hostv1.Location{l}, nil },
		}
		url := gone.serve(t, nil)
		for _, args := range [][]string{{"location", "list"}, {"location", "show", "ml"}} {
			if r := penstock(t, url, args...); r.code != exitOK || strings.Contains(strings.ToLower(r.out), "mixed") {
				t.Errorf("%q: no server is known, and that they are mixed is said: %+v", args, r)
			}
		}
	})
	t.Run("ShowDeploy", func(t *testing.T) {
		r := penstock(t, url, "location", "show", "ml")
		r.want(t, exitOK, "", "")
		golden(t, "location_show_deploy.txt", r.out)
		r = penstock(t, url, "location", "show", "ml", "--json")
		r.want(t, exitOK, "", "")
		golden(t, "location_show_deploy.json", r.out)
	})
	t.Run("WaitingOfOne", func(t *testing.T) {
		var asked *hostv1.ListRunsRequest
		run, next := sampleRun(hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE), ""
		one := &fakeHost{location: host.location, listRuns: func(r *hostv1.ListRunsRequest) (*hostv1.ListRunsResponse, error) {
			asked = r
			return &hostv1.ListRunsResponse{Runs: []*hostv1.Run{run}, NextCursor: next}, nil
		}}
		url := one.serve(t, nil)
		penstock(t, url, "location", "show", "etl").
			want(t, exitOK, "Waiting:       1 run waits for its code; see penstock run list --location etl --status WAITING_FOR_CODE\n", "")
		if f := asked.GetFilter(); f.GetLocation() != "etl" || len(f.GetStatuses()) != 1 || f.GetStatuses()[0] != run.GetStatus() {
			t.Errorf("asked for %v", f)
		}
		next = "x"
		penstock(t, url, "location", "show", "etl").want(t, exitOK, "1 or more runs wait for its code", "")
		penstock(t, url, "location", "show", "etl", "--json").want(t, exitOK, `"more_waiting": true`, "")
	})
	t.Run("WaitingUnknown", func(t *testing.T) {
		url := (&fakeHost{locations: host.locations, location: host.location}).serve(t, nil)
		const warning = "penstock: warning: the runs that wait for code could not be counted: "
		penstock(t, url, "location", "list").want(t, exitOK, "?", warning)
		penstock(t, url, "location", "show", "etl", "--json").want(t, exitOK, `"waiting_runs": null`, warning)
	})
	t.Run("ShowWithRefusal", func(t *testing.T) {
		r := penstock(t, url, "location", "show", "etl")
		r.want(t, exitOK, "", "") // a listing: the refusal is what was asked for
		golden(t, "location_show.txt", r.out)
	})
	t.Run("ErrUnknown", func(t *testing.T) {
		penstock(t, url, "location", "show", "x").want(t, exitNotFound, "", "there is no code location x")
	})
	t.Run("Reload", func(t *testing.T) {
		penstock(t, url, "location", "reload", "READY").want(t, exitOK, "State:         READY", "")
		penstock(t, url, "location", "reload", "UNAVAILABLE").
			want(t, exitUnreachable, "UNAVAILABLE", "penstock: location gpu is UNAVAILABLE: nothing listens there\nStart the user-code server.\n")
		penstock(t, url, "location", "reload", "INCOMPATIBLE").want(t, exitRefused, "INCOMPATIBLE", "is INCOMPATIBLE")
		penstock(t, url, "location", "reload", "ERROR", "--json").want(t, exitFailure, `"state": "ERROR"`, "is ERROR")
	})
}
