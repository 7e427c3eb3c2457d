package main

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

type vaultConfig struct {
	User  string          `json:"user"`
	Token usercode.Secret `json:"token" config:"required" jsonschema:"What must not be seen"`
	Crash bool            `json:"crash"`
}

var vault = usercode.NewConfig("vault", vaultConfig{User: "reporter"})

// account is a resource that says its secret when it is opened and when it is closed.
type account struct{ token string }

func (a *account) Close() error { return errors.New("cannot log out with " + a.token) }

var accountResource = usercode.NewResource("account", func(ctx context.Context) (*account, error) {
	token := vault.From(ctx).Token.Reveal()
	usercode.Log(ctx).Info("logging in with " + token)
	return &account{token}, nil
}, vault, usercode.Description("Logs in"))

var lockedResource = usercode.NewResource("locked", func(ctx context.Context) (*account, error) {
	return nil, errors.New("refused: " + vault.From(ctx).Token.Reveal())
}, vault)

// leaks are the ways in which an op says its secret; each is an op of its own.
var leaks = map[string]func(ctx context.Context, token string) error{
	"log": func(ctx context.Context, token string) error {
		usercode.Log(ctx).With("with", token).Warn("token is "+token, "attr", token, "error", errors.New(token), "list", []string{token}, "bytes", []byte(token))
		return nil
	},
	"encoded": func(ctx context.Context, token string) error {
		text, err := json.Marshal(map[string]string{"token": token})
		usercode.Log(ctx).Info("encoded", "json", string(text), "query", url.QueryEscape(token), "path", url.PathEscape(token), "quoted", fmt.Sprintf("%q", token),
			"base64", base64.StdEncoding.EncodeToString([]byte("user:"+token)), "hex", hex.EncodeToString([]byte(token)))
		return err
	},
	"error": func(_ context.Context, token string) error {
		return fmt.Errorf("log in: %w", errors.New("wrong token "+token))
	},
	"long_error":  func(_ context.Context, token string) error { return errors.New(strings.Repeat("x", 64<<10-20) + token) },
	"panic":       func(_ context.Context, token string) error { panic("token " + token) },
	"panic_error": func(_ context.Context, token string) error { panic(errors.New(token)) },
	"print": func(_ context.Context, token string) error {
		fmt.Fprintln(os.Stdout, "stdout", token)
		fmt.Fprintln(os.Stderr, "stderr", token)
		half := len(token) / 2
		if _, err := syscall.Write(1, []byte("native "+token[:half])); err != nil {
			return err
		}
		_, err := syscall.Write(1, []byte(token[half:]+"\n"))
		return err
	},
	"op_output": func(ctx context.Context, token string) error {
		_, err := fmt.Fprintln(usercode.Stdout(ctx), "mine", token)
		return err
	},
	"child": func(ctx context.Context, _ string) error {
		cmd := exec.CommandContext(ctx, "sh", "-c", `echo "child $E2E_SECRET"; echo "child $E2E_SECRET" >&2; printf '%s' "$E2E_SECRET"`)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		return cmd.Run()
	},
	"note": func(ctx context.Context, token string) error {
		return usercode.Note(ctx, "note "+token, usercode.Metadata{"text": token, "url": metadata.URL("https://u:" + url.QueryEscape(token) + "@example.com/"), "json": metadata.JSON(map[string]string{"t": token})})
	},
	"output_metadata": func(ctx context.Context, token string) error {
		return usercode.OutputMetadata(ctx, usercode.Metadata{"text": token})
	},
	"tag": func(ctx context.Context, token string) error {
		return usercode.TagRun(ctx, usercode.Tags{"token": token})
	},
	"progress": func(ctx context.Context, token string) error {
		usercode.Progress(ctx, 1, 2, token)
		return nil
	},
	"resource": func(ctx context.Context, _ string) error { _, err := accountResource.From(ctx); return err },
	"locked":   func(ctx context.Context, _ string) error { _, err := lockedResource.From(ctx); return err },
	"command_line": func(_ context.Context, token string) error {
		line, err := os.ReadFile("/proc/self/cmdline")
		if strings.Contains(string(line), token) {
			return errors.New("the command line of the worker has it")
		}
		return err
	},
	"crash": func(ctx context.Context, token string) error {
		if !vault.From(ctx).Crash {
			return nil
		}
		fmt.Fprintln(os.Stderr, "last words", token)
		crashed := make(chan struct{})
		go func() {
			defer close(crashed)
			panic("goroutine of user code " + token)
		}()
		<-crashed
		return nil
	},
}

// leaking says a secret in every way that there is.
func leaking() *usercode.Job {
	return usercode.NewJob("leaking", func(g *usercode.Graph) {
		for _, name := range slices.Sorted(maps.Keys(leaks)) {
			leak := leaks[name]
			op := usercode.NewTask(name, func(ctx context.Context) error {
				usercode.Log(ctx).Info("it runs", "token", vault.From(ctx).Token)
				return leak(ctx, vault.From(ctx).Token.Reveal())
			}, vault, accountResource, lockedResource)
			op(g)
		}
		usercode.Command("command", "sh", "-c", `echo "command $E2E_SECRET"; echo "command $E2E_SECRET" >&2; exit 3`)(g)
	}, usercode.MaxConcurrent(1)) // so that it is known which one writes
}
