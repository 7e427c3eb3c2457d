package usertest_test

import (
	"context"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/usertest"
)

type names []string

var (
	list = usercode.NewOp("list", func(context.Context) (names, error) { panic("it must not run") })
	find = usercode.NewOp2("find", func(_ context.Context, in names, first any) (string, error) {
		return strings.Join(in, "+") + first.(string), nil
	})
	shout     = usercode.NewOp1("shout", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })
	anything  = usercode.NewOp("anything", func(context.Context) (any, error) { return "!", nil })
	finding   = usercode.NewJob("finding", func(g *usercode.Graph) { shout(g, find(g, list(g), anything(g))) })
	nameOfAny = "a"
)

func TestPartOfAJob(t *testing.T) {
	tests := map[string]struct {
		opts usertest.Options
		op   string
		want string
	}{
		"Inputs":         {usertest.Options{Ops: []string{"shout"}, Inputs: map[string]map[string]any{"shout": {"input": "a"}}}, "shout", "A"},
		"Outputs":        {usertest.Options{Ops: []string{"shout"}, Outputs: map[string]any{"find": "b"}}, "shout", "B"},
		"OfItsType":      {usertest.Options{Ops: []string{"find"}, Outputs: map[string]any{"list": []string{"a", "b"}, "anything": nameOfAny}}, "find", "a+ba"},
		"Both":           {usertest.Options{Ops: []string{"find", "shout"}, Outputs: map[string]any{"list": names{"x"}}, Inputs: map[string]map[string]any{"find": {"input_2": "?"}}}, "shout", "X?"},
		"InputGoesFirst": {usertest.Options{Ops: []string{"shout"}, Outputs: map[string]any{"find": "b"}, Inputs: map[string]map[string]any{"shout": {"input": "c"}}}, "shout", "C"},
		"NilList":        {usertest.Options{Ops: []string{"find", "anything"}, Outputs: map[string]any{"list": nil}}, "find", "!"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r, err := usertest.Run(t.Context(), finding, &test.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := usertest.Output[string](r, test.op); err != nil || got != test.want {
				t.Errorf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

func TestPartOfAJobIsRefused(t *testing.T) {
	_, err := usertest.Run(t.Context(), finding, &usertest.Options{
		Ops:     []string{"shout"},
		Outputs: map[string]any{"finds": "a", "find": 3, "list": nil},
		Inputs:  map[string]map[string]any{"shouts": {}, "shout": {"input": nil, "input_1": "a"}, "find": {"input_1": []int{1}}},
	})
	for _, want := range []string{
		`job "finding": `, `Outputs["finds"]: the job has no op`, `Outputs["find"]: it is a int, and a string is needed`, `Inputs["shouts"]: the job has no op`,
		`Inputs["shout"]["input"]: it is nil, and a string is needed`, `Inputs["shout"]["input_1"]: the op has no input of that name`,
		`Inputs["find"]["input_1"]: it is a []int, and a usertest_test.names is needed`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	_, err = usertest.Run(t.Context(), finding, &usertest.Options{Inputs: map[string]map[string]any{"shout": {"input": "a"}}})
	if err == nil || !strings.Contains(err.Error(), "input of op shout, which the run makes itself") {
		t.Errorf("got %v", err)
	}
}
