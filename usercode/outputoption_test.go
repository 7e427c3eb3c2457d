package usercode_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/usercode"
)

func TestOutputOptionsAreInTheDefinition(t *testing.T) {
	versioned := usercode.NewOp("versioned", number, usercode.CodeVersion("3 (rows)"), usercode.MaxOutput(1<<30))
	secret := usercode.NewOp("secret", number, usercode.Transient{})
	command := usercode.NewCommand("command", []string{"true"}, usercode.CodeVersion("1"), usercode.Transient{}, usercode.MaxOutput(1))
	var b bytes.Buffer
	job := usercode.NewJob("job", func(g *usercode.Graph) { versioned(g); secret(g); command(g) })
	if err := usercode.Describe(&b, usercode.NewRepository("repository", job)); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int{`"code_version": "3 (rows)"`: 1, `"code_version": "1"`: 1, `"code_version"`: 2, `"transient": true`: 2} {
		if got := strings.Count(b.String(), text); got != want {
			t.Errorf("%s is there %d times, want %d:\n%s", text, got, want, b.String())
		}
	}
}

func TestOutputOptionsAreChecked(t *testing.T) {
	tests := map[string]struct {
		opts []usercode.OpOption
		want string
	}{
		"NoVersion":     {[]usercode.OpOption{usercode.CodeVersion("")}, `CodeVersion: "" is no text of 1 to 256 bytes`},
		"LongVersion":   {[]usercode.OpOption{usercode.CodeVersion(strings.Repeat("x", 257))}, "is no text of 1 to 256 bytes"},
		"LinesInIt":     {[]usercode.OpOption{usercode.CodeVersion("1\n2")}, "on one line"},
		"NotUTF8":       {[]usercode.OpOption{usercode.CodeVersion("\xff")}, "on one line"},
		"TwoVersions":   {[]usercode.OpOption{usercode.CodeVersion("1"), usercode.CodeVersion("2")}, `CodeVersion is given twice, "1" and "2"; keep one`},
		"NoBytes":       {[]usercode.OpOption{usercode.MaxOutput(0)}, "MaxOutput is 0; it is a number of bytes from 1 to 1073741824"},
		"TooManyBytes":  {[]usercode.OpOption{usercode.MaxOutput(1<<30 + 1)}, "MaxOutput is 1073741825"},
		"LongestIsFine": {[]usercode.OpOption{usercode.CodeVersion(strings.Repeat("x", 256)), usercode.MaxOutput(1)}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			op := usercode.NewOp("op", number, test.opts...)
			err := usercode.Validate(usercode.NewRepository("repository", usercode.NewJob("job", func(g *usercode.Graph) { op(g) })))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), `op "op": `) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v; want %s", err, test.want)
			}
		})
	}
}

func number(context.Context) (int, error) { return 1, nil }
