package usercode_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type place struct {
	Host string `json:"host" config:"required"`
	Port int    `json:"port"`
}

type settings struct {
	Name    string             `json:"name" jsonschema:"Who it is for"`
	Count   int64              `json:"count"`
	Ratio   float64            `json:"ratio"`
	On      bool               `json:"on"`
	Wait    usercode.Duration  `json:"wait"`
	At      time.Time          `json:"at"`
	Names   []string           `json:"names"`
	Labels  map[string]int     `json:"labels"`
	Places  []place            `json:"places"`
	Backup  *place             `json:"backup"`
	Deep    struct{ A, B int } `json:"deep"`
	Raw     json.RawMessage    `json:"raw"`
	Any     any                `json:"any"`
	Secret  []byte             `json:"secret"`
	Ignored chan int           `json:"-"`
	hidden  string
}

var defaults = settings{
	Name: "nobody <&>", Count: 1<<62 + 1, Ratio: 0.5, Wait: usercode.Duration(90 * time.Second), At: time.Unix(0, 0).UTC(),
	Labels: map[string]int{"a": 1}, Deep: struct{ A, B int }{1, 2}, Raw: json.RawMessage(`{"x":[1]}`), hidden: "not part of it",
}

// jobOf is a job with one op that answers what a config says.
func jobOf[T any](c *usercode.Config[T]) *usercode.Job {
	op := usercode.NewOp("read", func(ctx context.Context) (T, error) { return c.From(ctx), nil }, c)
	return usercode.NewJob("reads", func(g *usercode.Graph) { op(g) })
}

func compiled(t *testing.T, job *usercode.Job) *spec.Job {
	t.Helper()
	j, err := spec.CompileJob(job)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestConfigDefaults(t *testing.T) {
	config := usercode.NewConfig("settings", defaults)
	job := jobOf(config)
	want := defaults
	want.hidden, want.Names, want.Places = "", []string{}, []place{} // what people write for nothing
	for name, opts := range map[string]*usertest.Options{
		"Nothing": nil, "EmptyObject": {Config: map[string]any{"settings": struct{}{}}}, "Itself": {Config: map[string]any{"settings": defaults}},
	} {
		t.Run(name, func(t *testing.T) {
			got := output[settings](t, run(t, job, opts), "read")
			if got.Names == nil && name == "Itself" { // an explicit null
				got.Names, got.Places = []string{}, []place{}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(settings{})); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("OutsideOfARun", func(t *testing.T) {
		first := config.From(t.Context())
		first.Labels["a"] = 2
		if second := config.From(t.Context()); second.Labels["a"] != 1 {
			t.Error("two callers share a map")
		}
	})
}

func TestConfigGiven(t *testing.T) {
	given := map[string]any{
		"count": int64(1<<62 + 3), "wait": "2h", "labels": map[string]int{"b": 2}, "deep": map[string]int{"B": 5},
		"places": []any{map[string]any{"host": "x"}}, "backup": map[string]any{"host": "y", "port": 1}, "secret": []byte("s"), "any": []int{1},
	}
	r := run(t, jobOf(usercode.NewConfig("settings", defaults)), &usertest.Options{Config: map[string]any{"settings": given}})
	want := defaults
	want.hidden, want.Names = "", []string{}
	want.Count, want.Wait, want.Labels = 1<<62+3, usercode.Duration(2*time.Hour), map[string]int{"b": 2} // a map is given as a whole
	want.Deep.B, want.Places, want.Backup = 5, []place{{Host: "x"}}, &place{Host: "y", Port: 1}
	want.Secret, want.Any = []byte("s"), []any{1.0}
	if diff := cmp.Diff(want, output[settings](t, r, "read"), cmp.AllowUnexported(settings{})); diff != "" {
		t.Error(diff)
	}
}

func TestConfigRefused(t *testing.T) {
	required := usercode.NewConfig("needs", struct {
		At  place
		Top int `json:"top"`
	}{})
	other := usercode.NewConfig("other", settings{})
	a := usercode.NewTask("a", nothing, required)
	b := usercode.NewTask("b", nothing, other)
	job := usercode.NewJob("both", func(g *usercode.Graph) { a(g); b(g) })
	tests := map[string]struct {
		config string
		want   []string
	}{
		"Missing":        {``, []string{`config.needs.At: it is required and missing`}},
		"MissingInside":  {`{"config":{"needs":{"At":{}}}}`, []string{`config.needs.At.host: it is required and missing`}},
		"UnknownSection": {`{"ops":{}}`, []string{`ops: unknown; the sections are "config" and "inputs"`}},
		"UnknownConfig":  {`{"config":{"needs":{"At":{"host":"h"}},"nedds":{}}}`, []string{`config.nedds: no op of this job has a config of that name; known: needs, other`}},
		"UnknownKey":     {`{"config":{"needs":{"At":{"host":"h","x":1}}}}`, []string{`config.needs.At.x: unknown key; known: host, port`}},
		"WrongCase":      {`{"config":{"needs":{"at":{"host":"h"}}}}`, []string{`config.needs.At: it is required and missing`, `config.needs.at: unknown key; known: At, top`}},
		"SeveralAtOnce":  {`{"config":{"needs":{"top":"x"},"other":{"count":true,"places":[{},{"host":1}],"labels":{"a":"b"}}}}`, []string{`config.needs.At`, `config.needs.top: an integer is needed; this is string`, `config.other.count: an integer is needed; this is boolean`, `config.other.labels.a: an integer`, `config.other.places\[0\].host: it is required`, `config.other.places\[1\].host: a string`}},
		"NullForNumber":  {`{"config":{"needs":{"At":{"host":"h"},"top":null}}}`, []string{`config.needs.top: an integer is needed; this is null`}},
		"FractionForInt": {`{"config":{"needs":{"At":{"host":"h"},"top":1.5}}}`, []string{`config.needs.top: the number 1.5 does not fit a Go int`}},
		"BadDuration":    {`{"config":{"needs":{"At":{"host":"h"}},"other":{"wait":"soon"}}}`, []string{`config.other: "soon" is not a duration such as 90s`}},
		"KeyTwice":       {`{"config":{"needs":{"At":{"host":"h","host":"i"}}}}`, []string{`config.needs.At: the key "host" occurs twice`}},
		"NotAnObject":    {`[]`, []string{`an object is needed`}},
		"NullSection":    {`{"config":null}`, []string{`config: an object is needed`}},
		"NotJSON":        {`{"config":`, []string{`not JSON`}},
		"TwoValues":      {`{} {}`, []string{`more than one JSON value`}},
		"ObjectExpected": {`{"config":{"needs":3}}`, []string{`config.needs: an object is needed; this is number`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := compiled(t, job).ResolveConfig([]byte(test.config))
			if err == nil {
				t.Fatal("it was accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, line := range lines {
				if !regexp.MustCompile(test.want[i]).MatchString(line) {
					t.Errorf("got %q, want %s", line, test.want[i])
				}
			}
		})
	}
}

func TestConfigMustBeEmptyWithoutConfigs(t *testing.T) {
	job := compiled(t, usercode.NewJob("plain", placeHello))
	if job.ConfigSchema != nil {
		t.Errorf("got a schema: %s", job.ConfigSchema)
	}
	for _, fine := range []string{"", " \n", "{}", `{"config":{}}`} {
		if _, err := job.ResolveConfig([]byte(fine)); err != nil {
			t.Errorf("%q: %v", fine, err)
		}
	}
	if _, err := job.ResolveConfig([]byte(`{"config":{"a":{}}}`)); err == nil || !strings.Contains(err.Error(), "must be empty") {
		t.Errorf("got %v", err)
	}
}

func TestConfigTypesThatCannotBe(t *testing.T) {
	type recursive struct{ Next *recursive }
	type tagged struct {
		A int `jsonschema:""`
	}
	tests := map[string]struct {
		job  *usercode.Job
		want string
	}{
		"NotAStruct": {jobOf(usercode.NewConfig("c", 3)), `a config is a struct of plain fields, and int is not`},
		"Pointer":    {jobOf(usercode.NewConfig("c", &place{})), `and \*usercode_test.place is not`},
		"Time":       {jobOf(usercode.NewConfig("c", time.Time{})), `and time.Time is not`},
		"Duration":   {jobOf(usercode.NewConfig("c", struct{ Wait time.Duration }{})), `Wait is a time.Duration.*use usercode.Duration, written as 90s`},
		"Channel":    {jobOf(usercode.NewConfig("c", struct{ C chan int }{})), `config "c": .*chan`},
		"Recursive":  {jobOf(usercode.NewConfig("c", recursive{})), `cycle`},
		"EmptyTag":   {jobOf(usercode.NewConfig("c", tagged{})), `empty jsonschema tag`},
		"TextNumber": {jobOf(usercode.NewConfig("c", struct {
			A int `json:"a,string"`
		}{})), `the JSON of its defaults does not fit|cannot be read back`},
		"NotANumber": {jobOf(usercode.NewConfig("c", struct{ F any }{F: make(chan int)})), `the default of F has no JSON`},
		"BadName":    {jobOf(usercode.NewConfig("a.b", place{})), `the name "a.b" holds`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if problems := problemsOf(t, test.job); !regexp.MustCompile(test.want).MatchString(problems[0].Message) {
				t.Errorf("got %v, want %s", problems, test.want)
			}
		})
	}
}

func TestConfigOddTypes(t *testing.T) {
	type embedded struct{ Inner int }
	type odd struct {
		embedded
		Big   *big.Int
		Any   *json.RawMessage
		Fixed [2]int
		Short int8
		None  struct{}
		ByInt map[string][]place
	}
	big40, _ := new(big.Int).SetString(strings.Repeat("9", 40), 10)
	job := jobOf(usercode.NewConfig("odd", odd{Fixed: [2]int{1, 2}, Big: big40}))
	r := run(t, job, &usertest.Options{Config: map[string]any{"odd": map[string]any{"Short": 3, "Inner": 4, "ByInt": map[string]any{"k": []place{{Host: "h"}}}}}})
	got := output[odd](t, r, "read")
	if got.Big.Cmp(big40) != 0 || got.Short != 3 || got.Inner != 4 || got.Fixed != [2]int{1, 2} || got.ByInt["k"][0].Host != "h" {
		t.Errorf("got %+v", got)
	}
	if _, err := compiled(t, job).ResolveConfig([]byte(`{"config":{"odd":{"None":{"a":1}}}}`)); err == nil {
		t.Error("a key of a struct without fields was accepted")
	}
}

func TestUndeclaredConfig(t *testing.T) {
	config := usercode.NewConfig("settings", settings{})
	declares := usercode.NewTask("declares", nothing, config)
	reads := usercode.NewTask("reads", func(ctx context.Context) error { config.From(ctx); return nil })
	r := run(t, usercode.NewJob("job", func(g *usercode.Graph) { declares(g); reads(g) }), nil)
	op, _ := r.Op("reads")
	if op.Reason != "panic" || !strings.Contains(op.Message, `op "reads" reads config "settings" without having it as an option`) {
		t.Errorf("got %+v", op)
	}
}

// TestSchemaIsStable also compares the defaults in the schema, which the host fills in, with what resolving makes.
func TestSchemaIsStable(t *testing.T) {
	text := func() string {
		return string(compiled(t, jobOf(usercode.NewConfig("settings", defaults))).ConfigSchema)
	}
	first := text()
	for range 10 {
		if again := text(); again != first {
			t.Fatalf("it differs:\n%s\n%s", first, again)
		}
	}
	var schema struct {
		Properties struct {
			Config struct {
				Default map[string]json.RawMessage `json:"default"`
			} `json:"config"`
		} `json:"properties"`
	}
	if err := json.Unmarshal([]byte(first), &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := compiled(t, jobOf(usercode.NewConfig("settings", defaults))).ResolveConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decoded(t, schema.Properties.Config.Default["settings"]), decoded(t, resolved["settings"])); diff != "" {
		t.Errorf("defaults in the schema (-) and by resolving (+):\n%s", diff)
	}
}

// decoded keeps all digits of numbers.
func decoded(t *testing.T, text []byte) (v any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzResolveConfig: whatever is given, what is accepted can be resolved again without a change, and is read without
// a panic.
func FuzzResolveConfig(f *testing.F) {
	config := usercode.NewConfig("settings", defaults)
	job, err := spec.CompileJob(jobOf(config))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{``, `{}`, `{"config":{"settings":{"count":1e3,"backup":{"host":""}}}}`, `{"config":{"settings":{"places":[{"host":"a"}],"raw":null,"any":{"a":{}}}}}`, `{"config":{"settings":{"names":null,"labels":{"":0},"ratio":1e400}}}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		resolved, err := job.ResolveConfig([]byte(text))
		if err != nil {
			return
		}
		again, err := job.ResolveConfig([]byte(fmt.Sprintf(`{"config":{"settings":%s}}`, resolved["settings"])))
		if err != nil {
			t.Fatalf("%s is not accepted again: %v", resolved["settings"], err)
		}
		if string(again["settings"]) != string(resolved["settings"]) {
			t.Fatalf("%s became %s", resolved["settings"], again["settings"])
		}
		ctx := spec.WithExecution(t.Context(), &spec.Execution{Config: resolved})
		config.From(ctx)
	})
}
