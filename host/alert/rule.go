package alert

import (
	"fmt"
	"net/mail"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// MaxRecipients is how many addresses a rule may mail to.
const MaxRecipients = 50

// RuleText is a rule as people write it. Exactly one of URL and Email is given, and at most one of the times.
type RuleText struct {
	Name, When string
	// The times make it a rule about late runs: lengths of time such as 15m, or times of day such as 07:00 Europe/Berlin.
	NotStartedAfter, NotStartedBy, NotFinishedAfter, NotFinishedBy string
	// URL of a webhook. It is a secret, but for its host.
	URL string
	// Email are addresses of people.
	Email []string
}

// Rule is a rule that can be used, see NewRule.
type Rule struct {
	// Name, unique among the rules of a host: what is kept of the rule is kept by it.
	Name string
	// When is the text of the selector, About says for people what the rule is about, Target where its messages go, without
	// secrets.
	When, About, Target string

	text   RuleText
	server *MailServer
	where  *selector.Expr
	// late is nil for a rule about runs that ended.
	late *lateness
	to   target
}

var (
	ruleName = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9_])?$`)
	// changing are fields of runs that a rule about late runs cannot go by: such a run has no end yet, and its status is
	// what the rule itself is about.
	changing = []string{host.FieldStatus, host.FieldEnded}
)

// NewRule makes a rule of its text. server is how e-mail is sent, nil when it cannot be. Each problem has the field of the
// configuration that it is about; where that is "when", a column. None holds the URL.
func NewRule(t RuleText, server *MailServer) (r Rule, problems []host.Problem) {
	t.Email = slices.Clone(t.Email)
	r = Rule{Name: t.Name, When: t.When, text: t, server: server}
	add := func(field, format string, args ...any) {
		problems = append(problems, host.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if !ruleName.MatchString(t.Name) {
		add("name", "%.80q is not a name: it has 1 to 63 letters, digits, _, - and ., the first and last no - or .", t.Name)
	}
	var late []host.Problem
	r.late, late = newLateness(&t)
	problems = append(problems, late...)
	var err error
	if r.where, err = selector.Parse(t.When, host.RunSchema(), nil); err != nil {
		problems = append(problems, host.ProblemsOf(host.SelectorError("when", err))...)
	}
	if t.When == "" && r.late == nil && len(late) == 0 {
		add("when", "it is not said which runs it is about; give a selector, such as status=failure")
	}
	if r.late != nil && r.where != nil {
		for term := range r.where.Terms() {
			if term.On == selector.Field && slices.Contains(changing, term.Name) {
				add("when", "a rule about late runs cannot go by %s", term.Name)
				break
			}
		}
	}
	r.About = "ended"
	if r.late != nil {
		r.About = r.late.about
	}
	switch {
	case t.URL == "" && len(t.Email) == 0:
		add("", "it is not said where its messages go; give a url or url_env, or addresses in email")
	case t.URL != "" && len(t.Email) > 0:
		add("", "its messages go to a url or by email, not both; make it two rules")
	case t.URL != "":
		u, err := url.Parse(strings.TrimSpace(t.URL))
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
			add("url", "it is not the URL of a webhook, such as https://hooks.example.org/…; it is not shown here because it may hold a secret")
			break
		}
		r.to = webhook{u}
		r.Target = r.to.String()
	default:
		r.to, late = newRecipients(t.Email, server)
		problems = append(problems, late...)
		r.Target = r.to.String()
	}
	return r, problems
}

// newRecipients checks addresses.
func newRecipients(addresses []string, server *MailServer) (to recipients, problems []host.Problem) {
	to = recipients{server: server}
	add := func(format string, args ...any) {
		problems = append(problems, host.Problem{Field: "email", Message: fmt.Sprintf(format, args...)})
	}
	if len(addresses) > MaxRecipients {
		add("%d addresses are too many; at most %d, or one of a list", len(addresses), MaxRecipients)
		return to, problems
	}
	for _, text := range addresses {
		a, err := mail.ParseAddress(text)
		if err != nil && strings.Contains(text, "/") { // which may hold a secret
			add("a URL is no address; it belongs in url")
			continue
		}
		if err != nil {
			add("%.120q is not an address, such as ops@example.org", text)
			continue
		}
		to.addresses = append(to.addresses, a.Address)
	}
	if server == nil {
		add("the host does not know how to send e-mail; name the server in the section email")
	}
	return to, problems
}

// same tells that two rules do the same.
func (r *Rule) same(other *Rule) bool {
	return reflect.DeepEqual(r.text, other.text) && (len(r.text.Email) == 0 || reflect.DeepEqual(r.server, other.server))
}

// CheckRules says what is wrong with rules together. Each problem has a field such as "[2].name".
func CheckRules(rules []Rule) (problems []host.Problem) {
	if len(rules) > host.MaxAlertRules {
		return []host.Problem{{Message: fmt.Sprintf("%d rules are too many; at most %d", len(rules), host.MaxAlertRules)}}
	}
	first := map[string]int{}
	for i := range rules {
		if before, again := first[rules[i].Name]; again {
			problems = append(problems, host.Problem{
				Field:   fmt.Sprintf("[%d].name", i),
				Message: fmt.Sprintf("rule %d is called %q, too; give one of them another name", before+1, rules[i].Name),
			})
			continue
		}
		first[rules[i].Name] = i
	}
	return problems
}
