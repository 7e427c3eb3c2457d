package api_test

import (
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

func TestGetCapabilities(t *testing.T) {
	f := newFixture(t, settings{locations: []host.LocationConfig{
		{Name: "young", Address: "127.0.0.1:1", AllowDevVersions: true}, {Name: "plain", Address: "127.0.0.1:1"},
	}})
	answer, err := f.host.GetCapabilities(t.Context(), &hostv1.GetCapabilitiesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if answer.GetHostVersion() != "1.2.3" || answer.GetProtocolVersion() != versioncheck.Protocol || !slices.Equal(answer.GetAllowDevVersions(), []string{"young"}) {
		t.Errorf("got %v", answer)
	}

	// As JSON, which any HTTP client can ask for, it is the table that checks read.
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/penstock.host.v1.HostService/GetCapabilities", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	table, err := versioncheck.ReadHostTable(text)
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	want := versioncheck.OwnTable()
	want.HostVersion, want.AllowDevVersions = "1.2.3", []string{"young"}
	if !reflect.DeepEqual(table, want) {
		t.Errorf("got  %+v\nwant %+v", table, want)
	}
}
