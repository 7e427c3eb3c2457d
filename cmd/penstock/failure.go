package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strings"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// failure is what went wrong with a call: the message, every problem with its place, and what to do.
type failure struct {
	code     int // to exit with
	rpc      connect.Code
	remote   bool // the host said so, not the way to it
	unsent   bool // nobody accepted the connection
	foreign  bool // what answers does not know the call, whatever it is
	old      bool // it is a host, which is too old for the call
	message  string
	problems []*hostv1.Problem
	remedy   string
	// config is the name of the file that places in the config refer to.
	config string
	// where is the selector that places in it refer to.
	where string
}

// Error renders the failure line by line. Each piece is inert, so no text of others can pass for a line of ours.
func (f *failure) Error() string {
	lines := append(pieces(f.message, "  "), f.carets()...)
	for _, p := range f.problems {
		text := pieces(p.GetMessage(), "    ")
		text[0] = "  " + f.place(p) + text[0]
		lines = append(lines, text...)
	}
	if f.remedy != "" {
		lines = append(lines, pieces(f.remedy, "  ")...)
	}
	return strings.Join(lines, "\n")
}

// place says where a problem is, ready to be followed by what is wrong.
func (f *failure) place(p *hostv1.Problem) string {
	column := ""
	if p.GetColumn() > 0 {
		column = fmt.Sprintf("column %d: ", p.GetColumn())
	}
	switch p.GetField() {
	case "config":
		place := inert(f.config)
		if place == "" {
			place = "config"
		}
		if p.GetLine() > 0 {
			place += fmt.Sprintf(":%d", p.GetLine())
			if p.GetColumn() > 0 {
				place += fmt.Sprintf(":%d", p.GetColumn())
			}
		}
		return place + ": " + followed(p.GetPath())
	case "tags":
		if p.GetPath() == "" || strings.HasPrefix(p.GetMessage(), "tag ") {
			return column // it is about all of them, or names the tag itself
		}
		return "tag " + followed(p.GetPath()) + column
	case "op_selection":
		if p.GetLine() > 1 {
			return fmt.Sprintf("op selection: line %d, %s", p.GetLine(), column)
		}
		return "op selection: " + column
	case "job", "where", "":
		return followed(p.GetPath()) + column
	default:
		return inert(p.GetField()) + ": " + followed(p.GetPath()) + column
	}
}

func followed(path string) string {
	if path == "" {
		return ""
	}
	return inert(path) + ": "
}

// pieces splits text at its line breaks and makes each line inert; those after the first are indented.
func pieces(text, indent string) []string {
	lines := strings.Split(strings.TrimRight(text, "\r\n"), "\n")
	for i := range lines {
		lines[i] = inert(strings.TrimSuffix(lines[i], "\r"))
		if i > 0 {
			lines[i] = indent + lines[i]
		}
	}
	return lines
}

// failed makes of a call's error one that is fit to print, with the code to exit with; nil stays nil.
func (c *client) failed(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	f := c.failureOf(err)
	if f.foreign {
		c.tellIfOld(ctx, f)
	}
	return &exitError{code: f.code, err: f}
}

// tellIfOld says of a host that does not know a call that it is too old. Other things do not know it either, and an old
// host answers like a web server, so it is asked for what every host knows.
func (c *client) tellIfOld(ctx context.Context, f *failure) {
	ctx, done := context.WithTimeout(ctx, dialTimeout)
	defer done()
	res, err := c.host.GetHost(ctx, &hostv1.GetHostRequest{})
	if err != nil {
		return
	}
	f.old, f.code = true, exitFailure
	f.message = fmt.Sprintf("the host at %s, version %s, is too old for this", c.address, res.GetHost().GetVersion())
	f.remedy = "Upgrade the host; penstock version compares it with this command."
}

func (c *client) failureOf(err error) *failure {
	var e *connect.Error
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{code: exitFailure, rpc: connect.CodeCanceled, message: "interrupted"}
	case !errors.As(err, &e):
		e = connect.NewError(connect.CodeOf(err), err.Error())
	}
	f := &failure{
		rpc: e.Code(), remote: e.IsRemote(), unsent: unsent(err), message: e.Message(),
		foreign: e.Code() == connect.CodeUnimplemented || !e.IsRemote() && foreignStatus.MatchString(e.Message()),
	}
	detailed := false
	for _, d := range e.Details() {
		if m, err := connectproto.UnmarshalErrorDetail(d); err == nil {
			if detail, ok := m.(*hostv1.ErrorDetail); ok {
				f.problems, f.remedy, detailed = detail.GetProblems(), detail.GetRemedy(), true
				f.code = exitOf(e.Code(), detail.GetReason())
			}
		}
	}
	if detailed {
		return f
	}
	f.code = exitOf(e.Code(), "")
	switch e.Code() {
	case connect.CodeCanceled:
		f.message = "interrupted"
	case connect.CodeUnavailable:
		if !f.remote {
			f.message, f.remedy = c.unanswered(e)
		}
	case connect.CodeDeadlineExceeded:
		f.message = fmt.Sprintf("the host at %s did not answer within %s", c.address, callTimeout)
		f.remedy = "Look at its log and its load, and try again."
	case connect.CodeUnauthenticated:
		f.message = fmt.Sprintf("the host at %s asks for a token: %s", c.address, beginning(e.Message()))
		f.remedy = "Give it with --token-file or PENSTOCK_TOKEN."
	case connect.CodeUnimplemented:
		f.message = fmt.Sprintf("what answers at %s does not know this call", c.address)
		f.remedy = "Is it a Penstock host, and one of this version? Compare with penstock version."
	case connect.CodePermissionDenied:
		f.code = exitFailure // not the version gate, which always says more
		fallthrough
	case connect.CodeInternal:
		if !f.remote && strings.Contains(e.Message(), "invalid UTF-8") { // so say the messages of protobuf, before they are sent
			f.code, f.message = exitUsage, "what is asked for is not UTF-8 text"
			f.remedy = "Look for characters of another encoding in what you gave; the terminal and the shell have to use UTF-8."
			break
		}
		fallthrough
	default:
		f.message = fmt.Sprintf("what answers at %s says: %s", c.address, joined(": ", e.Code().String(), beginning(e.Message())))
		if !f.remote {
			f.remedy = "Is it a Penstock host? One that serves with TLS is named as https://HOST:PORT."
		}
	}
	return f
}

var (
	// httpStatus is how an answer begins that is no answer of an API.
	httpStatus = regexp.MustCompile(`^(unavailable: )?(HTTP status )?5[0-9][0-9] `)
	// foreignStatus is how one begins that a web server gives to a call which it does not know. A host that was built
	// without its UI said 503.
	foreignStatus = regexp.MustCompile(`^(unavailable: )?(HTTP status )?(404|405|501|503) `)
)

// unanswered explains why no host was reached.
func (c *client) unanswered(err error) (message, remedy string) {
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case untrusted:
		return fmt.Sprintf("the certificate of the host at %s is not trusted: %s", c.address, beginning(cause(err).Error())),
			"Give with --ca-file the certificate of the authority that signed it, and name the host as the certificate does."
	case errors.Is(err, http.ErrSchemeMismatch):
		return fmt.Sprintf("what answers at %s does not speak TLS", c.address), "Name it as http://HOST:PORT, if that is meant."
	case httpStatus.MatchString(cause(err).Error()):
		return fmt.Sprintf("what answers at %s says: %s", c.address, beginning(strings.TrimPrefix(cause(err).Error(), "unavailable: "))),
			"The host may not run behind it, or it may be a host that is too old for this call. Compare with penstock version."
	case accepted(err):
		// What exactly net/http makes of another protocol is a matter of chance.
		return fmt.Sprintf("what answers at %s is no Penstock host, or ended while it was asked", c.address),
			"Give the address of the host, not that of a user-code server; one that serves with TLS is named as https://HOST:PORT."
	default:
		return fmt.Sprintf("the host at %s does not answer: %s", c.address, beginning(cause(err).Error())),
			"Start one with penstock serve or penstock dev, or name another with --host or PENSTOCK_HOST."
	}
}

// accepted tells that somebody accepted the connection.
func accepted(err error) bool {
	var op *net.OpError
	return !errors.As(err, &op) || op.Op != "dial" && op.Op != "proxyconnect"
}

// cause is the innermost error, for what is around it only names the address again.
func cause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// maxForeign is how much is repeated of a text that may be anybody's.
const maxForeign = 2000

// beginning is as much of such a text as is repeated.
func beginning(text string) string {
	if len(text) <= maxForeign {
		return text
	}
	return strings.ToValidUTF8(text[:maxForeign], "") + "…" // drops a character that was cut
}

// exitOf is the exit code of a code and reason of the host.
func exitOf(code connect.Code, reason string) int {
	switch code {
	case connect.CodeNotFound:
		return exitNotFound
	case connect.CodePermissionDenied:
		if reason == "CROSS_ORIGIN" || reason == "HOST_NOT_ALLOWED" {
			return exitFailure
		}
		return exitRefused
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded:
		if reason == host.ReasonFull { // the host answers, and can store nothing
			return exitFailure
		}
		return exitUnreachable
	case connect.CodeInvalidArgument, connect.CodeFailedPrecondition, connect.CodeAborted, connect.CodeAlreadyExists:
		return exitRejected
	default:
		return exitFailure
	}
}
