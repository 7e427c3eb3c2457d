package server

import (
	"context"
	"runtime"
	"runtime/debug"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/versioncheck"
)

// maxInfoBytes is how long each text of the server info may be. The whole stays far below 64 KiB.
const maxInfoBytes = 256

// GetServerInfo answers every host, of any age.
func (s *Server) GetServerInfo(_ context.Context, r *usercodev1.GetServerInfoRequest) (*usercodev1.GetServerInfoResponse, error) {
	s.noteHost(r.GetHost())
	return &usercodev1.GetServerInfoResponse{Server: s.currentInfo()}, nil
}

func (s *Server) currentInfo() *usercodev1.ServerInfo {
	info := proto.CloneOf(s.info)
	info.LiveWorkers = uint32(s.attempts.liveWorkers())
	if deadline := s.drainUntil.Load(); deadline != nil {
		info.Draining, info.DrainDeadline = true, timestamppb.New(*deadline)
	}
	return info
}

// maxHostsNoted bounds what is remembered of hosts.
const maxHostsNoted = 100

// noteHost warns of a host that is older than this user code asks for, once for each version that hosts have. The
// host is answered all the same: it says itself what it refuses, and why.
func (s *Server) noteHost(h *usercodev1.HostInfo) {
	c := versioncheck.CheckHost(s.opts.MinHostProtocol, versioncheck.Host{Protocol: h.GetProtocolVersion()})
	if c.Compatible {
		return
	}
	s.hostsMu.Lock()
	known := s.hostsNoted[c.Reported] || len(s.hostsNoted) == maxHostsNoted
	if !known {
		s.hostsNoted[c.Reported] = true
	}
	s.hostsMu.Unlock()
	if !known {
		s.opts.Logger.Warn("a host is too old for this user code", "code", string(c.Code), "message", c.Message, "remedy", c.Remedy)
	}
}

func (s *Server) makeInfo() *usercodev1.ServerInfo {
	info := &usercodev1.ServerInfo{
		ProtocolVersion:        infoText(s.opts.Protocol),
		MinHostProtocolVersion: infoText(s.opts.MinHostProtocol),
		Sdk:                    &usercodev1.Sdk{Language: "go", Version: infoText(sdkVersion()), Runtime: infoText(runtime.Version())},
		Build:                  build(s.opts.CodeVersion, s.opts.Image),
		ServerId:               s.id,
		DefinitionsDigest:      s.definitions.Digest.Bytes(),
		CapabilitiesDeclared:   true,
		Limits:                 &usercodev1.ServerLimits{MaxWorkers: uint32(max(s.opts.MaxWorkers, 0))},
		StartedAt:              timestamppb.New(s.opts.Now()),
	}
	if s.opts.Outputs != nil {
		info.OutputStore = infoText(output.Redact(s.opts.OutputLocation))
	}
	for _, c := range Capabilities(s.opts.Outputs != nil) {
		info.Capabilities = append(info.Capabilities, &usercodev1.Capability{Name: c.Name, Revision: c.Revision, Enabled: c.Enabled})
	}
	return info
}

// Capabilities is what every server of this tree declares, sorted by name: all that both sides of the tree can do. Only
// the output store can be switched off.
func Capabilities(storesOutputs bool) []versioncheck.Capability {
	var list []versioncheck.Capability
	for _, r := range versioncheck.Requirements() {
		list = append(list, versioncheck.Capability{Name: r.Name, Revision: 1, Enabled: storesOutputs || r.Name != versioncheck.OutputStore})
	}
	return list
}

// build describes the binary by what the team says and what Go has stamped it with, if anything.
func build(codeVersion, image string) *usercodev1.Build {
	b := &usercodev1.Build{CodeVersion: infoText(codeVersion), Image: infoText(image)}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.VcsRevision = infoText(setting.Value)
		case "vcs.modified":
			b.Dirty = setting.Value == "true"
		}
	}
	return b
}

// sdkVersion is the version of this module in the team's binary.
func sdkVersion() string {
	const module = "github.com/penstock-run/penstock"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version // of a binary in this tree, such as the tutorial
	for _, dep := range info.Deps {
		if dep.Path == module {
			version = dep.Version
		}
	}
	if version == "" || version == "(devel)" {
		return "devel"
	}
	return version
}

// infoText cuts between characters and leaves nothing that would make the message unreadable.
func infoText(s string) string {
	if s = strings.ToValidUTF8(s, string(utf8.RuneError)); len(s) <= maxInfoBytes {
		return s
	}
	end := maxInfoBytes
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
