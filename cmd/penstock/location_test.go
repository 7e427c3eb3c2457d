package main

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestLocation(t *testing.T) {
	down := &hostv1.Location{
		Name: "ml", Address: "10.0.0.7:4266", State: hostv1.LocationState_LOCATION_STATE_UNAVAILABLE,
		Error: "nothing listens there", Remedy: "Start the user-code server.",
	}
	host := &fakeHost{
		locations: func() ([]*hostv1.Location, error) { return []*hostv1.Location{sampleLocation(), down}, nil },
		location: func(name string) (*hostv1.Location, error) {
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
		r.want(t, exitOK, "", "")
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
		wrong := &fakeHost{locations: host.locations, getHost: func() (*hostv1.Host, error) {
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
		draining := &fakeHost{location: func(string) (*hostv1.Location, error) {
			l := sampleLocation()
			l.Server.Draining, l.Server.LiveWorkers, l.Server.DrainDeadline = true, 2, at(9)
			return l, nil
		}}
		url := draining.serve(t, nil)
		penstock(t, url, "location", "show", "etl").want(t, exitOK, "yes: it starts nothing more and ends after its 2 workers, or at 2026-11-03 14:02:09", "")
		r := penstock(t, url, "location", "show", "etl", "--json")
		r.want(t, exitOK, `"live_workers": 2`, "")
		r.want(t, exitOK, `"drain_deadline": "2026-11-03T14:02:09.123456789Z"`, "")
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
			want(t, exitUnreachable, "UNAVAILABLE", "penstock: location ml is UNAVAILABLE: nothing listens there\nStart the user-code server.\n")
		penstock(t, url, "location", "reload", "INCOMPATIBLE").want(t, exitRefused, "INCOMPATIBLE", "is INCOMPATIBLE")
		penstock(t, url, "location", "reload", "ERROR", "--json").want(t, exitFailure, `"state": "ERROR"`, "is ERROR")
	})
}
