package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// manyRuns lets a command that acts on a run act on all runs that a selector selects.
type manyRuns struct {
	// actionOf is the action, but for its runs. Of the command's own flags only those of fitting go with it, and arguments
	// only when takesArgs is set.
	actionOf  func(cmd *cobra.Command, args []string) (*hostv1.BulkAction, error)
	fitting   []string
	takesArgs bool
	// about ends the paragraph of the help, which is aboutMany.
	about string

	where            string
	all, yes, dryRun bool
	// ownDryRun tells that the command has the flag for itself.
	ownDryRun bool
}

// forMany gives a command the flags with which it acts on many runs.
func (c *connection) forMany(cmd *cobra.Command, m *manyRuns) *cobra.Command {
	c.addWhere(cmd, &m.where, hostv1.SelectorSubject_SELECTOR_SUBJECT_RUNS, `act on all runs that this selector selects, in place of RUN, for example "team=etl and status=failure"`)
	flags := cmd.Flags()
	flags.BoolVar(&m.all, "all-runs", false, "act on all runs that there are, in place of RUN")
	flags.BoolVar(&m.yes, "yes", false, "with --where or --all-runs: do not ask before it begins")
	if flags.Lookup("dry-run") == nil {
		flags.BoolVar(&m.dryRun, "dry-run", false, "with --where or --all-runs: only say how many runs it would act on, and show the newest")
	} else {
		m.ownDryRun = true
	}
	if cmd.Long == "" {
		cmd.Long = cmd.Short + "."
	}
	cmd.Long += "\n\n" + aboutMany + m.about
	cmd.Use = strings.Replace(cmd.Use, "RUN", "(RUN | --where SELECTOR)", 1)
	one, run := cmd.Args, cmd.RunE
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		switch {
		case m.wanted(cmd):
			return m.check(cmd, args)
		case len(args) == 0:
			return usageErrorf("it is not said which run: name one, or select many with --where; see %s --help", cmd.CommandPath())
		case len(args) > 1 && !m.takesArgs:
			return usageErrorf("%d runs are named, and one is taken: select many with --where, as in --where %s", len(args), shellQuote("id in ("+strings.Join(args, ", ")+")"))
		default:
			return one(cmd, args)
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case m.wanted(cmd):
			return m.run(cmd, c, args)
		case m.yes, m.dryRun:
			return usageErrorf("--yes and --dry-run go with --where or --all-runs; see %s --help", cmd.CommandPath())
		default:
			return run(cmd, args)
		}
	}
	return cmd
}

// wanted tells that many runs are meant.
func (m *manyRuns) wanted(cmd *cobra.Command) bool { return m.all || cmd.Flags().Changed("where") }

// check says what does not go together.
func (m *manyRuns) check(cmd *cobra.Command, args []string) error {
	switch {
	case m.all && m.where != "":
		return usageErrorf("--where and --all-runs each say which runs: give one of them")
	case !m.all && strings.TrimSpace(m.where) == "":
		return usageErrorf("--where is empty, which would select every run; if all are meant, give --all-runs")
	case len(args) > 0 && !m.takesArgs:
		return usageErrorf("run %s is named beside --where or --all-runs: give one of them", args[0])
	}
	var wrong string
	cmd.Flags().Visit(func(f *pflag.Flag) {
		known := slices.Contains([]string{"where", "all-runs", "yes", "dry-run"}, f.Name) || slices.Contains(m.fitting, f.Name)
		if !known && cmd.InheritedFlags().Lookup(f.Name) == nil && wrong == "" {
			wrong = f.Name
		}
	})
	if wrong != "" {
		return usageErrorf("--%s does not go with --where or --all-runs", wrong)
	}
	return nil
}

// run shows what would happen, asks, lets it happen, and tells how it goes.
func (m *manyRuns) run(cmd *cobra.Command, c *connection, args []string) error {
	action, err := m.actionOf(cmd, args)
	if err != nil {
		return err
	}
	action.Filter = &hostv1.RunFilter{Where: m.where}
	host, p, err := c.start(cmd)
	if err != nil {
		return err
	}
	ctx := cmd.Context()
	preview, err := host.previewBulk(ctx, action)
	if err != nil {
		return pointed(err, m.where)
	}
	dryRun := m.dryRun
	if m.ownDryRun {
		dryRun, _ = cmd.Flags().GetBool("dry-run") // it is there
	}
	nothing := preview.Selected == preview.PassedOver
	if p.json && (dryRun || nothing) {
		return p.object(preview)
	}
	if dryRun || nothing || !m.yes {
		shown := p
		if p.json { // which the result will be
			shown.out = p.err
		}
		shown.bulkPreview(preview, action, m.all)
	}
	switch {
	case dryRun, nothing:
		return nil
	case !m.yes:
		if err := confirm(ctx, cmd.InOrStdin(), p.err, bulkText(action, counted(int(preview.Selected-preview.PassedOver), "run"))); err != nil {
			return err
		}
	}
	by := ""
	if cmd.Flags().Lookup("by") != nil {
		by, _ = cmd.Flags().GetString("by") // it is there
	}
	b, err := host.startBulk(ctx, action, by)
	if err != nil {
		return pointed(err, m.where)
	}
	return p.followBulk(ctx, host, b)
}

// previewBulk asks what an action would do. That it cannot be done is an error.
func (c *client) previewBulk(ctx context.Context, action *hostv1.BulkAction) (bulkPreview, error) {
	res, err := ask(ctx, c, c.bulks.PreviewBulk, &hostv1.PreviewBulkRequest{Action: action})
	if err == nil && len(res.GetProblems()) > 0 {
		err = &exitError{code: exitRejected, err: &failure{
			message: "this cannot be done with any run", problems: res.GetProblems(), remedy: "Correct what is listed; nothing was changed.",
		}}
	}
	return bulkPreview{
		What: bulkText(action, "each run"), Selected: res.GetSelected(), PassedOver: res.GetPassedOver(), Sample: convert(res.GetSample(), runOf),
	}, err
}

// startBulk begins an action.
func (c *client) startBulk(ctx context.Context, action *hostv1.BulkAction, by string) (*hostv1.Bulk, error) {
	if by == "" {
		by = osUser()
	}
	res, err := askAgain(ctx, c, c.bulks.StartBulk, &hostv1.StartBulkRequest{RequestId: newRequestID(), Action: action, By: by})
	return res.GetBulk(), err
}

// bulkPreview prints what an action would do.
func (p printer) bulkPreview(b bulkPreview, action *hostv1.BulkAction, all bool) {
	if b.Selected == 0 {
		fmt.Fprintln(p.err, "No run is selected.")
		return
	}
	selected := counted(int(b.Selected), "run") + " selected"
	if all {
		selected = "all runs, " + fmt.Sprint(b.Selected) + ", selected"
	}
	if b.PassedOver > 0 {
		selected += fmt.Sprintf("; %d passed over, to which it does not apply", b.PassedOver)
	}
	n := b.Selected - b.PassedOver
	fmt.Fprintf(p.err, "This would %s (%s).\n", inert(bulkText(action, counted(int(n), "run"))), selected)
	if len(b.Sample) == 0 {
		return
	}
	p.table([]string{"STATUS", "RUN", "JOB", "CREATED", "TAGS"}, convert(b.Sample, func(r runObject) []string {
		return []string{r.Status, r.ID, r.Job, clockText(r.CreatedAt), tagsText(userTags(r.Tags), 60)}
	}))
	if more := n - min(n, uint64(len(b.Sample))); more > 0 {
		fmt.Fprintf(p.err, "… and %d more, which are older.\n", more)
	}
}

// confirm asks somebody who sits at the terminal. Where nobody does it is an error, as when the answer is no.
func confirm(ctx context.Context, in io.Reader, out io.Writer, what string) error {
	nobody := usageErrorf("nobody is there to be asked whether to %s: give --yes, or --dry-run only to see what would happen", what)
	if !isTerminal(in) {
		return nobody
	}
	switch answer, err := prompt(ctx, in, out, what); {
	case errors.Is(err, io.EOF):
		return nobody
	case err != nil:
		return err
	case answer:
		return nil
	default:
		return &exitError{code: exitFailure, err: errors.New("nothing was changed")}
	}
}

// isTerminal tells that somebody may type there.
func isTerminal(in io.Reader) bool {
	file, ok := in.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// prompt asks whether to do something, and waits for the answer.
func prompt(ctx context.Context, in io.Reader, out io.Writer, what string) (yes bool, err error) {
	fmt.Fprintf(out, "%s? Type yes: ", inert(strings.ToUpper(what[:1])+what[1:]))
	type line struct {
		text string
		err  error
	}
	read := make(chan line, 1)
	// Nothing ends a read of a terminal but the end of the process, which follows when ctx ends.
	go func() {
		text, err := bufio.NewReader(in).ReadString('\n')
		read <- line{text, err}
	}()
	select {
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false, interrupted("nothing was changed")
	case l := <-read:
		answer := strings.ToLower(strings.TrimSpace(l.text))
		if l.err != nil && answer == "" {
			fmt.Fprintln(out)
			return false, l.err
		}
		return answer == "yes" || answer == "y", nil
	}
}
