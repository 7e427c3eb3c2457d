package workspace

import (
	"context"
	"strings"
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
}

// newReport keeps what a server said, long texts cut.
func newReport(info *usercodev1.ServerInfo) (report, error) {
	if info == nil {
		return report{}, nil
	}
	cutTexts(info.ProtoReflect())
	encoded, err := proto.MarshalOptions{Deterministic: true}.Marshal(info)
	return report{info, encoded}, err
}

// digest is that of the server's definitions; zero when it did not say.
func (r report) digest() host.Digest { return host.DigestFrom(r.info.GetDefinitionsDigest()) }

// same says whether both come from one process in one state.
func (r report) same(other report) bool { return string(r.encoded) == string(other.encoded) }

// judged is what of the report decides: another one needs a new decision and,
// since other bodies may be allowed then, a new exchange.
func (r report) judged() versioncheck.Report { return reportOf(r.info) }

// serverInfo asks a server who it is. A server that does not know the question
// has an empty report: its jobs are shown all the same, if it has any.
func (l *location) serverInfo(ctx context.Context, conn *connection) (report, *fault) {
	const what = "GetServerInfo"
	ctx, d := withDeadline(ctx, l.clock, what, callDeadline, 0)
	defer d.stop()
	var reply frame
	err := conn.Invoke(ctx, usercodev1.UserCodeService_GetServerInfo_FullMethodName,
		&usercodev1.GetServerInfoRequest{Host: l.hostInfo}, &reply,
		grpc.ForceCodecV2(frameCodec{}), grpc.MaxCallRecvMsgSize(maxServerInfoBytes))
	if status.Code(err) == codes.Unimplemented && !notGRPC(err) {
		return report{}, nil
	}
	if err != nil {
		return report{}, faultOf(ctx, err, l.config, conn, what)
	}
	var m usercodev1.GetServerInfoResponse
	if err := proto.Unmarshal(reply, &m); err != nil {
		return report{}, negotiationFault(false, sameRemedy, "%s answered %s with something that cannot be read.", l.config.Address, what)
	}
	r, err := newReport(m.GetServer())
	if err != nil {
		return report{}, negotiationFault(false, sameRemedy, "%s answered %s with something that cannot be kept.", l.config.Address, what)
	}
	return r, nil
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
