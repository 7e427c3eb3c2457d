package workspace

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// report is what a server said of itself, as kept with the definitions that
// came with it.
type report struct {
	// info is nil when the server does not implement GetServerInfo or replied without it.
	info *usercodev1.ServerInfo
	// encoded is info on the wire, for snapshots; empty when info is nil.
	encoded []byte
	// gate is a digest of what the gate judges, versions and capabilities; key is
	// that and the definitions' digest, which is all that makes two reports differ.
	// build is a digest of what people see besides, and what the processes of one
	// deploy share: SDK, build and limits.
	gate, key, build string
}

// newReport keeps what a server said, long texts cut.
func newReport(info *usercodev1.ServerInfo) (report, error) {
	if info == nil {
		return report{}, nil
	}
	cutTexts(info.ProtoReflect())
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(info)
	if err != nil {
		return report{}, err
	}
	r := report{info: info, encoded: encoded}
	r.gate, err = fingerprint(&usercodev1.ServerInfo{
		ProtocolVersion:        info.GetProtocolVersion(),
		MinHostProtocolVersion: info.GetMinHostProtocolVersion(),
		CapabilitiesDeclared:   info.GetCapabilitiesDeclared(),
		Capabilities:           slices.SortedFunc(slices.Values(info.GetCapabilities()), byName),
	})
	if err != nil {
		return report{}, err
	}
	digest := r.digest()
	r.key = r.gate + string(digest[:])
	r.build, err = fingerprint(&usercodev1.ServerInfo{Sdk: info.GetSdk(), Build: info.GetBuild(), Limits: info.GetLimits()})
	return r, err
}

// byName orders capabilities, which come in any order.
func byName(a, b *usercodev1.Capability) int { return strings.Compare(a.GetName(), b.GetName()) }

// fingerprint is a digest of a part of a report.
func fingerprint(part *usercodev1.ServerInfo) (string, error) {
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(part)
	d := digestOf(encoded)
	return string(d[:]), err
}

// digest is that of the server's definitions; zero when it did not say.
func (r report) digest() host.Digest { return host.DigestFrom(r.info.GetDefinitionsDigest()) }

// same says whether both say the same to people, whichever process it was.
func (r report) same(other report) bool { return r.key == other.key && r.build == other.build }

// judged is what of the report decides: another one needs a new decision and,
// since other bodies may be allowed then, a new exchange.
func (r report) judged() versioncheck.Report { return reportOf(r.info) }

// infoOptions are those of every GetServerInfo call.
var infoOptions = []grpc.CallOption{grpc.ForceCodecV2(frameCodec{}), grpc.MaxCallRecvMsgSize(maxServerInfoBytes)}

// serverInfo asks a server who it is. A server that does not know the question
// has an empty report: its jobs are shown all the same, if it has any. same
// says that the reply is that of the time before, byte for byte. A connection
// over which nothing of use came is given up.
func (l *location) serverInfo(ctx context.Context, conn *connection, within time.Duration) (r report, same bool, f *fault) {
	const what = "GetServerInfo"
	mine := l.places.take(ctx)
	call, limited := l.late.limit(ctx, what, within)
	var reply frame
	err := conn.Invoke(call, usercodev1.UserCodeService_GetServerInfo_FullMethodName, l.question, &reply, infoOptions...)
	limited.end()
	l.places.give(mine)
	switch {
	case status.Code(err) == codes.Unimplemented && !notGRPC(err):
		reply = frame{}
	case err != nil:
		if ctx.Err() == nil {
			conn.giveUp()
		}
		return report{}, false, faultOf(call, err, l.config, conn, what)
	}
	if conn.reply != nil && bytes.Equal(conn.reply, reply) {
		return conn.report, true, nil
	}
	var m usercodev1.GetServerInfoResponse
	if err := proto.Unmarshal(reply, &m); err != nil {
		conn.giveUp()
		return report{}, false, negotiationFault(false, sameRemedy, "%s answered %s with something that cannot be read.", l.config.Address, what)
	}
	if r, err = newReport(m.GetServer()); err != nil {
		conn.giveUp()
		return report{}, false, negotiationFault(false, sameRemedy, "%s answered %s with something that cannot be kept.", l.config.Address, what)
	}
	conn.reply, conn.report = reply, r
	return r, false, nil
}

// notGRPC says whether gRPC made the error from a plain HTTP answer: those of
// status 404 become Unimplemented, too.
func notGRPC(err error) bool {
	return strings.Contains(status.Convert(err).Message(), "unexpected HTTP status code")
}

// cutTexts cuts every text in a message to the limit, at the start of a
// character. A peer that sends longer ones breaks the contract, but hurts only
// its own display.
func cutTexts(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsList() && f.Message() != nil:
			for i := range v.List().Len() {
				cutTexts(v.List().Get(i).Message())
			}
		case f.Message() != nil:
			cutTexts(v.Message())
		case f.Kind() == protoreflect.StringKind && len(v.String()) > maxInfoText:
			m.Set(f, protoreflect.ValueOfString(cut(v.String(), maxInfoText)))
		}
		return true
	})
}

// cut is at most n bytes of s, whole characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
