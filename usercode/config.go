package usercode

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Config is a named object in the run config of every job that has an op with it:
//
//	type ReportConfig struct {
//		Path string `json:"path" config:"required" jsonschema:"Repository to read"`
//		Top  int    `json:"top" jsonschema:"How many files to list"`
//	}
//
//	var reportConfig = usercode.NewConfig("report", ReportConfig{Top: 10})
//	var readOp = usercode.NewOp("read", read, reportConfig)
//
// and in the run config, as the launchpad shows it:
//
//	config:
//	  report: {path: /srv/repository, top: 20}
//
// A field that is not given has the value in defaults, or the zero value inside a list, a map or a nil pointer. One
// with the struct tag config:"required" must be given. Unknown keys are errors. The struct tag jsonschema is the
// field's description.
type Config[T any] struct {
	def      *configDef
	defaults T
}

// NewConfig describes a config; it becomes an [OpOption] of each op that reads it. T is a struct whose JSON is an
// object; defaults must not be changed afterwards.
func NewConfig[T any](name string, defaults T, opts ...ConfigOption) *Config[T] {
	def := &configDef{config: spec.Config{Name: name, Origin: authorLine()}}
	if err := tag.CheckName(name); err != nil {
		def.faultf("%v", err)
	}
	for _, o := range opts {
		if o != nil {
			o.applyConfig(def)
		}
	}
	def.make = func() {
		def.build(reflect.TypeFor[T](), reflect.ValueOf(&defaults).Elem(), decodes[T])
		if holdsSecrets(reflect.TypeFor[T](), map[reflect.Type]bool{}) {
			def.config.Secrets = refsOf[T]
		}
	}
	return &Config[T]{def: def, defaults: defaults}
}

// From is what the run config says, completed with the defaults; the value is the caller's own. The op whose context
// it is must have the config as an option: without it From panics, which fails the op with a message that says so.
// Outside of a run, as in a function of a [Sensor] or in a test that calls the op's function, it is the defaults, with the
// values that their secrets have in the environment.
func (c *Config[T]) From(ctx context.Context) T {
	e := spec.ExecutionFrom(ctx)
	if e == nil {
		lookup := os.LookupEnv //nolint:forbidigo // outside of a run nobody else has
		if a := spec.AskedFrom(ctx); a != nil {
			lookup = a.Secret
		}
		return c.copyDefaults(lookup)
	}
	object, ok := e.Config[c.def.config.Name]
	if !ok {
		panic(fmt.Sprintf("op %q reads config %q without having it as an option: add it to the options of NewOp", e.OpPath, c.def.config.Name))
	}
	var v T
	if err := json.Unmarshal(object, &v); err != nil {
		panic(fmt.Sprintf("config %q, which was checked before the run, cannot be read: %v", c.def.config.Name, err))
	}
	if c.def.config.Secrets != nil {
		revealIn(&v, e.Secret)
	}
	return v
}

// copyDefaults goes through JSON as the config of a run does. Defaults that have no JSON are a definition error;
// until somebody reads it, they are given as they are.
func (c *Config[T]) copyDefaults(lookup func(variable string) (string, bool)) T {
	var v T
	text, err := json.Marshal(c.defaults)
	if err != nil || json.Unmarshal(text, &v) != nil {
		return c.defaults
	}
	revealIn(&v, lookup)
	return v
}

func (c *Config[T]) applyOp(def *opDef) {
	if c == nil {
		def.faultf("%s", nilConfig)
		return
	}
	def.configs, def.op.Configs = addConfig(def.configs, def.op.Configs, c.def, def.faultf)
}

func (c *Config[T]) applyResource(def *resourceDef) {
	if c == nil {
		def.faultf("%s", nilConfig)
		return
	}
	def.configs, def.resource.Configs = addConfig(def.configs, def.resource.Configs, c.def, def.faultf)
}

const nilConfig = "its config is nil; variables that init() or main() sets are nil when package variables are made"

func addConfig(defs []*configDef, configs []*spec.Config, def *configDef, faultf func(format string, args ...any)) ([]*configDef, []*spec.Config) {
	if slices.Contains(defs, def) {
		faultf("config %q is given twice; keep one", def.config.Name)
		return defs, configs
	}
	configs = append(configs, &def.config)
	slices.SortFunc(configs, func(a, b *spec.Config) int { return strings.Compare(a.Name, b.Name) })
	return append(defs, def), configs
}

// Duration is a time.Duration that is written as text in a config: "90s", "1h30m".
type Duration time.Duration

// MarshalText writes it as time.Duration.String does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration such as 90s or 1h30m", text)
	}
	*d = Duration(parsed)
	return nil
}

// refsOf lists what the secrets in a complete object refer to.
func refsOf[T any](object json.RawMessage) ([]spec.SecretRef, error) {
	var v T
	if err := json.Unmarshal(object, &v); err != nil {
		return nil, err
	}
	return refsIn(&v), nil
}

// decodes is whether a complete object becomes a T.
func decodes[T any](object []byte) error {
	var v T
	return json.Unmarshal(object, &v)
}
