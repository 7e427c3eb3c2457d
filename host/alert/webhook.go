package alert

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// maxAnswer is how many bytes of a receiver's answer are read.
	maxAnswer = 4 << 10
	// maxAnswerText is how many of these an error shows.
	maxAnswerText = 200
	// maxLater is the longest time that a receiver may ask to be left alone for.
	maxLater = time.Hour
)

// webhook is the URL of a receiver. Only its host may be seen: the rest is what lets somebody send.
type webhook struct{ url *url.URL }

// String implements target.
func (w webhook) String() string { return "webhook " + w.url.Host }

// send implements target.
func (w webhook) send(ctx context.Context, m *message, client *http.Client) error {
	body, err := m.json()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url.String(), bytes.NewReader(body))
	if err != nil {
		return errors.New("the URL cannot be used")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("Idempotency-Key", m.id)
	req.Header.Set("User-Agent", "penstock")
	res, err := client.Do(req)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // the text of the outer one has the URL
		}
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return fmt.Errorf("%s did not answer within %s", w.url.Host, sendTimeout)
		}
		return w.told(fmt.Errorf("%s is not reached: %w", w.url.Host, err))
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	answer, _ := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	switch res.StatusCode / 100 {
	case 2:
		return nil
	case 3:
		return w.told(fmt.Errorf("%s redirects (%s), which is not followed; write the address that it means", w.url.Host, res.Status))
	}
	text := fmt.Sprintf("%s answers %s", w.url.Host, res.Status)
	if said := w.quote(answer); said != "" {
		text += ": " + said
	}
	err = w.told(errors.New(text))
	if after := retryAfter(res.Header.Get("Retry-After"), res.Header.Get("Date")); after > 0 {
		return &laterError{error: err, after: min(after, maxLater)}
	}
	return err
}

// quote is what an error shows of an answer. Secrets are hidden before it is cut, for what would be left of one could not
// be known as such; so the end of an answer that was not read to its end is left out where one may begin.
func (w webhook) quote(answer []byte) string {
	said := hidden(line(string(answer)), w.secrets())
	if len(answer) == maxAnswer {
		said = strings.ToValidUTF8(said[:max(len(said)-len(w.url.String()), 0)], "")
	}
	return cut(said, maxAnswerText)
}

func (w webhook) told(err error) error { return told(err, w.secrets()...) }

// secrets are all parts of the URL but its host, as they are written and as they are meant.
func (w webhook) secrets() []string {
	secrets := []string{w.url.String(), w.url.RequestURI(), w.url.EscapedPath(), w.url.Path, w.url.RawQuery, w.url.Fragment}
	for part := range strings.FieldsFuncSeq(w.url.Path, func(r rune) bool { return r == '/' }) {
		if len(part) >= 8 {
			secrets = append(secrets, part)
		}
	}
	for _, values := range w.url.Query() {
		secrets = append(secrets, values...)
	}
	if w.url.User != nil {
		password, _ := w.url.User.Password()
		secrets = append(secrets, password, w.url.User.Username())
	}
	var long []string
	for _, s := range secrets {
		if len(s) > 1 { // a path of / is none
			long = append(long, s)
		}
	}
	return long
}

// retryAfter reads the header of that name: seconds, or a date, which is compared with the receiver's own. 0 for none.
func retryAfter(text, date string) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	at, err := http.ParseTime(text)
	now, dateErr := http.ParseTime(date)
	if err != nil || dateErr != nil {
		return 0
	}
	return max(at.Sub(now), 0)
}
