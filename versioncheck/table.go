package versioncheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Limits of a host's table.
const (
	// MaxTableBytes is the length of the longest table that is read.
	MaxTableBytes = 1 << 20
	maxTableRows  = 1000
)

// HostTable is what a host asks of user code, so that a build can be checked
// against a host that it is not deployed to yet. Its texts are as the host
// wrote them: do not print them as they are.
type HostTable struct {
	// HostVersion is the version of the host's binary, for people.
	HostVersion string
	// Host is the side that decides.
	Host Host
	// Requirements are the capabilities that the host knows.
	Requirements []Requirement
	// AllowDevVersions names the locations whose policy accepts development
	// versions.
	AllowDevVersions []string
}

// OwnTable is that of a host of this source tree, without locations.
func OwnTable() HostTable {
	return HostTable{Host: Host{Protocol: Protocol, Oldest: OldestProtocol}, Requirements: Requirements()}
}

// Policy is that of the location of this name; a name that the table does not
// have, such as "", has the default one.
func (t HostTable) Policy(location string) Policy {
	return Policy{AllowDevVersions: slices.Contains(t.AllowDevVersions, location)}
}

// Decide answers what the host will say of a report, for each capability that
// it knows, in the table's order.
func (t HostTable) Decide(report Report, policy Policy) []Decision {
	decisions := make([]Decision, 0, len(t.Requirements))
	for _, r := range t.Requirements {
		decisions = append(decisions, r.Decide(report, t.Host, policy))
	}
	return decisions
}

// tableJSON is the JSON of the host's GetCapabilitiesResponse.
//
//nolint:tagliatelle // the names are those that protobuf makes
type tableJSON struct {
	HostVersion           string `json:"hostVersion"`
	ProtocolVersion       string `json:"protocolVersion"`
	OldestProtocolVersion string `json:"oldestProtocolVersion"`
	Capabilities          []struct {
		Name                   string `json:"name"`
		Label                  string `json:"label"`
		Description            string `json:"description"`
		MinProtocolVersion     string `json:"minProtocolVersion"`
		MinHostProtocolVersion string `json:"minHostProtocolVersion"`
		FixedProtocolVersion   string `json:"fixedProtocolVersion"`
		Baseline               bool   `json:"baseline"`
	} `json:"capabilities"`
	AllowDevVersions []string `json:"allowDevVersions"`
}

// ReadHostTable reads a table as a host serves it and as it is saved: the JSON
// of GetCapabilitiesResponse. What a newer host adds is ignored. The error says
// what is wrong, in printable ASCII of at most [MaxText] bytes.
func ReadHostTable(text []byte) (HostTable, error) {
	if len(text) > MaxTableBytes {
		return HostTable{}, fmt.Errorf("it is longer than %d bytes", MaxTableBytes)
	}
	var read tableJSON
	if err := json.Unmarshal(text, &read); err != nil {
		return HostTable{}, fmt.Errorf("it is not the JSON of a host's capabilities: %s", quote(err.Error()))
	}
	if read.ProtocolVersion == "" {
		return HostTable{}, errors.New("it has no protocolVersion, so it is not the JSON of a host's capabilities")
	}
	if _, err := Parse(read.ProtocolVersion); err != nil {
		return HostTable{}, fmt.Errorf("protocolVersion: %w", err)
	}
	switch n := len(read.Capabilities); {
	case n == 0:
		return HostTable{}, errors.New("it has no capabilities")
	case n > maxTableRows:
		return HostTable{}, fmt.Errorf("it has %d capabilities; the limit is %d", n, maxTableRows)
	}
	t := HostTable{
		HostVersion:      read.HostVersion,
		Host:             Host{Protocol: read.ProtocolVersion, Oldest: read.OldestProtocolVersion},
		AllowDevVersions: read.AllowDevVersions,
	}
	names := make(map[string]bool, len(read.Capabilities))
	for i, c := range read.Capabilities {
		if c.Name == "" || names[c.Name] {
			return HostTable{}, fmt.Errorf("capability %d has no name, or that of another one: %s", i+1, quote(c.Name))
		}
		names[c.Name] = true
		t.Requirements = append(t.Requirements, Requirement{
			Name: c.Name, Label: c.Label, Description: c.Description,
			MinProtocol: c.MinProtocolVersion, MinHostProtocol: c.MinHostProtocolVersion, FixedProtocol: c.FixedProtocolVersion,
			Baseline: c.Baseline,
		})
	}
	return t, nil
}
