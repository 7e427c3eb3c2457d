package usercode_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
)

func hello(context.Context) (string, error)             { return "Hello World!", nil }
func shout(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil }
func nothing(context.Context) error                     { return nil }

var (
	helloOp = usercode.NewOp("hello", hello)
	shoutOp = usercode.NewOp1("shout", shout)
	taskOp  = usercode.NewTask("task", nothing)
)

// problemsOf validates a repository of the given things, which has to fail.
func problemsOf(t *testing.T, items ...usercode.RepositoryItem) usercode.Problems {
	t.Helper()
	err := usercode.Validate(usercode.NewRepository("repo", items...))
	var problems usercode.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("got %v, want Problems", err)
	}
	return problems
}

// here is "file:line" of the line that many lines above the call.
func here(above int) string {
	_, file, line, _ := runtime.Caller(1)
	return fmt.Sprintf("%s:%d", file, line-above)
}

func TestProblems(t *testing.T) {
	one := usercode.NewConfig("shared", struct{ A int }{})
	two := usercode.NewConfig("shared", struct{ B int }{})
	var nilOp usercode.Op[string]
	var nilGraph usercode.GraphOp
	var nilConfig *usercode.Config[struct{}]
	var leaked usercode.Value[string]
	leaking := usercode.NewJob("leaking", func(g *usercode.Graph) { leaked = helloOp(g) })
	if err := usercode.Validate(usercode.NewRepository("repo", leaking)); err != nil {
		t.Fatal(err)
	}
	var itself usercode.GraphOp
	itself = usercode.NewGraph("itself", func(g *usercode.Graph) { itself(g) })

	tests := map[string]struct {
		job  *usercode.Job
		want []string // each a pattern of one problem, in order
	}{
		"EmptyGraph": {
			usercode.NewJob("bad", func(*usercode.Graph) {}),
			[]string{`^it is empty; place at least one op`},
		},
		"NilBody":         {usercode.NewJob("bad", nil), []string{`^its body is nil`}},
		"NilGraph":        {nilGraph.Job("bad"), []string{`its graph is nil`}},
		"UnknownMetadata": {usercode.NewJob("bad", placeHello, usercode.Metadata{"took": time.Second}), []string{`metadata "took": a Go time\.Duration has no kind of its own; use metadata\.Text`}},
		"AllMetadata":     {usercode.NewJob("bad", placeHello, usercode.Metadata{"a": struct{}{}, "b": make(chan int)}), []string{`metadata "a"`, `metadata "b"`}},
		"MetadataTwice":   {usercode.NewJob("bad", placeHello, usercode.Metadata{"a": 1}, usercode.MetadataList{{Key: "a", Value: metadata.Int(2)}}), []string{`metadata "a": the key occurs twice`}},
		"AllTags":         {usercode.NewJob("bad", placeHello, usercode.Tags{"-a": "x", "penstock/job": "x", "penstock/priority": "high"}), []string{`tag "-a"`, `tag "penstock/job"`, `tag "penstock/priority" = "high"`}},
		"TagTwice":        {usercode.NewJob("bad", placeHello, usercode.Tags{"a": "x"}, usercode.Tags{"a": "y"}), []string{`tag "a"`}},
		"BadJobName":      {usercode.NewJob("bad-name", placeHello), []string{`^the name "bad-name" holds`}},
		"BadOpName":       {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.NewOp("no good", hello)(g) }), []string{`^op "no good": the name "no good" holds`}},
		"BadGraphName":    {usercode.NewGraph("", placeHello).Job("bad"), []string{`^graph "": the name is empty`}},
		"BadNodeName":     {usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g.As("a.b")) }), []string{`As: the name "a.b" holds`}},
		"NilFunction": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				usercode.NewOp[int]("a", nil)(g)
				usercode.NewTask("b", nil)(g)
			}),
			[]string{`^op "a": its function is nil`, `^op "b": its function is nil`},
		},
		"NilOp":         {usercode.NewJob("bad", func(g *usercode.Graph) { nilOp(g) }), []string{`its body panicked: .*nil pointer dereference; an op or graph that is still nil\?`}},
		"NilConfig":     {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.NewOp("a", hello, nilConfig)(g) }), []string{`^op "a": its config is nil`}},
		"Panic":         {usercode.NewJob("bad", func(*usercode.Graph) { panic("boom") }), []string{`^its body panicked: boom`}},
		"NodeTwice":     {usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g); helloOp(g) }), []string{`^"hello" is there already, placed at .*definition_test\.go:\d+; give this one another name: hello\(g\.As\("hello_2"\), …\)`}},
		"ValueOfOther":  {usercode.NewJob("bad", func(g *usercode.Graph) { shoutOp(g, leaked) }), []string{`^input of "shout": the Value belongs to another graph, "leaking"`}},
		"AfterOfOther":  {usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g.After(leaked)) }), []string{`^After of "hello": the Value belongs to another graph`}},
		"AfterNil":      {usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g.After(nil)) }), []string{`^After 1 of "hello" is nil`}},
		"ZeroValue":     {usercode.NewJob("bad", func(g *usercode.Graph) { shoutOp(g, usercode.Value[string]{}) }), []string{`zero Value`}},
		"CollectZero":   {usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g); usercode.Collect(g, usercode.Value[string]{}) }), []string{`Collect: the Value is a zero Value`}},
		"CollectNamed":  {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.Collect(g.As("x"), helloOp(g)) }), []string{`Collect makes no node`}},
		"FieldNoSetter": {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.Struct(g, usercode.Field[int, string](helloOp(g), nil)) }), []string{`Struct: field 1 has no function`}},
		"NoneAsData": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				usercode.NewTask1("wants", func(context.Context, usercode.None) error { return nil })(g, taskOp(g))
			}),
			[]string{`^input of "wants": "task" has no output`},
		},
		"EnclosingValue": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				v := helloOp(g)
				usercode.NewGraph("inner", func(g *usercode.Graph) { shoutOp(g, v) })(g)
			}),
			[]string{`^graph "inner": input of "shout": the Value belongs to the enclosing graph "bad"; pass it in`},
		},
		"EnclosingGraph": {
			usercode.NewJob("bad", func(outer *usercode.Graph) {
				usercode.NewGraph("inner", func(g *usercode.Graph) { helloOp(g); helloOp(outer) })(outer)
			}),
			[]string{`^"hello" is placed here from inside the body of graph "inner"`},
		},
		"ForeignResult": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				v := helloOp(g)
				usercode.NewGraphOp("inner", func(g *usercode.Graph) usercode.Value[string] { helloOp(g); return v })(g)
			}),
			[]string{`^graph "inner": what the body returns: the Value belongs to the enclosing graph`},
		},
		"EmptyNested":    {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.NewGraph("inner", func(*usercode.Graph) {})(g) }), []string{`^graph "inner": it is empty`}},
		"ContainsItself": {itself.Job("bad"), []string{`^graph "itself": graph "itself" would contain itself`}},
		"OpsOfOneName": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				usercode.NewTask("a", nothing)(g)
				usercode.NewTask("a", nothing)(g.As("b"))
			}),
			[]string{`^op "a": there is another op of this name in the job, made at .*definition_test\.go:\d+; rename one`},
		},
		"OpMadeTwice": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				for _, name := range []string{"x", "y"} {
					usercode.NewTask("a", nothing)(g.As(name))
				}
			}),
			[]string{`^op "a" is made several times; make it once, outside of the body`},
		},
		"ConfigsOfOneName": {
			usercode.NewJob("bad", func(g *usercode.Graph) {
				usercode.NewOp("a", hello, one)(g)
				usercode.NewOp("b", hello, two)(g)
			}),
			[]string{`^config "shared": there is another config of this name in the job`},
		},
		"ConfigTwice":     {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.NewOp("a", hello, one, one)(g) }), []string{`^op "a": config "shared" is given twice`}},
		"NoCommand":       {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.Command("a")(g) }), []string{`^op "a": it names no program`}},
		"BadEnv":          {usercode.NewJob("bad", func(g *usercode.Graph) { usercode.NewCommand("a", []string{"true"}, usercode.Env{"A=B": "c"})(g) }), []string{`^op "a": "A=B" is not a variable`}},
		"LongDescription": {usercode.NewJob("bad", placeHello, usercode.Description(strings.Repeat("x", 64<<10+1))), []string{`^the description has 65537 bytes; the limit is 65536`}},
		"TooLarge":        {usercode.NewJob("bad", placeLarge), []string{`3 MiB|3145728`}},
		"Several": {
			usercode.NewJob("bad", func(g *usercode.Graph) { helloOp(g); helloOp(g); shoutOp(g, leaked) }, usercode.Tags{"-": 1}, usercode.Metadata{"": 1}),
			[]string{`metadata`, `tag "-"`, `"hello" is there already`, `another graph`},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			problems := problemsOf(t, test.job)
			if len(problems) != len(test.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(problems), len(test.want), problems)
			}
			for i, p := range problems {
				if !regexp.MustCompile(test.want[i]).MatchString(p.Message) {
					t.Errorf("problem %d: got %q, want %s", i, p.Message, test.want[i])
				}
				if p.Repository != "repo" || !strings.HasPrefix(p.Job, "bad") || !strings.Contains(p.Origin, "definition_test.go:") {
					t.Errorf("problem %d does not say where: %+v", i, p)
				}
				if !strings.Contains(p.Error(), p.Job) || !strings.Contains(p.Error(), p.Origin) {
					t.Errorf("the text %q lacks job or line", p.Error())
				}
			}
		})
	}
}

func placeHello(g *usercode.Graph) { helloOp(g) }

// placeLarge describes a definition of more than 3 MiB in ops that are each fine.
func placeLarge(g *usercode.Graph) {
	for i := range 60 {
		usercode.NewTask(fmt.Sprintf("op_%d", i), nothing, usercode.Description(strings.Repeat("x", 60<<10)))(g)
	}
}

func TestProblemNamesTheLine(t *testing.T) {
	t.Run("PanicInBody", func(t *testing.T) {
		job := usercode.NewJob("bad", func(*usercode.Graph) {
			_ = []int{}[len(os.Args[:0])]
		})
		if got, want := problemsOf(t, job)[0].Origin, here(2); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("PanicBelowBody", func(t *testing.T) {
		job := usercode.NewJob("bad", func(*usercode.Graph) {
			_ = strings.Repeat("x", -1)
		})
		if got, want := problemsOf(t, job)[0].Origin, here(2); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("PlacedTwice", func(t *testing.T) {
		job := usercode.NewJob("bad", func(g *usercode.Graph) {
			helloOp(g)
			helloOp(g)
		})
		if got, want := problemsOf(t, job)[0].Origin, here(2); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("JobOption", func(t *testing.T) {
		job := usercode.NewJob("bad", placeHello, usercode.Tags{"": ""})
		if got, want := problemsOf(t, job)[0].Origin, here(1); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("GraphToJob", func(t *testing.T) {
		graph := usercode.NewGraph("fine", placeHello)
		job := graph.Job("bad", usercode.Tags{"": ""})
		if got, want := problemsOf(t, job)[0].Origin, here(1); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

func TestRepositoryProblems(t *testing.T) {
	fine := usercode.NewJob("fine", placeHello)
	twin := usercode.NewJob("fine", placeHello)
	var nilJob *usercode.Job
	tests := map[string]struct {
		repos []*usercode.Repository
		want  string
	}{
		"None":            {nil, `there is no repository`},
		"NilRepository":   {[]*usercode.Repository{nil}, `repository 1 is nil`},
		"BadName":         {[]*usercode.Repository{usercode.NewRepository("a/b", fine)}, `repository "a/b": the name "a/b" holds`},
		"RepositoryTwice": {[]*usercode.Repository{usercode.NewRepository("a", fine), usercode.NewRepository("a", fine)}, `repository "a": there is another repository of this name, made at .*_test\.go`},
		"JobsOfOneName":   {[]*usercode.Repository{usercode.NewRepository("a", fine, twin)}, `job "fine" of repository "a": there is another job of this name in the repository, made at .*_test\.go:\d+; rename one`},
		"JobTwice":        {[]*usercode.Repository{usercode.NewRepository("a", fine, fine)}, `it is in the repository twice`},
		"NilJob":          {[]*usercode.Repository{usercode.NewRepository("a", fine, nilJob)}, `repository "a": job 2 of it is nil`},
		"BadMetadata":     {[]*usercode.Repository{usercode.NewRepository("a", usercode.Metadata{"x": make(chan int)})}, `repository "a": metadata "x"`},
		"LongDescription": {[]*usercode.Repository{usercode.NewRepository("a", usercode.Description("\xff"))}, `not valid UTF-8`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			err := usercode.Validate(test.repos...)
			if err == nil || !regexp.MustCompile(test.want).MatchString(err.Error()) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want one line with %s", err, test.want)
			}
		})
	}
}

func TestValidateReportsAllTogether(t *testing.T) {
	err := usercode.Validate(
		usercode.NewRepository("one", usercode.NewJob("a", nil), usercode.NewJob("b", nil)),
		usercode.NewRepository("two", usercode.NewJob("c", nil)),
	)
	got := strings.Count(err.Error(), "\n") + 1
	for _, name := range []string{`job "a" of repository "one"`, `job "b" of repository "one"`, `job "c" of repository "two"`} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%v lacks %s", err, name)
		}
	}
	if got != 3 {
		t.Errorf("got %d lines, want 3:\n%v", got, err)
	}
}

// TestBodiesRunOnce holds also when several goroutines validate, in whatever order, jobs that share a graph.
func TestBodiesRunOnce(t *testing.T) {
	runs := map[string]int{} // without a lock: bodies must not overlap
	inner := usercode.NewGraph("inner", func(g *usercode.Graph) { runs["inner"]++; helloOp(g) })
	first := usercode.NewJob("first", func(g *usercode.Graph) { runs["first"]++; inner(g) })
	second := usercode.NewJob("second", func(g *usercode.Graph) { runs["second"]++; inner(g); inner(g.As("again")) })
	third := inner.Job("third", usercode.Tags{"-bad": ""})
	var wg sync.WaitGroup
	errs := make([]string, 8)
	for i := range errs {
		wg.Go(func() {
			err := usercode.Validate(usercode.NewRepository("repo", first, second, third))
			errs[i] = err.Error()
		})
	}
	wg.Wait()
	if want := map[string]int{"inner": 1, "first": 1, "second": 1}; !cmp.Equal(runs, want) {
		t.Errorf("bodies ran %v, want %v", runs, want)
	}
	for _, text := range errs {
		if !strings.Contains(text, `tag "-bad"`) || strings.Count(text, "\n") > 0 {
			t.Errorf("got %q, want the one problem each time", text)
		}
	}
}

// TestLeakedGraph finds a body that uses the graph of another one, after that has returned.
func TestLeakedGraph(t *testing.T) {
	var leaked *usercode.Graph
	first := usercode.NewJob("first", func(g *usercode.Graph) { leaked = g; helloOp(g) })
	if err := usercode.Validate(usercode.NewRepository("repo", first)); err != nil {
		t.Fatal(err)
	}
	second := usercode.NewJob("second", func(*usercode.Graph) { helloOp(leaked) })
	problems := problemsOf(t, second)
	if !strings.Contains(problems[0].Message, `"hello" is used with graph "first", whose body has returned`) {
		t.Error(problems)
	}
}

// TestDescribe compares everything that can be in a definition with a file. UPDATE=1 writes that.
func TestDescribe(t *testing.T) {
	type part struct{ Text, Loud string }
	type cfg struct {
		Path  string            `json:"path" config:"required" jsonschema:"What to read"`
		Top   int               `json:"top"`
		Names []string          `json:"names"`
		Extra map[string]string `json:"extra"`
	}
	config := usercode.NewConfig("reading", cfg{Top: 10}, usercode.Description("How to read"))
	reading := usercode.NewOp("reading", hello, config, usercode.Description("Reads *it*."))
	joined := usercode.NewTask1("joined", func(context.Context, []string) error { return nil })
	formed := usercode.NewOp1("formed", func(_ context.Context, p part) (string, error) { return p.Text, nil })
	twice := usercode.NewGraphOp1("twice", func(g *usercode.Graph, v usercode.Value[string]) usercode.Value[string] {
		return shoutOp(g.As("second"), shoutOp(g, v))
	}, usercode.Description("Shouts twice."))
	job := usercode.NewJob("everything", func(g *usercode.Graph) {
		text := reading(g)
		loud := twice(g, text)
		first := taskOp(g)
		done := joined(g.After(first, loud), usercode.Collect(g, text, loud, formed(g.As("shape"), usercode.Struct(g,
			usercode.Field(text, func(p *part, s string) { p.Text = s }),
			usercode.Field(loud, func(p *part, s string) { p.Loud = s }),
		))))
		usercode.Command("finish", "true")(g.After(done))
	}, usercode.Description("All of it."), usercode.Tags{"team": "data", "limits": map[string]int{"b": 2, "a": 1}},
		usercode.MetadataList{{Key: "z", Value: metadata.Text("first")}, {Key: "a", Value: metadata.Null()}})
	var got bytes.Buffer
	if err := usercode.Describe(&got, usercode.NewRepository("repo", job, usercode.Description("Ours."), usercode.Metadata{"rooms": 3})); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "describe.json")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("not what %s says; UPDATE=1 writes it anew:\n%s", file, diff)
	}
}
