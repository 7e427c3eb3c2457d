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
	"github.com/penstock-run/penstock/versioncheck"
)

// maxInfoBytes is how long each text of the server info may be. The whole stays far below 64 KiB.
const maxInfoBytes = 256

// GetServerInfo answers every host, of any age.
func (s *Server) GetServerInfo(context.Context, *usercodev1.GetServerInfoRequest) (*usercodev1.GetServerInfoResponse, error) {
	return &usercodev1.GetServerInfoResponse{Server: s.currentInfo()}, nil
}

func (s *Server) currentInfo() *usercodev1.ServerInfo {
	info := proto.CloneOf(s.info)
	info.Draining = s.draining.Load()
	return info
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
	// The table is sorted by name, and holds what both sides of this tree can do.
	for _, r := range versioncheck.Requirements() {
		info.Capabilities = append(info.Capabilities, &usercodev1.Capability{Name: r.Name, Revision: 1, Enabled: true})
	}
	return info
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
