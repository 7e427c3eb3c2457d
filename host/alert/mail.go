package alert

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	netmail "net/mail"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/penstock-run/penstock/host"
)

// How a MailServer is talked to.
const (
	// TLSStart begins in the clear and asks for TLS, which has to be granted.
	TLSStart = "starttls"
	// TLSImplicit begins with TLS.
	TLSImplicit = "implicit"
	// TLSNone is without.
	TLSNone = "none"
)

// mailStep is how long a mail server has for each step.
const mailStep = 5 * time.Second

// MailServer is how e-mail is sent.
type MailServer struct {
	// Server is host:port.
	Server string
	// From is the sender.
	From string
	// Username and Password are shown to the server; both empty for none.
	Username, Password string
	// TLS is one of those above. Default: TLSStart.
	TLS string
}

// NewMailServer checks how e-mail is sent. Each problem has the field of the configuration that it is about.
func NewMailServer(s MailServer) (*MailServer, []host.Problem) {
	var problems []host.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, host.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if s.TLS == "" {
		s.TLS = TLSStart
	}
	name, port, err := net.SplitHostPort(s.Server)
	switch {
	case strings.ContainsAny(s.Server, "@/"): // perhaps with a password
		add("server", "it is not host:port of a mail server, such as smtp.example.org:587; it is not shown here because it may hold a password, which belongs in password_env")
	case err != nil || name == "" || !isPort(port):
		add("server", "%.120q is not host:port of a mail server, such as smtp.example.org:587", s.Server)
	}
	if a, err := netmail.ParseAddress(s.From); err != nil {
		add("from", "%.120q is not an address, such as penstock@example.org", s.From)
	} else {
		s.From = a.String()
	}
	if (s.Username == "") != (s.Password == "") {
		add("username", "username and password_env go together; give both or none")
	}
	switch s.TLS {
	case TLSStart, TLSImplicit:
	case TLSNone:
		if s.Username != "" {
			add("tls", "the password would cross the network unencrypted; use starttls or implicit, or leave username and password_env out")
		}
	default:
		add("tls", "%.40q is none of starttls, implicit and none", s.TLS)
	}
	return &s, problems
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// recipients are people who get mail.
type recipients struct {
	server    *MailServer
	addresses []string
}

// String implements target.
func (r recipients) String() string {
	const most = 3
	if more := len(r.addresses) - most; more > 0 {
		return fmt.Sprintf("mail to %s and %d more", strings.Join(r.addresses[:most], ", "), more)
	}
	return "mail to " + strings.Join(r.addresses, ", ")
}

// send implements target.
func (r recipients) send(ctx context.Context, m *message, _ *http.Client) error {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	if err := r.deliver(ctx, m); err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%s did not take the mail within %s", r.server.Server, sendTimeout)
		}
		return told(fmt.Errorf("%s: %w", r.server.Server, err), r.server.Password)
	}
	return nil
}

func (r recipients) deliver(ctx context.Context, m *message) error {
	letter := mail.NewMsg()
	if err := letter.From(r.server.From); err != nil {
		return err
	}
	if err := letter.To(r.addresses...); err != nil {
		return err
	}
	letter.Subject(cut(line(m.subject), 200))
	letter.SetMessageIDWithValue(m.id + "@penstock")
	letter.SetDate()
	letter.SetGenHeader("Auto-Submitted", "auto-generated")
	letter.SetBodyString(mail.TypeTextPlain, plain(m.text)+"\n")
	name, port, _ := net.SplitHostPort(r.server.Server) // see NewMailServer
	number, _ := strconv.Atoi(port)
	options := []mail.Option{
		mail.WithPort(number), mail.WithTimeout(mailStep),
		mail.WithTLSConfig(&tls.Config{ServerName: name, MinVersion: tls.VersionTLS12}),
	}
	switch r.server.TLS {
	case TLSImplicit:
		options = append(options, mail.WithSSL())
	case TLSNone:
		options = append(options, mail.WithTLSPolicy(mail.NoTLS), mail.WithDialContextFunc(dialUntil(ctx)))
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory), mail.WithDialContextFunc(dialUntil(ctx)))
	}
	if r.server.Username != "" {
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(r.server.Username), mail.WithPassword(r.server.Password))
	}
	client, err := mail.NewClient(name, options...)
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, letter)
}

// dialUntil dials connections that end with ctx. What a dial gets from the client ends with the dial.
func dialUntil(ctx context.Context) mail.DialContextFunc {
	return func(dialing context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(dialing, network, address)
		if err != nil {
			return nil, err
		}
		return &endingConn{conn, context.AfterFunc(ctx, func() { _ = conn.Close() })}, nil
	}
}

// endingConn closes with a context.
type endingConn struct {
	net.Conn

	stop func() bool
}

// Close implements net.Conn.
func (c *endingConn) Close() error {
	c.stop()
	return c.Conn.Close()
}
