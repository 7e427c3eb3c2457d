package usercode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Secret is a field of a [Config] whose value is in the environment of the worker, and nowhere else:
//
//	type DBConfig struct {
//		Host     string          `json:"host"`
//		Password usercode.Secret `json:"password" config:"required" jsonschema:"Of the user reporter"`
//	}
//
// and in the run config
//
//	config:
//	  db: {host: db.internal, password: {env: DB_PASSWORD}}
//
// Nothing but such a reference is accepted: a value that was typed there by mistake is refused at launch, and neither
// stored nor repeated. The worker reads the variable when the run begins, before any user code: one that is missing,
// empty or shorter than four bytes fails the run.
//
// The value is taken out of everything that leaves the worker: events, logs, errors, stacks, metadata, tags, captured
// output. Outputs of ops are the exception: they are the author's data and are stored as they are.
//
// The zero Secret refers to nothing, and is what an optional field has that was not given. Only [Secret.Reveal] shows a
// value; printing, logging or encoding a Secret shows what it refers to.
type Secret struct{ ref *secretRef }

// secretRef keeps the value in a function, where nothing that prints or compares what is inside of values finds it.
type secretRef struct {
	variable string
	reveal   func() string // nil until it is resolved
}

// SecretEnv refers to a variable of the worker's environment, for the defaults of a [Config].
func SecretEnv(variable string) Secret { return Secret{&secretRef{variable: variable}} }

// Reveal is the value; empty for the zero Secret. It panics when the Secret refers to something and was not given its
// value, which [Config.From] does.
func (s Secret) Reveal() string {
	switch {
	case s.ref == nil:
		return ""
	case s.ref.reveal == nil:
		panic(fmt.Sprintf("the secret %v has no value: Config.From gives it one, in a run or, outside of one, when the variable is set", s))
	}
	return s.ref.reveal()
}

// IsZero is whether it refers to nothing.
func (s Secret) IsZero() bool { return s.ref == nil }

// String is what it refers to, as in a run config.
func (s Secret) String() string {
	if s.ref == nil {
		return "{}"
	}
	return "{env: " + s.ref.variable + "}"
}

// Format writes what String does, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// GoString is what String is.
func (s Secret) GoString() string { return s.String() }

// LogValue is what String is.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText writes what String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON writes the reference, or null for the zero Secret.
func (s Secret) MarshalJSON() ([]byte, error) {
	if s.ref == nil {
		return []byte("null"), nil
	}
	if !isVariable(s.ref.variable) {
		return nil, errors.New("SecretEnv takes the name of an environment variable: letters, digits and _, at most 255, not beginning with a digit")
	}
	return json.Marshal(map[string]string{"env": s.ref.variable})
}

// UnmarshalJSON reads a reference, or null. The error does not repeat what is there instead.
func (s *Secret) UnmarshalJSON(text []byte) error {
	if bytes.Equal(bytes.TrimSpace(text), []byte("null")) {
		*s = Secret{}
		return nil
	}
	members, err := spec.ParseObject(text)
	variable := ""
	if err != nil || len(members) != 1 || json.Unmarshal(members["env"], &variable) != nil || !isVariable(variable) {
		return errors.New(onlyReference)
	}
	*s = SecretEnv(variable)
	return nil
}

const onlyReference = "a secret takes only a reference such as {env: DB_PASSWORD}, the name of a variable in the environment of the worker; " +
	"what is here instead is not repeated"

const (
	maxVariableBytes = 255
	variablePattern  = `^[A-Za-z_][A-Za-z0-9_]{0,254}$`
)

func isVariable(name string) bool {
	for i, c := range []byte(name) {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9' || i == 0) {
			return false
		}
	}
	return name != "" && len(name) <= maxVariableBytes
}
