package worker

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseHostAddress(t *testing.T) {
	for address, want := range map[string]string{
		"http://127.0.0.1:3000": "127.0.0.1:3000 false", "https://host.example:8443": "host.example:8443 true", "http://[::1]:3000/": "[::1]:3000 false",
		"https://host.example": "host.example:443 true", "http://host": "host:80 false",
		"": "", "127.0.0.1:3000": "", "host:3000": "", "ftp://host": "", "http://": "", "http://u:p@host": "", "http://host/path": "", "http://host?x": "", "http://ho st": "",
	} {
		target, secure, err := parseHostAddress(address)
		got := target + map[bool]string{true: " true", false: " false"}[secure]
		if want == "" && err == nil || want != "" && (err != nil || got != want) {
			t.Errorf("%q: got %q, %v; want %q", address, got, err, want)
		}
		if err != nil && !strings.Contains(err.Error(), `use "http://host:port"`) {
			t.Errorf("%q: the error does not say what to use: %v", address, err)
		}
	}
}

func TestAskHostSaysWhatItTried(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ address, ca, want string }{
		"ErrRefused": {"http://127.0.0.1:1", "", "http://127.0.0.1:1: "},
		"ErrAddress": {"nonsense", "", "is not understood"},
		"ErrNoFile":  {"https://127.0.0.1:1", empty + "x", "no such file"},
		"ErrNoPEM":   {"https://127.0.0.1:1", empty, "holds no PEM certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := DialHost(c.address, c.ca)
			if err == nil {
				err = errors.Join(AskHost(ctx, conn, c.address), conn.Close())
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}
