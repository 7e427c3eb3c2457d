package outputs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/output"
)

func TestStoredOutputIsTaken(t *testing.T) {
	store := newStore(t)
	e := execution{job: countJob, store: store, run: 1}.do(t).want(t, "success")
	again := execution{job: countJob, store: store, run: 2, ops: []string{"count"}, stored: e.taken(1, "read")}.do(t).want(t, "success")
	if again.values["count"] != 2 || again.outputs["read"] != nil || again.outputs["count"].GetAddress() == e.outputs["count"].GetAddress() {
		t.Errorf("got %v, %v", again.values, again.outputs)
	}
}

func TestStoredOutputCannotBeUsed(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, s output.Store, o *workerv1.Output)
		want   string
	}{
		"Gone": {func(t *testing.T, s output.Store, o *workerv1.Output) { remove(t, s, o.GetAddress()) }, "does not have it"},
		"Damaged": {func(t *testing.T, s output.Store, o *workerv1.Output) {
			replace(t, s, o.GetAddress(), `{"names":["a","<c>"]}`+"\n")
		}, "its bytes are damaged"},
		"Cut": {func(t *testing.T, s output.Store, o *workerv1.Output) { replace(t, s, o.GetAddress(), `{`) }, "its bytes are damaged"},
		"Longer": {func(t *testing.T, s output.Store, o *workerv1.Output) {
			replace(t, s, o.GetAddress(), strings.Repeat("x", 1000))
		}, "expected at most"},
		"Codec":    {func(_ *testing.T, _ output.Store, o *workerv1.Output) { o.Codec = "parquet" }, `it was written with codec "parquet", and the codec of outputs_test.rows is "json"`},
		"Address":  {func(_ *testing.T, _ output.Store, o *workerv1.Output) { o.Address = "../../etc/passwd" }, "is no name"},
		"NoDigest": {func(_ *testing.T, _ output.Store, o *workerv1.Output) { o.Digest = nil }, "makes no sense"},
		"HugeSize": {func(_ *testing.T, _ output.Store, o *workerv1.Output) { o.Size = 1 << 62 }, "makes no sense"},
		"OtherType": {func(t *testing.T, s output.Store, o *workerv1.Output) {
			other := execution{job: usercode.NewJob("counting", func(g *usercode.Graph) {
				usercode.NewOp("read", func(context.Context) (map[string]int, error) { return map[string]int{"n": 1}, nil })(g)
			}), store: s, run: 3}.do(t)
			proto.Reset(o)
			proto.Merge(o, other.outputs["read"])
		}, `cannot read it as a outputs_test.rows, perhaps because the type has changed since: json: unknown field "n"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			store := newStore(t)
			stored := execution{job: countJob, store: store, run: 1}.do(t).want(t, "success").taken(1, "read")
			test.change(t, store, stored[0].GetOutput())
			e := execution{job: countJob, store: store, run: 2, ops: []string{"count"}, stored: stored}.do(t).want(t, "failure")
			f := e.finished["count"].GetFailure()
			if f.GetReason() != "stored_output" || !strings.Contains(f.GetMessage(), test.want) {
				t.Errorf("got %v; want %s", f, test.want)
			}
			for _, part := range []string{"op read", "run " + runID(1), stored[0].GetOutput().GetAddress(), "execute read again"} {
				if !strings.Contains(f.GetMessage(), part) {
					t.Errorf("the message has no %q: %s", part, f.GetMessage())
				}
			}
		})
	}
}

func remove(t *testing.T, s output.Store, name string) {
	t.Helper()
	if err := s.Delete(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

func replace(t *testing.T, s output.Store, name, data string) {
	t.Helper()
	if err := s.Put(t.Context(), name, []byte(data)); err != nil {
		t.Fatal(err)
	}
}

func TestGivenInputs(t *testing.T) {
	e := execution{job: countJob, store: newStore(t), run: 1, ops: []string{"count"}, config: `{"inputs":{"count":{"input":{"names":["a","b","c"]}}}}`}.do(t).want(t, "success")
	if e.values["count"] != 3 {
		t.Errorf("got %v", e.values)
	}
	for config, want := range map[string]string{
		`{"inputs":{"count":{"input":{"nmaes":[]}}}}`:  `inputs.count.input: unknown field "nmaes"`,
		`{"inputs":{"counts":{}}}`:                     "inputs.counts: the job has no op of that path",
		`{"inputs":{"count":{"input":{"names":"a"}}}}`: "inputs.count.input.names: the string does not fit a Go []string",
	} {
		e := execution{job: countJob, run: 1, ops: []string{"count"}, config: config}.do(t).want(t, "failure")
		if e.failure.GetReason() != "config" || !strings.Contains(e.failure.GetMessage(), want) {
			t.Errorf("got %v; want %s", e.failure, want)
		}
	}
	wired := execution{job: countJob, run: 1, config: `{"inputs":{"count":{"input":{"names":[]}}}}`}.do(t).want(t, "failure")
	if !strings.Contains(wired.failure.GetMessage(), "input of op count") {
		t.Errorf("got %v", wired.failure)
	}
}

// csv is a type with a codec of its own, whose fields JSON would not see.
type csv struct{ cells []string }

type csvCodec struct{}

func (csvCodec) Name() string { return "csv_1" }

func (csvCodec) Encode(w io.Writer, value any) error {
	_, err := io.WriteString(w, strings.Join(value.(csv).cells, ","))
	return err
}

func (csvCodec) Decode(r io.Reader, into any) error {
	data, err := io.ReadAll(r)
	if bytes.Contains(data, []byte("!")) {
		return errors.New("a cell has an exclamation mark")
	}
	into.(*csv).cells = strings.Split(string(data), ",")
	return err
}

func init() { output.RegisterCodec[csv](csvCodec{}) } //nolint:gochecknoinits // as authors do

func TestRegisteredCodecIsUsed(t *testing.T) {
	store := newStore(t)
	table := usercode.NewOp("table", func(context.Context) (csv, error) { return csv{[]string{"a", "b"}}, nil })
	bad := usercode.NewOp("bad", func(context.Context) (csv, error) { return csv{[]string{"!"}}, nil })
	cells := usercode.NewOp2("cells", func(_ context.Context, a, b csv) (int, error) { return len(a.cells) + len(b.cells), nil })
	job := usercode.NewJob("job", func(g *usercode.Graph) { cells(g, table(g), bad(g)) })
	e := execution{job: job, store: store, run: 1}.do(t).want(t, "success")
	if o := e.outputs["table"]; o.GetCodec() != "csv_1" || o.GetSize() != 3 {
		t.Errorf("got %v", o)
	}
	e = execution{job: job, store: store, run: 2, ops: []string{"cells"}, stored: e.taken(1, "bad", "table")}.do(t).want(t, "failure")
	if f := e.finished["cells"].GetFailure(); !strings.Contains(f.GetMessage(), "exclamation mark") {
		t.Errorf("got %v", f)
	}
}
