package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// addWhere gives a command the flag --where, which is completed as it is typed.
func (c *connection) addWhere(cmd *cobra.Command, where *string, subject hostv1.SelectorSubject, usage string) {
	cmd.Flags().Var(&onceFlag{text: where}, "where", usage)
	must(cmd.RegisterFlagCompletionFunc("where", c.completeWhere(subject)))
}

// onceFlag is a flag of text that is given once. Of two, the last would count without a word, and select other runs than
// both together.
type onceFlag struct {
	text *string
	set  bool
}

// Set is for pflag.
func (f *onceFlag) Set(text string) error {
	if f.set {
		return errors.New("it is given twice; give it once, with and between what has to be true")
	}
	*f.text, f.set = text, true
	return nil
}

// String is for pflag.
func (f *onceFlag) String() string {
	if f.text == nil {
		return ""
	}
	return *f.text
}

// Type is for pflag.
func (*onceFlag) Type() string { return "selector" }

// completeWhere completes a selector.
func (c *connection) completeWhere(subject hostv1.SelectorSubject) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
		host, err := c.dial()
		if err != nil {
			return nil, directive
		}
		ctx, done := context.WithTimeout(cmd.Context(), completionTimeout)
		defer done()
		text := []rune(typed)
		res, err := host.search.CompleteSelector(ctx, &hostv1.CompleteSelectorRequest{Text: typed, Cursor: uint32(len(text)), Subject: subject})
		if err != nil || int(res.GetFrom()) > len(text) {
			return nil, directive
		}
		return convert(res.GetSuggestions(), func(s *hostv1.CompleteSelectorResponse_Suggestion) cobra.Completion {
			about := ""
			if s.GetCount() > 0 {
				about = fmt.Sprint(s.GetCount())
			}
			return word(string(text[:res.GetFrom()])+s.GetText(), about)
		}), directive
	}
}

// selects makes sure that the host reads selectors: one that does not know them passes over them, and would answer with all.
func (c *client) selects(ctx context.Context, where string) error {
	if where == "" {
		return nil
	}
	_, err := ask(ctx, c, c.search.CompleteSelector, &hostv1.CompleteSelectorRequest{Text: "a ", Cursor: 2})
	if f, ok := errors.AsType[*failure](err); ok && f.old {
		return &exitError{code: exitFailure, err: &failure{
			message: fmt.Sprintf("the host at %s is too old for selectors", c.address),
			remedy:  "Leave --where out, or upgrade the host.",
		}}
	}
	return err
}

// pointed lets an error show the selector that it is about.
func pointed(err error, where string) error {
	if f, ok := errors.AsType[*failure](err); ok {
		f.where = where
	}
	return err
}

// maxPointed is the longest selector that is shown with what is wrong, in characters.
const maxPointed = 160

// carets is the selector with a mark below each place at which something is wrong; nothing when it would not fit a line.
func (f *failure) carets() []string {
	text := []rune(f.where)
	if len(text) == 0 || len(text) > maxPointed || !utf8.ValidString(f.where) {
		return nil
	}
	var places []int
	for _, p := range f.problems {
		if p.GetField() == "where" && p.GetColumn() > 0 && int(p.GetColumn()) <= len(text)+1 {
			places = append(places, cells(text[:p.GetColumn()-1]))
		}
	}
	if len(places) == 0 {
		return nil
	}
	slices.Sort(places)
	var marks strings.Builder
	for _, place := range slices.Compact(places) {
		marks.WriteString(strings.Repeat(" ", place-marks.Len()) + "^")
	}
	return []string{"  " + inert(f.where), "  " + marks.String()}
}

// cells is how wide text is when it is printed: wide characters, of East Asia and emoji, take two.
func cells(text []rune) (n int) {
	for _, r := range inert(string(text)) {
		switch {
		case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
			r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
			n += 2
		default:
			n++
		}
	}
	return n
}
