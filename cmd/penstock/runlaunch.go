package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host/launch"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// launchRequest is what the flags of run launch say.
type launchRequest struct {
	tags        []string
	priority    string
	config      string
	opSelection string
	inputsFrom  string
	partition   string
	dryRun      bool
	wait        bool
}

func newRunLaunchCommand(c *connection) *cobra.Command {
	var l launchRequest
	cmd := &cobra.Command{
		Use:   "launch JOB",
		Short: "Launch a run of a job",
		Long: `Launch a run of a job: queue it, and print its id when it is stored.

A job is named location/repository/job, or the shortest end of that which means one job only.
With --inputs-from, ops that --op-selection leaves out are not missed: their outputs are taken from a run of the job that
has ended. The value of an input may also stand in the config: {inputs: {my_op: {my_input: 1}}}.
With --partition, the run is of that partition of the job: without --config it gets the config that the job's code makes
for it, if the code makes any.
With --wait, follow the run to its end; the exit code is then 0 when it succeeded and 1 when it failed or was canceled.
Ctrl-C stops the waiting, not the run.`,
		Example: `  penstock launch my_job --tag team=etl --wait
  penstock launch daily_report --partition 2026-11-22
  penstock launch my_job --op-selection 'write_report' --inputs-from 0192a3b4 --dry-run
  penstock run launch tutorial/repository_report --config report.yaml --op-selection '*write_report'`,
		Args:              usageArgs(cobra.ExactArgs(1)),
		ValidArgsFunction: c.completeFirst(completeJobs),
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			req, err := l.request(args[0], cmd.InOrStdin())
			if err != nil {
				return err
			}
			return l.submit(cmd.Context(), host, p, req)
		},
	}
	l.addFlags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&l.priority, "priority", "", "whole number; a higher one leaves the queue first (the tag "+tag.KeyPriority+")")
	flags.StringVar(&l.opSelection, "op-selection", "", "ops to run: names, *name, name*, 2+name, name+, with commas, or an expression such as '*name:\"write_*\" and not roots()' (default all)")
	flags.StringVar(&l.inputsFrom, "inputs-from", "", "run whose stored outputs stand for ops that are not selected")
	flags.StringVar(&l.partition, "partition", "", "key of the partition that the run is of; list them with penstock partition list JOB")
	must(cmd.RegisterFlagCompletionFunc("inputs-from", c.complete(completeRuns)))
	must(cmd.RegisterFlagCompletionFunc("priority", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("partition", cobra.NoFileCompletions))
	must(cmd.RegisterFlagCompletionFunc("op-selection", cobra.NoFileCompletions))
	return cmd
}

// addFlags adds what launching has in common with executing a run again.
func (l *launchRequest) addFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&l.tags, "tag", nil, "tag for the run, as key=value; may be repeated")
	flags.StringVar(&l.config, "config", "", "file with the run config, YAML or JSON; - reads standard input")
	flags.BoolVar(&l.dryRun, "dry-run", false, "only say what would be executed")
	flags.BoolVar(&l.wait, "wait", false, "follow the run to its end; the exit code tells how it ended")
	must(cmd.RegisterFlagCompletionFunc("tag", cobra.NoFileCompletions))
}

// submit queues the run that is asked for and prints what becomes of it, or says what would be executed.
func (l *launchRequest) submit(ctx context.Context, host *client, p printer, req *hostv1.LaunchRunRequest) error {
	if l.dryRun {
		res, err := ask(ctx, host, host.runs.PreviewRun, &hostv1.PreviewRunRequest{Launch: req})
		if err != nil {
			return l.named(err)
		}
		return p.preview(res, req.GetReexecution().GetRunId(), l.configName())
	}
	res, err := host.launch(ctx, req, l.configName())
	if err != nil {
		return err
	}
	run := res.GetRun()
	for _, note := range res.GetNotes() {
		fmt.Fprintf(p.err, "penstock: note: %s\n", inert(note))
	}
	if l.wait {
		return p.wait(ctx, host, run)
	}
	if p.json {
		return p.object(runOf(run))
	}
	fmt.Fprintf(p.out, "Run %s of %s is %s.\n", inert(run.GetId()), inert(jobNameText(run.GetJob())), statusText(run.GetStatus()))
	return nil
}

// named tells a failure the name of the config file, whose places it may name.
func (l *launchRequest) named(err error) error {
	if f, ok := errors.AsType[*failure](err); ok {
		f.config = l.configName()
	}
	return err
}

func (l *launchRequest) request(job string, stdin io.Reader) (*hostv1.LaunchRunRequest, error) {
	tags, err := parseTags(l.tags)
	if err != nil {
		return nil, err
	}
	if l.priority != "" {
		for _, t := range tags {
			if t.GetKey() == tag.KeyPriority {
				return nil, usageErrorf("--priority and --tag %s=%s say the same thing: give one of them", t.GetKey(), t.GetValue())
			}
		}
		tags = append(tags, &tagv1.Tag{Key: tag.KeyPriority, Value: l.priority})
	}
	config, err := l.readConfig(stdin)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	return &hostv1.LaunchRunRequest{
		RequestId: hex.EncodeToString(id[:]), Job: job, ConfigYaml: config, Tags: tags, OpSelection: l.opSelection, InputsFrom: l.inputsFrom,
		Partition: l.partition,
	}, nil
}

// readConfig reads the config. What cannot be sent at all is rejected here, in the host's words; the rest is its to judge.
func (l *launchRequest) readConfig(stdin io.Reader) (string, error) {
	var in io.Reader
	switch l.config {
	case "":
		return "", nil
	case "-":
		in = stdin
	default:
		file, err := os.Open(l.config)
		if err != nil {
			return "", usageErrorf("read --config: %w", err)
		}
		defer func() { _ = file.Close() }() // it is only read
		in = file
	}
	b, err := io.ReadAll(io.LimitReader(in, launch.MaxConfigBytes+1))
	if err != nil {
		return "", usageErrorf("read --config %s: %w", l.config, err)
	}
	var problem string
	line := 0
	switch bad := firstInvalid(b); {
	case len(b) > launch.MaxConfigBytes:
		problem = fmt.Sprintf("it has more than %d bytes, which is the limit", launch.MaxConfigBytes)
	case bad >= 0:
		problem, line = "this is not UTF-8; save the file as UTF-8", 1+strings.Count(string(b[:bad]), "\n")
	default:
		return string(b), nil
	}
	return "", &exitError{code: exitRejected, err: &failure{
		message: "the run config cannot be read", config: l.configName(),
		problems: []*hostv1.Problem{{Field: "config", Line: uint32(line), Message: problem}},
	}}
}

// firstInvalid is the place of the first byte that is not UTF-8, or -1.
func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func (l *launchRequest) configName() string {
	if l.config == "-" {
		return "standard input"
	}
	return l.config
}

// launch queues the run. A connection that breaks after the host may have got the request is tried once more: the
// request has an id, so it makes one run however often it comes.
func (c *client) launch(ctx context.Context, req *hostv1.LaunchRunRequest, configName string) (*hostv1.LaunchRunResponse, error) {
	res, err := ask(ctx, c, c.runs.LaunchRun, req)
	var f *failure
	if err != nil && errors.As(err, &f) && !f.remote && f.passes() && !f.unsent && ctx.Err() == nil {
		res, err = ask(ctx, c, c.runs.LaunchRun, req)
	}
	if errors.As(err, &f) {
		f.config = configName
	}
	return res, err
}

// unsent reports whether the request never left: nobody accepted the connection.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// wait follows a run to its end, says what becomes of it, and ends with the exit code of that.
func (p printer) wait(ctx context.Context, host *client, run *hostv1.Run) error {
	p, live := p.live()
	defer live.show("")
	progress := p.out
	if p.json {
		progress = p.err // standard output is for the one object
	}
	var ops runProgress
	id := inert(run.GetId())
	last := run.GetStatus()
	fmt.Fprintf(progress, "Run %s of %s is %s.\n", id, inert(jobNameText(run.GetJob())), statusText(last))
	say := func(r *hostv1.Run) {
		if r == nil || r.GetStatus() == last {
			return
		}
		last = r.GetStatus()
		text := statusText(last)
		if isFinal(last) {
			text = joined(" in ", text, runOf(r).took())
		}
		fmt.Fprintln(progress, joined(": ", text, inert(r.GetStatusReason())))
	}
	run, err := host.follow(ctx, run, p, func(m *hostv1.WatchRunEventsResponse) error {
		for _, e := range m.GetEvents() {
			ops.add(e)
		}
		live.show(ops.line())
		say(m.GetRun())
		return nil
	})
	live.show("")
	if err != nil {
		if ctx.Err() != nil {
			return interrupted(fmt.Sprintf("stopped waiting; run %s goes on. Cancel it with: penstock run cancel %s", id, id))
		}
		return err
	}
	say(run)
	if p.json {
		if err := p.object(runOf(run)); err != nil {
			return err
		}
	}
	if run.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS {
		return &exitError{code: exitFailure}
	}
	return nil
}
