package alert

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
)

// sendTimeout is how long a receiver has for a message.
const sendTimeout = 10 * time.Second

// target is where the messages of a rule go.
type target interface {
	// send delivers a message; the error has been made fit for people and holds no secrets. A *laterError says how long the
	// receiver wants to be left alone.
	send(ctx context.Context, m *message, client *http.Client) error
	// String says where it is, without secrets.
	String() string
}

// laterError is a refusal that says when to come again.
type laterError struct {
	error

	after time.Duration
}

func (e *laterError) Unwrap() error { return e.error }

// told is an error as it is kept and shown: plain, on one line and short, with secrets replaced.
func told(err error, secrets ...string) error {
	return errors.New(cut(hidden(line(err.Error()), secrets), host.MaxAlertError-len("…")))
}

// hidden is a text with secrets replaced.
func hidden(text string, secrets []string) string {
	for _, secret := range secrets {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "(hidden)")
		}
	}
	return text
}
