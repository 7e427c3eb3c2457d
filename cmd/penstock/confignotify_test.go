package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestAlertsAreRead(t *testing.T) {
	t.Setenv("PENSTOCK_TEST_HOOK", " https://hooks.example.org/services/T0/hunter2 \n")
	t.Setenv("PENSTOCK_TEST_PASSWORD", "hunter2")
	path := write(t, t.TempDir(), "p.yaml", `
email: {server: "smtp.example.org:587", from: Penstock <penstock@example.org>, username: penstock, password_env: PENSTOCK_TEST_PASSWORD}
notify:
  - {name: etl, when: status=failure and team=etl, url_env: PENSTOCK_TEST_HOOK}
  - {name: stuck, not_started_after: 15m, email: [ops@example.org, "Ada <ada@example.org>"]}
  - {name: report.daily, when: job=report, not_finished_by: "07:00 Europe/Berlin", url: "http://127.0.0.1:8065/x"}
`)
	c, err := readerOf(path).read()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"etl: status=failure and team=etl: ended: webhook hooks.example.org",
		"stuck: : not started after 15m: mail to ops@example.org, ada@example.org",
		"report.daily: job=report: not finished by 07:00 Europe/Berlin: webhook 127.0.0.1:8065",
	}
	var got []string
	for _, r := range c.Alerts {
		got = append(got, fmt.Sprintf("%s: %s: %s: %s", r.Name, r.When, r.About, r.Target))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the rules are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAlertProblemsHavePlaces(t *testing.T) {
	t.Setenv("PENSTOCK_TEST_HOOK", "gopher://hooks.example.org/hunter2")
	t.Setenv("PENSTOCK_TEST_EMPTY", "")
	const mail = "email: {server: \"m:25\", from: a@b.c, tls: none}\n"
	dir := t.TempDir()
	for _, c := range []struct{ name, text, want string }{
		{"ErrNoName", "notify:\n  - {when: a=b, url: \"https://x\"}\n", `p.yaml:2:5: alert 1: "" is not a name`},
		{"ErrNothing", "notify:\n  - {name: a}\n", "p.yaml:2:5: alert 1: it is not said which runs it is about"},
		{"ErrNowhere", "notify:\n  - {name: a, when: a=b}\n", "p.yaml:2:5: alert 1: it is not said where its messages go"},
		{"ErrBoth", "notify:\n  - {name: a, when: a=b, url: \"https://x\", email: [a@b.c]}\n" + mail, "make it two rules"},
		{"ErrSelector", "notify:\n  - {name: a, when: \"a=\", url: \"https://x\"}\n", "p.yaml:2:21: alert 1: column 3 of the selector: "},
		{"ErrURL", "notify:\n  - {name: a, when: a=b, url: \"hooks/hunter2\"}\n", "p.yaml:2:31: alert 1: it is not the URL of a webhook"},
		{"ErrURLOfVariable", "notify:\n  - {name: a, when: a=b, url_env: PENSTOCK_TEST_HOOK}\n", "p.yaml:2:35: alert 1: it is not the URL of a webhook"},
		{"ErrURLForAddress", "notify:\n  - {name: a, when: a=b, email: \"https://x/hunter2\"}\n", `p.yaml:2:33: text ("https:/...") where a list is wanted`},
		{"ErrURLAmongAddresses", "notify:\n  - {name: a, when: a=b, email: [\"https://x/hunter2\"]}\n" + mail, "alert 1: a URL is no address; it belongs in url"},
		{"ErrURLForNumber", "queue: {max_in_progress: \"https://x/hunter2\"}\n", `p.yaml:1:26: text ("https:/...") where a whole number`},
		{"ErrNotSet", "notify:\n  - {name: a, when: a=b, url_env: PENSTOCK_TEST_UNSET}\n", `p.yaml:2:35: the variable "PENSTOCK_TEST_UNSET" of the host's environment is not set`},
		{"ErrEmptyVariable", "notify:\n  - {name: a, when: a=b, url_env: PENSTOCK_TEST_EMPTY}\n", "is empty"},
		{"ErrTwoURLs", "notify:\n  - {name: a, when: a=b, url: \"https://x/hunter2\", url_env: A}\n", "url and url_env say the same"},
		{"ErrEmptyField", "notify:\n  - {name: a, when: a=b, url: \"\"}\n", "the field has no value"},
		{"ErrTwice", "notify:\n  - {name: a, when: a=b, url: \"https://x\"}\n  - {name: a, when: a=b, url: \"https://x\"}\n", `p.yaml:3:12: notify: rule 1 is called "a", too`},
		{"ErrAddress", "notify:\n  - {name: a, when: a=b, email: [here]}\n" + mail, `alert 1: "here" is not an address`},
		{"ErrNoServer", "notify:\n  - {name: a, when: a=b, email: [a@b.c]}\n", "alert 1: the host does not know how to send e-mail"},
		{"ErrTimes", "notify:\n  - {name: a, not_started_after: 1h, not_finished_after: 1h, url: \"https://x\"}\n", "p.yaml:2:58: alert 1: a rule is about one time"},
		{"ErrSpan", "notify:\n  - {name: a, not_started_after: soon, url: \"https://x\"}\n", `p.yaml:2:34: alert 1: "soon" is not a length of time`},
		{"ErrTimeOfDay", "notify:\n  - {name: a, not_started_by: \"24:00\", url: \"https://x\"}\n", `alert 1: "24:00" is not a time of day`},
		{"ErrZone", "notify:\n  - {name: a, not_finished_by: \"07:00 Mars/Base\", url: \"https://x\"}\n", "Mars/Base"},
		{"ErrLateByStatus", "notify:\n  - {name: a, when: status=failure, not_started_after: 1h, url: \"https://x\"}\n", "p.yaml:2:21: alert 1: a rule about late runs cannot go by status"},
		{"ErrUnknown", "notify:\n  - {what: a}\n", `p.yaml:2:6: unknown field "what"`},
		{"ErrMailServer", "email: {server: m, from: b, tls: maybe, username: c}\n", `email: "m" is not host:port`},
		{"ErrMailFrom", "email: {server: m, from: b, tls: maybe, username: c}\n", `p.yaml:1:26: email: "b" is not an address`},
		{"ErrMailTLS", "email: {server: m, from: b, tls: maybe, username: c}\n", `email: "maybe" is none of starttls, implicit and none`},
		{"ErrMailPassword", "email: {server: m, from: b, tls: maybe, username: c}\n", "username and password_env go together"},
		{"ErrMailInTheClear", "email: {server: \"m:25\", from: a@b.c, tls: none, username: c, password_env: PENSTOCK_TEST_HOOK}\n", "the password would cross the network unencrypted"},
		{"ErrMany", "notify:\n" + manyAlerts(host.MaxAlertRules+1), "101 rules are too many; at most 100"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := readerOf(write(t, dir, "p.yaml", c.text)).read()
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got\n%v\nwithout %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret:\n%v", err)
			}
		})
	}
}

func manyAlerts(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  - {name: a%d, when: a=b, url: \"https://x\"}\n", i)
	}
	return b.String()
}
