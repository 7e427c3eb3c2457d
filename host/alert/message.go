package alert

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

const (
	// maxTagText is how many bytes of the value of a tag a message shows.
	maxTagText = 256
	// maxReasonText is how many bytes of a run's reason are in the text of a message.
	maxReasonText = 500
)

// message is what is sent.
type message struct {
	// id is the same however often it is sent.
	id string
	// subject and text are for people, the text with the link to the run. They hold what runs say, as it is.
	subject, text string
	// link leads to the run; it is in the text already.
	link string
	body body
}

// body is the JSON of a webhook. Text is what chat programs show; the rest is for programs.
type body struct {
	Text     string   `json:"text"`
	Delivery string   `json:"delivery"`
	Rule     string   `json:"rule"`
	About    string   `json:"about"`
	Test     bool     `json:"test"`
	Run      *bodyRun `json:"run,omitempty"`
}

// bodyRun is the run of a message.
type bodyRun struct {
	ID         string            `json:"id"`
	Location   string            `json:"location,omitempty"`
	Repository string            `json:"repository,omitempty"`
	Job        string            `json:"job,omitempty"`
	Status     string            `json:"status,omitempty"`
	Reason     string            `json:"reason,omitempty"`
	Failure    string            `json:"failure_reason,omitempty"`
	Tags       map[string]string `json:"tags,omitempty"`
	CreatedAt  *time.Time        `json:"created_at,omitempty"`
	StartedAt  *time.Time        `json:"started_at,omitempty"`
	EndedAt    *time.Time        `json:"ended_at,omitempty"`
	URL        string            `json:"url"`
}

// messageOf is the message of an alert; run is nil when it was deleted since.
func messageOf(r *Rule, a *host.Alert, run *host.Run, address string) message {
	m := message{
		id:   a.ID,
		link: address + "/runs/" + string(a.Run),
		body: body{Delivery: a.ID, Rule: r.Name, About: r.About, Run: &bodyRun{ID: string(a.Run)}},
	}
	m.body.Run.URL = m.link
	what := fmt.Sprintf("run %s, which was deleted since", a.Run)
	if run != nil {
		m.body.Run.fill(run)
		what = fmt.Sprintf("run %s of %s", a.Run, run.Job)
	}
	switch {
	case a.Kind == host.AlertLate:
		m.subject = "LATE: " + what
		m.text = fmt.Sprintf("%s: %s.", m.subject, r.About)
		if run != nil {
			m.text += " It is " + string(run.Status) + "."
		}
	case run == nil:
		m.subject = "Ended: " + what
		m.text = m.subject + "."
	default:
		m.subject = string(run.Status) + ": " + what
		m.text = m.subject + "."
	}
	if run != nil && run.StatusReason != "" {
		m.text += "\n" + cut(run.StatusReason, maxReasonText)
	}
	m.text += "\n" + m.link
	return m
}

func (b *bodyRun) fill(run *host.Run) {
	b.Location, b.Repository, b.Job = run.Job.Location, run.Job.Repository, run.Job.Job
	b.Status, b.Reason = string(run.Status), run.StatusReason
	b.Failure, _ = run.Tag(tag.KeyFailureReason)
	b.Tags = map[string]string{}
	for _, t := range run.Tags {
		b.Tags[t.Key] = cut(t.Value, maxTagText)
	}
	b.CreatedAt, b.StartedAt, b.EndedAt = instant(run.CreatedAt), instant(run.StartedAt), instant(run.EndedAt)
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// testMessage says that it is a test.
func testMessage(r *Rule, id, address string) message {
	m := message{
		id:      id,
		subject: "Test of the alert " + r.Name,
		text:    fmt.Sprintf("This is a test of the alert %s of %s. It is about no run.", r.Name, address),
		link:    address,
		body:    body{Delivery: id, Rule: r.Name, About: r.About, Test: true},
	}
	return m
}

// json is the body of a webhook. What chat programs would take for a mention or a link is shown as it is.
func (m *message) json() ([]byte, error) {
	b := m.body
	b.Text = slackText(m.text)
	return json.Marshal(b)
}

// slackEscapes are the characters that have a meaning in Slack's texts.
var slackEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// slackText is a text that means only itself.
func slackText(text string) string { return slackEscapes.Replace(plain(text)) }

// plain is a text without characters that control a terminal or the direction of writing, lines aside.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == utf8.RuneError {
			return '\ufffd'
		}
		return r
	}, text)
}

// line is plain on one line.
func line(text string) string { return strings.Join(strings.Fields(plain(text)), " ") }

// cut shortens a text.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	text = text[:most]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}
