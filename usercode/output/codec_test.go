package output_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/usercode/output"
)

type order struct {
	Name  string            `json:"name"`
	Total float64           `json:"total"`
	Tags  map[string]string `json:"tags"`
	Next  *order            `json:"next"`
}

func TestJSON(t *testing.T) {
	want := order{Name: "<a & b>", Total: 0.1, Tags: map[string]string{"b": "2", "a": "1"}, Next: &order{}}
	var b bytes.Buffer
	if err := output.JSON.Encode(&b, want); err != nil {
		t.Fatal(err)
	}
	const text = `{"name":"<a & b>","total":0.1,"tags":{"a":"1","b":"2"},"next":{"name":"","total":0,"tags":null,"next":null}}` + "\n"
	if b.String() != text {
		t.Errorf("got %s", b.String())
	}
	var got order
	if err := output.JSON.Decode(&b, &got); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestJSONSaysWhatIsWrong(t *testing.T) {
	cycle := &order{}
	cycle.Next = cycle
	for want, value := range map[string]any{
		"write NaN; replace it": order{Total: math.NaN()}, "write -Inf": math.Inf(-1), "write a chan int": make(chan int), "cycle": cycle,
	} {
		if err := output.JSON.Encode(io.Discard, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
	for text, want := range map[string]string{
		`{"name":"a","amount":1}`: `unknown field "amount"`, `{"total":"1"}`: "total", `{} {}`: "more than one", ``: "EOF", `{"name":`: "unexpected EOF",
	} {
		if err := output.JSON.Decode(strings.NewReader(text), new(order)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v; want %s", text, err, want)
		}
	}
}

type shout struct{ text string }

type shoutCodec struct{ name string }

func (c shoutCodec) Name() string { return c.name }

func (shoutCodec) Encode(w io.Writer, value any) error {
	s, ok := value.(shout)
	if !ok {
		return errors.New("no shout")
	}
	_, err := io.WriteString(w, strings.ToUpper(s.text))
	return err
}

func (shoutCodec) Decode(r io.Reader, into any) error {
	text, err := io.ReadAll(r)
	into.(*shout).text = string(text)
	return err
}

func TestRegisteredCodec(t *testing.T) {
	output.RegisterCodec[shout](shoutCodec{"shout_1"})
	for of, want := range map[reflect.Type]string{reflect.TypeFor[shout](): "shout_1", reflect.TypeFor[*shout](): "json", reflect.TypeFor[int](): "json"} {
		if got := output.CodecOf(of).Name(); got != want {
			t.Errorf("%v: got %s; want %s", of, got, want)
		}
	}
	// What is wrong stays so for the process, so it comes last.
	output.RegisterCodec[shout](shoutCodec{"shout_2"})
	output.RegisterCodec[order](shoutCodec{"not a name"})
	output.RegisterCodec[io.Reader](shoutCodec{"json"})
	output.RegisterCodec[int](nil)
	output.Register("test", nil)
	output.Register("file", nil)
	err := output.Err()
	for _, want := range []string{
		`codec of output_test.shout: there are two, "shout_1" and "shout_2"`, `codec of output_test.order: its name "not a name"`,
		`codec of io.Reader: the name "json"`, `codec of int: it is nil`, `driver of output stores "test"`, `driver of output stores "file"`,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{}`, `{"name":"a","total":1e300,"tags":{"a":"b"},"next":{}}`, `[]`, `{"next":{"next":{"x":1}}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var first, second order
		if output.JSON.Decode(bytes.NewReader(data), &first) != nil {
			return
		}
		var b bytes.Buffer
		if err := output.JSON.Encode(&b, first); err != nil {
			t.Fatal(err)
		}
		if err := output.JSON.Decode(&b, &second); err != nil || !cmp.Equal(first, second) {
			t.Errorf("%s: %+v came back as %+v, %v", data, first, second, err)
		}
	})
}
