package usercode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"text/template"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

const hidden = "hunter2-and-more"

type account struct {
	User  string          `json:"user"`
	Token usercode.Secret `json:"token" config:"required" jsonschema:"Of the account"`
}

type embedded struct{ Inner usercode.Secret }

type vault struct {
	embedded
	Password usercode.Secret            `json:"password"`
	Optional usercode.Secret            `json:"optional"`
	Pointer  *usercode.Secret           `json:"pointer"`
	List     []usercode.Secret          `json:"list"`
	Map      map[string]usercode.Secret `json:"map"`
	Accounts map[string]account         `json:"accounts"`
	Bytes    []byte                     `json:"bytes"`
}

func revealed(v vault) map[string]string {
	out := map[string]string{"inner": v.Inner.Reveal(), "password": v.Password.Reveal(), "optional": v.Optional.Reveal()}
	if v.Pointer != nil {
		out["pointer"] = v.Pointer.Reveal()
	}
	for i, s := range v.List {
		out[fmt.Sprint("list", i)] = s.Reveal()
	}
	for k, s := range v.Map {
		out["map."+k] = s.Reveal()
	}
	for k, a := range v.Accounts {
		out["accounts."+k] = a.User + ":" + a.Token.Reveal()
	}
	return out
}

func TestSecretsAreRevealedWhereverTheyAre(t *testing.T) {
	config := usercode.NewConfig("vault", vault{Password: usercode.SecretEnv("VAULT_PASSWORD")})
	op := usercode.NewOp("op", func(ctx context.Context) (map[string]string, error) { return revealed(config.From(ctx)), nil }, config)
	job := usercode.NewJob("job", func(g *usercode.Graph) { op(g) })
	t.Setenv("VAULT_PASSWORD", hidden)
	t.Setenv("OTHER", "something else")
	env := func(name string) map[string]string { return map[string]string{"env": name} }
	for name, c := range map[string]struct {
		config any
		want   map[string]string
	}{
		"Defaults": {struct{}{}, map[string]string{"inner": "", "password": hidden, "optional": ""}},
		"References": {
			map[string]any{
				"Inner": env("OTHER"), "optional": env("OTHER"), "pointer": env("OTHER"), "list": []any{env("VAULT_PASSWORD"), env("OTHER")}, "map": map[string]any{"a": env("OTHER")},
				"accounts": map[string]any{"x": map[string]any{"user": "u", "token": env("OTHER")}},
			},
			map[string]string{
				"inner": "something else", "password": hidden, "optional": "something else", "pointer": "something else", "list0": hidden, "list1": "something else",
				"map.a": "something else", "accounts.x": "u:something else",
			},
		},
		"OfTests": {
			vault{
				Password: usertest.Secret("given by the test"), List: []usercode.Secret{usertest.Secret("given by the test")},
				Map: map[string]usercode.Secret{}, Accounts: map[string]account{},
			},
			map[string]string{"inner": "", "password": "given by the test", "optional": "", "list0": "given by the test"},
		},
		"None": {map[string]any{"password": nil}, map[string]string{"inner": "", "password": "", "optional": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, job, &usertest.Options{Config: map[string]any{"vault": c.config}})
			if got := output[map[string]string](t, r, "op"); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
	t.Run("OutsideOfARun", func(t *testing.T) {
		if got := config.From(t.Context()).Password.Reveal(); got != hidden {
			t.Errorf("got %q", got)
		}
		defer func() {
			if p := fmt.Sprint(recover()); !strings.Contains(p, "the secret {env: NOT_SET} has no value") {
				t.Errorf("got %v", p)
			}
		}()
		usercode.NewConfig("c", account{Token: usercode.SecretEnv("NOT_SET")}).From(t.Context()).Token.Reveal()
	})
	if got := usertest.Secret("direct").Reveal(); got != "direct" {
		t.Errorf("got %q", got)
	}
}

func TestSecretLiteralsAreRefusedAndNotRepeated(t *testing.T) {
	config := usercode.NewConfig("vault", vault{})
	required := usercode.NewConfig("account", account{})
	op := usercode.NewTask("op", nothing, config, required)
	job := compiled(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }))
	const rule = "a secret takes only a reference such as {env: DB_PASSWORD}"
	for name, c := range map[string]struct{ config, want string }{
		"Text":         {`{"vault":{"password":"hunter2"}}`, "config.vault.password: " + rule},
		"Number":       {`{"vault":{"password":70771122}}`, "config.vault.password: " + rule},
		"List":         {`{"vault":{"list":[{"env":"A"},["hunter2"]]}}`, "config.vault.list[1]: " + rule},
		"Map":          {`{"vault":{"map":{"a":"hunter2"}}}`, "config.vault.map.a: " + rule},
		"OtherKey":     {`{"vault":{"password":{"value":"hunter2"}}}`, "config.vault.password: " + rule},
		"KeyBeside":    {`{"vault":{"password":{"env":"A","hunter2":1}}}`, "config.vault.password: " + rule},
		"NoName":       {`{"vault":{"password":{"env":"hunter2 or so"}}}`, "config.vault.password: " + rule},
		"Twice":        {`{"vault":{"password":{"env":"A","env":"hunter2"}}}`, "config.vault.password: " + rule},
		"RequiredNull": {`{"vault":{},"account":{"token":null}}`, "config.account.token: it is required and null"},
		"Required":     {`{}`, "config.account.token: it is required and missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := job.ResolveConfig([]byte(`{"config":` + c.config + `}`))
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "70771122") {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestSecretsThatCannotBeUsed(t *testing.T) {
	config := usercode.NewConfig("vault", vault{})
	account := usercode.NewConfig("account", struct{ Token usercode.Secret }{usercode.SecretEnv("NOT_SET_BY_ANYBODY")})
	op := usercode.NewTask("op", nothing, config)
	other := usercode.NewTask("other", nothing, account)
	job := usercode.NewJob("job", func(g *usercode.Graph) { op(g); other(g) })
	t.Setenv("EMPTY", "")
	t.Setenv("SHORT", "abc")
	t.Setenv("GOOD", hidden)
	for variable, want := range map[string]string{
		"EMPTY": "config.vault.password: the environment variable EMPTY, which it refers to, is empty",
		"SHORT": "SHORT, which it refers to, has fewer than 4 bytes", "NOT_SET": "NOT_SET, which it refers to, is not set where the worker runs",
	} {
		given := map[string]any{"vault": map[string]any{"password": map[string]string{"env": variable}}}
		_, err := usertest.Run(t.Context(), job, &usertest.Options{Config: given, Ops: []string{"op"}})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "NOT_SET_BY_ANYBODY") || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: got %v", variable, err)
		}
	}
	given := map[string]any{"vault": map[string]any{"password": map[string]string{"env": "GOOD"}}}
	run(t, job, &usertest.Options{Config: given, Ops: []string{"op"}}) // the other's is not needed
	if _, err := usertest.Run(t.Context(), job, &usertest.Options{Config: given}); err == nil || !strings.Contains(err.Error(), "config.account.Token: the environment variable NOT_SET_BY_ANYBODY") {
		t.Errorf("got %v", err)
	}
}

func TestSecretDefinitions(t *testing.T) {
	literal := usercode.NewConfig("literal", account{Token: usercode.SecretEnv("not a name: hunter2")})
	own := usercode.NewConfig("own", struct{ A ownJSON }{})
	op := usercode.NewTask("op", nothing, literal, own)
	err := usercode.Validate(usercode.NewRepository("r", usercode.NewJob("job", func(g *usercode.Graph) { op(g) })))
	for _, want := range []string{`config "own": struct { A usercode_test.ownJSON }.A holds a secret, but usercode_test.ownJSON makes its own JSON`} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s is not in %v", want, err)
		}
	}
	optional := usercode.NewConfig("optional", vault{Password: usercode.SecretEnv("not a name: hunter2")})
	op = usercode.NewTask("op", nothing, optional)
	err = usercode.Validate(usercode.NewRepository("r", usercode.NewJob("job", func(g *usercode.Graph) { op(g) })))
	if err == nil || !strings.Contains(err.Error(), "SecretEnv takes the name of an environment variable") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
}

type ownJSON struct{ Inside usercode.Secret }

func (ownJSON) MarshalJSON() ([]byte, error) { return []byte("{}"), nil }

func TestSecretSchema(t *testing.T) {
	config := usercode.NewConfig("account", struct {
		account
		Pointer *usercode.Secret
		Default usercode.Secret
	}{Default: usercode.SecretEnv("D")})
	op := usercode.NewTask("op", nothing, config)
	job := compiled(t, usercode.NewJob("job", func(g *usercode.Graph) { op(g) }))
	var schema struct {
		Properties struct {
			Config struct {
				Properties struct {
					Account struct {
						Properties map[string]json.RawMessage `json:"properties"`
					} `json:"account"`
				} `json:"properties"`
			} `json:"config"`
		} `json:"properties"`
	}
	if err := json.Unmarshal(job.ConfigSchema, &schema); err != nil {
		t.Fatal(err)
	}
	const rest = `"properties":{"env":{"type":"string","description":"Environment variable of the worker","pattern":"^[A-Za-z_][A-Za-z0-9_]{0,254}$"}},"required":["env"],"additionalProperties":false}`
	for name, want := range map[string]string{
		"token":   `{"type":"object","description":"Of the account","writeOnly":true,` + rest,
		"Pointer": `{"type":["null","object"],"default":null,"writeOnly":true,` + rest,
		"Default": `{"type":["null","object"],"default":{"env":"D"},"writeOnly":true,` + rest,
	} {
		if got := string(schema.Properties.Config.Properties.Account.Properties[name]); !sameJSON(t, got, want) {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Errorf("%v: %s and %s", err, a, b)
		return false
	}
	return fmt.Sprint(x) == fmt.Sprint(y)
}

// TestSecretsAreNotPrinted prints one in every way, and what holds it.
func TestSecretsAreNotPrinted(t *testing.T) {
	secret := usertest.Secret(hidden)
	holder := account{User: "u", Token: secret}
	var printed bytes.Buffer
	for _, v := range []any{secret, &secret, holder, &holder, []usercode.Secret{secret}, map[string]usercode.Secret{"a": secret}, struct{ unexported usercode.Secret }{secret}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%T", "%p"} {
			fmt.Fprintf(&printed, verb+"\n", v)
		}
		fmt.Fprintln(&printed, v)
		text, err := json.Marshal(v)
		fmt.Fprintln(&printed, string(text), err)
		for _, h := range []slog.Handler{slog.NewTextHandler(&printed, nil), slog.NewJSONHandler(&printed, nil)} {
			slog.New(h).Info("log", "v", v)
		}
		if err := template.Must(template.New("").Parse("{{.}}")).Execute(&printed, v); err != nil {
			t.Error(err)
		}
	}
	text, err := secret.MarshalText()
	fmt.Fprintln(&printed, string(text), err, secret.String(), secret.GoString(), errors.New(secret.String()))
	for _, leak := range []string{hidden, "hunter2", "68756e746572"} {
		if strings.Contains(strings.ToLower(printed.String()), leak) {
			t.Errorf("%q is in\n%s", leak, printed.String())
		}
	}
	if !strings.Contains(printed.String(), `{"user":"u","token":{"env":"USERTEST_SECRET_`) || !strings.Contains(printed.String(), "{env: USERTEST_SECRET_") {
		t.Errorf("references are not in\n%s", printed.String())
	}
}

// TestSecretsAreMasked has an op say its secret in every way that a run has.
func TestSecretsAreMasked(t *testing.T) {
	config := usercode.NewConfig("account", account{})
	resource := usercode.NewResource(hidden[:7], func(ctx context.Context) (int, error) {
		return 0, errors.New("login with " + config.From(ctx).Token.Reveal())
	}, config)
	ops := map[string]func(ctx context.Context, value string) error{
		"logs": func(ctx context.Context, value string) error {
			usercode.Log(ctx).With("with", value).WithGroup("g").Error("is "+value, "v", value, "n", []string{value}, "e", errors.New(value), "b", []byte(value))
			return nil
		},
		"fails":   func(_ context.Context, value string) error { return fmt.Errorf("a: %w", errors.New("b: "+value)) },
		"panics":  func(_ context.Context, value string) error { panic(value) },
		"long":    func(_ context.Context, value string) error { return errors.New(strings.Repeat("x", 64<<10-8) + value) },
		"summary": func(_ context.Context, value string) error { return errors.New(strings.Repeat("x", 1<<10-8) + value) },
		"opens":   func(ctx context.Context, _ string) error { _, err := resource.From(ctx); return err },
		"reports": func(ctx context.Context, value string) error {
			usercode.Progress(ctx, 1, 2, value)
			fmt.Fprintln(usercode.Stdout(ctx), "out", value)
			fmt.Fprint(usercode.Stderr(ctx), "err ", value[:5])
			fmt.Fprint(usercode.Stderr(ctx), value[5:])
			return usercode.TagRun(ctx, usercode.Tags{"secret": value})
		},
	}
	const cut = "printf '%3000sCOMMANDS-OWN-SECRET%2041s' '' '' | tr ' ' x >&2; exit 1" // the last 2 KiB begin inside of it
	job := usercode.NewJob("job", func(g *usercode.Graph) {
		usercode.Command("command", "sh", "-c", strings.ReplaceAll(cut, "COMMANDS-OWN-SECRET", hidden))(g)
		for name, f := range ops {
			op := usercode.NewTask(name, func(ctx context.Context) error { return f(ctx, config.From(ctx).Token.Reveal()) }, config, resource)
			op(g)
		}
	})
	r := run(t, job, &usertest.Options{Config: map[string]any{"account": account{Token: usertest.Secret(hidden)}}})
	shown := fmt.Sprintf("%+v", *r)
	for i := 8; i <= len(hidden); i++ { // the beginning is the name of the resource
		if strings.Contains(shown, hidden[:i]) {
			t.Errorf("%s is in\n%.4000s", hidden[:i], shown)
			break
		}
	}
	if op, _ := r.Op("command"); !strings.HasSuffix(op.Message, strings.Repeat("x", 2041)) || strings.Contains(op.Message, hidden[9:]) {
		t.Errorf("command: %.200q", op.Message)
	}
	for path, want := range map[string]string{"fails": "a: b: ***", "panics": "panic: ***", "opens": "open resource hunter2: login with ***"} {
		if op, _ := r.Op(path); op.Message != want {
			t.Errorf("%s: got %q", path, op.Message)
		}
	}
	if r.Stdout("reports") != "out ***\n" || r.Stderr("reports") != "err ***" || r.Tags["secret"] != "***" || r.Progress[0].Unit != "***" {
		t.Errorf("got %q, %q, %v, %v", r.Stdout("reports"), r.Stderr("reports"), r.Tags, r.Progress)
	}
}
