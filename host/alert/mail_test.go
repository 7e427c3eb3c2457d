package alert_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
)

// mailServer is a small SMTP server, which takes mail for everybody but nobody@….
type mailServer struct {
	t        *testing.T
	listener net.Listener
	done     sync.WaitGroup
	// letters gets what is received.
	letters chan letter
}

type letter struct {
	from string
	to   []string
	data string
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{t: t, listener: l, letters: make(chan letter, 100)}
	s.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.done.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.done.Wait()
	})
	return s
}

// serve talks to one client.
func (s *mailServer) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	in := bufio.NewReader(conn)
	say := func(text string) { _, _ = io.WriteString(conn, text+"\r\n") }
	say("220 test ESMTP")
	var got letter
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		command, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch verb, _, _ := strings.Cut(strings.ToUpper(command), " "); verb {
		case "EHLO", "HELO", "NOOP", "RSET":
			say("250 test")
		case "MAIL":
			got = letter{from: rest}
			say("250 ok")
		case "RCPT":
			if strings.Contains(rest, "nobody@") {
				say("550 there is no such mailbox")
				continue
			}
			got.to = append(got.to, strings.Trim(rest, "<>"))
			say("250 ok")
		case "DATA":
			say("354 go on")
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				got.data += line
			}
			s.letters <- got
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 not here")
		}
	}
}

func (s *mailServer) server(t *testing.T) *alert.MailServer {
	t.Helper()
	m, problems := alert.NewMailServer(alert.MailServer{Server: s.listener.Addr().String(), From: "Penstock <penstock@example.org>", TLS: alert.TLSNone})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

func TestMail(t *testing.T) {
	s := newMailServer(t)
	f := newFixture(t)
	f.start(f.ruleBy(alert.RuleText{Name: "a", When: "status=failure", Email: []string{"ops@example.org", "Ada <ada@example.org>"}}, s.server(t)))
	id := f.ended("etl", host.Failure, "boom\nBcc: all@example.org\r\n\r\n\x1b[2Jdone")
	got := <-s.letters
	if want := []string{"ops@example.org", "ada@example.org"}; fmt.Sprint(got.to) != fmt.Sprint(want) {
		t.Errorf("it went to %v, want %v", got.to, want)
	}
	read, err := mail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(read.Body)
	if err != nil {
		t.Fatal(err)
	}
	if subject := read.Header.Get("Subject"); !strings.HasPrefix(subject, "FAILURE: run "+string(id)) {
		t.Errorf("the subject is %q", subject)
	}
	if read.Header.Get("Bcc") != "" || !strings.Contains(string(text), "boom") || strings.Contains(string(text), "\x1b") {
		t.Errorf("got the mail\n%s", got.data)
	}
	f.awaitDelivered("a", 1)
	if want := "<" + f.last("a").ID + "@penstock>"; read.Header.Get("Message-Id") != want {
		t.Errorf("the message has the id %s, want %s", read.Header.Get("Message-Id"), want)
	}
}

func TestMailIsRefused(t *testing.T) {
	s := newMailServer(t)
	f := newFixture(t)
	server := s.server(t)
	must := *server
	must.TLS = alert.TLSStart
	f.start(
		f.ruleBy(alert.RuleText{Name: "nobody", When: "status=failure", Email: []string{"nobody@example.org"}}, server),
		f.ruleBy(alert.RuleText{Name: "tls", When: "status=failure", Email: []string{"ops@example.org"}}, &must),
	)
	for name, want := range map[string]string{"nobody": "there is no such mailbox", "tls": "STARTTLS"} {
		_, refused, err := f.alerter.Test(t.Context(), name)
		if err != nil || refused == nil || !strings.Contains(refused.Error(), want) {
			t.Errorf("%s: got %v, %v, want %q", name, refused, err, want)
		}
	}
	if len(s.letters) > 0 {
		t.Error("it was taken all the same")
	}
}

func TestServersOfMailThatCannotBeUsedShowNoPassword(t *testing.T) {
	for _, server := range []string{"smtp://ada:hunter2@smtp.example.org:587", "ada:hunter2@smtp.example.org:587", "hunter2@smtp.example.org:587"} {
		_, problems := alert.NewMailServer(alert.MailServer{Server: server, From: "penstock@example.org"})
		if len(problems) != 1 || problems[0].Field != "server" || strings.Contains(problems[0].Message, "hunter2") {
			t.Errorf("%s: got %v", server, problems)
		}
	}
}

func TestURLsAmongAddressesAreNotShown(t *testing.T) {
	for _, url := range []string{"https://hooks.example.org/hunter2", "hooks.example.org/hunter2"} {
		_, problems := alert.NewRule(alert.RuleText{Name: "a", When: "status=failure", Email: []string{url}}, &alert.MailServer{})
		if len(problems) != 1 || problems[0].Field != "email" || strings.Contains(problems[0].Message, "hunter2") {
			t.Errorf("%s: got %v", url, problems)
		}
	}
}
