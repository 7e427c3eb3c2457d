package usercode_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/usercode/usertest"
)

var myOp = usercode.NewOp("my_op", func(context.Context) (string, error) { return "Hello World!", nil })

var myGraph = usercode.NewGraph("my_graph", func(g *usercode.Graph) { myOp(g) })

// Metadata is attached to a job, for the people who look at it. Plain Go values become values of package metadata.
func ExampleNewJob_metadata() {
	myJobWithMetadata := usercode.NewJob("my_job_with_metadata",
		func(g *usercode.Graph) { myOp(g) },
		usercode.Metadata{
			"owner": "data team", // becomes metadata.Text
			"docs":  metadata.URL("https://docs.dagster.io"),
		},
	)
	fmt.Print(described(myJobWithMetadata))
	// Output:
	// my_job_with_metadata
	//   metadata docs (url): https://docs.dagster.io
	//   metadata owner (text): data team
}

// A graph becomes a job with metadata of its own.
func ExampleGraphOp_Job_metadata() {
	mySecondJobWithMetadata := myGraph.Job("my_second_job_with_metadata",
		usercode.Metadata{"owner": "api team", "docs": metadata.URL("https://docs.dagster.io")},
	)
	fmt.Print(described(mySecondJobWithMetadata))
	// Output:
	// my_second_job_with_metadata
	//   metadata docs (url): https://docs.dagster.io
	//   metadata owner (text): api team
}

// Tags go to every run of the job. A value is a string, or anything that becomes JSON.
func ExampleNewJob_tags() {
	myJobWithTags := usercode.NewJob("my_job_with_tags",
		func(g *usercode.Graph) { myOp(g) },
		usercode.Tags{"foo": "bar", "limits": map[string]any{"rows": 1000, "dry": true}},
	)
	fmt.Print(described(myJobWithTags))
	// Output:
	// my_job_with_tags
	//   tag foo: bar
	//   tag limits: {"dry":true,"rows":1000}
}

// A graph becomes several jobs whose runs have different tags.
func ExampleGraphOp_Job_tags() {
	mySecondJobWithTags := myGraph.Job("my_second_job_with_tags", usercode.Tags{"foo": "bar"})
	myThirdJobWithTags := myGraph.Job("my_third_job_with_tags", usercode.Tags{"foo": "baz"})
	fmt.Print(described(mySecondJobWithTags, myThirdJobWithTags))
	// Output:
	// my_second_job_with_tags
	//   tag foo: bar
	// my_third_job_with_tags
	//   tag foo: baz
}

// described is what a host gets to know of jobs.
func described(jobs ...usercode.RepositoryItem) string {
	var text, out strings.Builder
	if err := usercode.Describe(&text, usercode.NewRepository("tutorial", jobs...)); err != nil {
		return err.Error()
	}
	type entry struct {
		Key   string `json:"key"`
		Kind  string `json:"kind"` // of metadata
		Value string `json:"value"`
	}
	var all struct {
		Repositories []struct {
			Jobs []struct {
				Name     string  `json:"name"`
				Metadata []entry `json:"metadata"`
				Tags     []entry `json:"tags"`
			} `json:"jobs"`
		} `json:"repositories"`
	}
	if err := json.Unmarshal([]byte(text.String()), &all); err != nil {
		return err.Error()
	}
	for _, job := range all.Repositories[0].Jobs {
		fmt.Fprintln(&out, job.Name)
		for _, m := range job.Metadata {
			fmt.Fprintf(&out, "  metadata %s (%s): %s\n", m.Key, m.Kind, m.Value)
		}
		for _, t := range job.Tags {
			fmt.Fprintf(&out, "  tag %s: %s\n", t.Key, t.Value)
		}
	}
	return out.String()
}

// outputOf runs a job in this process and answers what one of its ops returned.
func outputOf[T any](job *usercode.Job, opts *usertest.Options, opPath string) any {
	result, err := usertest.Run(context.Background(), job, opts)
	if err != nil {
		return err
	}
	out, err := usertest.Output[T](result, opPath)
	if err != nil {
		return err
	}
	return out
}

func ExampleNewOp1() {
	words := usercode.NewOp("words", func(context.Context) ([]string, error) { return []string{"gate", "pipe", "turbine"}, nil })
	count := usercode.NewOp1("count", func(_ context.Context, words []string) (int, error) { return len(words), nil })
	job := usercode.NewJob("count_words", func(g *usercode.Graph) { count(g, words(g)) })
	fmt.Println(outputOf[int](job, nil, "count"))
	// Output: 3
}

func ExampleNewTask() {
	prepare := usercode.NewTask("prepare", func(context.Context) error { return nil })
	load := usercode.NewOp("load", func(context.Context) (string, error) { return "loaded", nil })
	job := usercode.NewJob("ordered", func(g *usercode.Graph) {
		prepared := prepare(g)
		load(g.After(prepared))
	})
	fmt.Println(outputOf[string](job, nil, "load"))
	// Output: loaded
}

func ExampleNewGraphOp1() {
	trim := usercode.NewOp1("trim", func(_ context.Context, s string) (string, error) { return strings.TrimSpace(s), nil })
	upper := usercode.NewOp1("upper", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	clean := usercode.NewGraphOp1("clean", func(g *usercode.Graph, s usercode.Value[string]) usercode.Value[string] {
		return upper(g, trim(g, s))
	})
	source := usercode.NewOp("source", func(context.Context) (string, error) { return "  penstock ", nil })
	job := usercode.NewJob("nested", func(g *usercode.Graph) { clean(g, source(g)) })
	fmt.Println(outputOf[string](job, nil, "clean.upper"))
	// Output: PENSTOCK
}

func ExampleGraph_As() {
	greet := usercode.NewOp("greet", func(context.Context) (string, error) { return "hello", nil })
	join := usercode.NewOp1("join", func(_ context.Context, all []string) (string, error) { return strings.Join(all, ", "), nil })
	job := usercode.NewJob("greetings", func(g *usercode.Graph) {
		join(g, usercode.Collect(g, greet(g), greet(g.As("greet_2")), greet(g.As("greet_3"))))
	})
	fmt.Println(outputOf[string](job, nil, "join"))
	// Output: hello, hello, hello
}

func ExampleMap() {
	files := usercode.NewOp("files", func(context.Context) ([]string, error) { return []string{"a b", "c"}, nil })
	count := usercode.NewOp1("count", func(_ context.Context, text string) (int, error) { return len(strings.Fields(text)), nil })
	total := usercode.NewOp1("total", func(_ context.Context, counts []int) (string, error) { return fmt.Sprint(counts), nil })
	job := usercode.NewJob("words", func(g *usercode.Graph) {
		total(g, usercode.Map(g, files(g), func(g *usercode.Graph, file usercode.Value[string]) usercode.Value[int] {
			return count(g, file)
		}))
	})
	fmt.Println(outputOf[int](job, nil, "count[0]"), outputOf[string](job, nil, "total"))
	// Output: 2 [2 1]
}

func ExampleStruct() {
	type report struct {
		Title string
		Rows  int
	}
	title := usercode.NewOp("title", func(context.Context) (string, error) { return "Orders", nil })
	rows := usercode.NewOp("rows", func(context.Context) (int, error) { return 42, nil })
	write := usercode.NewOp1("write", func(_ context.Context, r report) (string, error) {
		return fmt.Sprintf("%s: %d rows", r.Title, r.Rows), nil
	})
	job := usercode.NewJob("report", func(g *usercode.Graph) {
		write(g, usercode.Struct(g,
			usercode.Field(title(g), func(r *report, title string) { r.Title = title }),
			usercode.Field(rows(g), func(r *report, rows int) { r.Rows = rows }),
		))
	})
	fmt.Println(outputOf[string](job, nil, "write"))
	// Output: Orders: 42 rows
}

func ExampleNewConfig() {
	type greetingConfig struct {
		Name  string `json:"name" config:"required" jsonschema:"Who is greeted"`
		Times int    `json:"times" jsonschema:"How often"`
	}
	greeting := usercode.NewConfig("greeting", greetingConfig{Times: 1})
	greet := usercode.NewOp("greet", func(ctx context.Context) (string, error) {
		c := greeting.From(ctx)
		return strings.Repeat("Hello "+c.Name+"! ", c.Times), nil
	}, greeting)
	job := usercode.NewJob("greet", func(g *usercode.Graph) { greet(g) })

	fmt.Println(outputOf[string](job, nil, "greet"))
	fmt.Println(outputOf[string](job, &usertest.Options{Config: map[string]any{"greeting": map[string]any{"name": "Ada", "times": 2}}}, "greet"))
	// Output:
	// job "greet": run config: config.greeting.name: it is required and missing
	// Hello Ada! Hello Ada!
}

func ExampleCommand() {
	list := usercode.Command("list", "printf", "%s\n", "a", "b")
	count := usercode.NewOp1("count", func(_ context.Context, r usercode.CommandResult) (int, error) {
		return strings.Count(r.Stdout, "\n"), nil
	})
	job := usercode.NewJob("program", func(g *usercode.Graph) { count(g, list(g)) })
	fmt.Println(outputOf[int](job, nil, "count"))
	// Output: 2
}

// Everything that is wrong is reported together.
func ExampleValidate() {
	job := usercode.NewJob("broken", func(g *usercode.Graph) { myOp(g); myOp(g) }, usercode.Tags{"penstock/priority": "high"})
	err := usercode.Validate(usercode.NewRepository("tutorial", job))
	var problems usercode.Problems
	errors.As(err, &problems)
	for _, p := range problems {
		what, _, _ := strings.Cut(p.Message, ",")
		fmt.Printf("%s: %s\n", p.Job, what)
	}
	// Output:
	// broken: tag "penstock/priority" = "high": use a whole number from -2147483648 to 2147483647
	// broken: "my_op" is there already
}

// An op that fails now and then runs again; the job fails only when the last attempt does. Here a test makes the first
// two attempts fail.
func ExampleRetry() {
	load := usercode.NewOp("load", func(ctx context.Context) (string, error) {
		return fmt.Sprintf("loaded in attempt %d", usercode.RunFrom(ctx).OpAttempt), nil
	}, usercode.Retry{Max: 3, Delay: time.Millisecond, Backoff: 2}, usercode.Timeout(time.Minute))
	job := usercode.NewJob("nightly", func(g *usercode.Graph) { load(g) })

	result, err := usertest.Run(context.Background(), job, &usertest.Options{
		Fail: func(_ string, attempt int) error {
			if attempt < 3 {
				return errors.New("connection refused")
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	op, _ := result.Op("load")
	for _, a := range op.Attempts {
		fmt.Println(a.Outcome, a.Message, a.Wait)
	}
	fmt.Println(usertest.Output[string](result, "load"))
	// Output:
	// failure connection refused 1ms
	// failure connection refused 2ms
	// success  0s
	// loaded in attempt 3 <nil>
}

func ExampleDescribe() {
	job := usercode.NewJob("my_job", func(g *usercode.Graph) { myOp(g) })
	if err := usercode.Describe(os.Stdout, usercode.NewRepository("tutorial", job)); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {
	//   "repositories": [
	//     {
	//       "name": "tutorial",
	//       "jobs": [
	//         {
	//           "name": "my_job",
	//           "graph": {
	//             "name": "my_job",
	//             "nodes": [
	//               {
	//                 "name": "my_op",
	//                 "op": "my_op",
	//                 "output": "string"
	//               }
	//             ]
	//           }
	//         }
	//       ]
	//     }
	//   ]
	// }
}
