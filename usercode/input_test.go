package usercode_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

type purchase struct {
	Name  string `json:"name"`
	Lines []struct {
		Amount int `json:"amount"`
	} `json:"lines"`
}

func jobWithInputs(t *testing.T) *spec.Job {
	purchases := usercode.NewOp("purchases", func(context.Context) (purchase, error) { return purchase{}, nil })
	first := usercode.NewOp("first", number)
	add := usercode.NewOp2("add", func(_ context.Context, _ purchase, n int) (int, error) { return n, nil })
	inner := usercode.NewGraphOp1("inner", func(g *usercode.Graph, p usercode.Value[purchase]) usercode.Value[int] { return add(g, p, first(g)) })
	return compiled(t, usercode.NewJob("job", func(g *usercode.Graph) { inner(g, purchases(g)) }))
}

func TestGivenInputs(t *testing.T) {
	job := jobWithInputs(t)
	config := []byte(`{"inputs":{"inner.add":{"input_1":{"name":"a","lines":[{"amount":3}]},"input_2":4}}}`)
	if _, err := job.ResolveConfig(config); err != nil {
		t.Fatal(err)
	}
	given, err := job.ResolveInputs(config)
	if err != nil {
		t.Fatal(err)
	}
	op := job.OpAt("inner.add")
	got, err := spec.DecodeInput(op.Inputs[0], given["inner.add"]["input_1"])
	want := purchase{Name: "a"}
	want.Lines = append(want.Lines, struct {
		Amount int `json:"amount"`
	}{3})
	if err != nil || !cmp.Equal(got, any(want)) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if got, err := spec.DecodeInput(op.Inputs[1], given["inner.add"]["input_2"]); err != nil || got != 4 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestGivenInputsRefused(t *testing.T) {
	tests := map[string]struct {
		config string
		want   []string
	}{
		"NoObject":    {`{"inputs":[]}`, []string{"inputs: an object is needed"}},
		"NoObjectIn":  {`{"inputs":{"inner.add":3}}`, []string{"inputs.inner.add: an object is needed"}},
		"NoSuchOp":    {`{"inputs":{"add":{},"inner":{},"inner.":{},"inner.add.x":{},"inner[a].add":{}}}`, []string{"inputs.add: the job has no op", "inputs.inner: the job", "inputs.inner.: the job", "inputs.inner.add.x: the job", "inputs.inner[a].add: the job"}},
		"NoSuchInput": {`{"inputs":{"inner.add":{"p":1},"purchases":{"input":1}}}`, []string{"inputs.inner.add.p: the op has no input of that name; it has input_1, input_2", "inputs.purchases.input: the op has no inputs"}},
		"WrongType":   {`{"inputs":{"inner.add":{"input_1":{"lines":[{"amount":"3"}]},"input_2":1.5}}}`, []string{"inputs.inner.add.input_1.lines.amount: the string does not fit a Go int", "inputs.inner.add.input_2: the number 1.5 does not fit a Go int"}},
		"UnknownKey":  {`{"inputs":{"inner.add":{"input_1":{"nam":"a"}}}}`, []string{`inputs.inner.add.input_1: unknown field "nam"`}},
		"Null":        {`{"inputs":{"inner.add":{"input_2":null}}}`, []string{"inputs.inner.add.input_2: a value of type int is needed; this is null"}},
		"WithConfig":  {`{"config":{"x":{}},"inputs":{"add":{}}}`, []string{"config.x: no op of this job", "inputs.add: the job has no op"}},
		"KeyTwice":    {`{"inputs":{"inner.add":{"input_2":1,"input_2":2}}}`, []string{`inputs.inner.add: the key "input_2" occurs twice`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := jobWithInputs(t).ResolveConfig([]byte(test.config))
			if err == nil {
				t.Fatal("it was accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(test.want) {
				t.Fatalf("got %d problems, want %d:\n%v", len(lines), len(test.want), err)
			}
			for i, line := range lines {
				if !strings.Contains(line, test.want[i]) {
					t.Errorf("got %q, want %s", line, test.want[i])
				}
			}
		})
	}
}
