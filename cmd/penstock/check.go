package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/versioncheck"
)

// checkFlags are those of penstock check.
type checkFlags struct {
	connection

	capabilities string
	location     string
	strict       bool
	patience     time.Duration
}

func newCheckCommand() *cobra.Command {
	f := &checkFlags{}
	cmd := &cobra.Command{
		Use:   "check [flags] -- COMMAND [ARGUMENT…]",
		Short: "Say what a build of user code will have on a host, before it is deployed",
		Long: `Say what a build of user code will have on a host, before it is deployed.

COMMAND is the binary, or what runs it. It is started with "serve --listen ADDRESS" behind its arguments (with serve among
them: with --listen ADDRESS), on a free port of this machine and for the time of the check. Its definitions are loaded as
that host would load them, each job is looked at, and for each capability the host's version gate decides.
The host is the one of --host, or that of the file of --capabilities; without either it is one of this penstock's protocol.

The exit code is 0 when all that the build has will be there; 4 when the host would refuse something that it has, such as
the metadata of its jobs; 6 when definitions are wrong, which COMMAND may say itself; 5 when the host, or COMMAND, does not
answer; 2 when the command line is wrong. A refused capability that the build does not use is only said, unless --strict.`,
		Example: `  penstock check -- bin/etl
  penstock check --host https://penstock.example.com:3000 --token-file host.token -- bin/etl
  penstock host capabilities --json > production.json
  penstock check --capabilities production.json -- bin/etl serve --min-host 0.15.0`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return usageErrorf("write the command of the build behind --, for example: penstock check -- bin/etl")
			}
			// The build has to end before this command does, whatever tells it to: a second signal, or a terminal that is closed.
			signals := make(chan os.Signal, 8)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer signal.Stop(signals)
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
			defer stop()
			cmd.SetContext(ctx)
			return f.run(cmd, args, signals)
		},
	}
	f.addFlags(cmd)
	flags := cmd.Flags()
	cmd.PersistentFlags().Lookup("host").Usage = "host that the build is for, as host:port or URL (default a host of this penstock's protocol)"
	flags.StringVar(&f.capabilities, "capabilities", "", "file with the capabilities of the host, as penstock host capabilities --json prints them")
	flags.StringVar(&f.location, "location", "", "name of the code location there, whose policy on development versions applies")
	flags.BoolVar(&f.strict, "strict", false, "fail also when what is refused is nothing that the build has")
	flags.DurationVar(&f.patience, "timeout", 2*time.Minute, "how long COMMAND may take until it answers")
	must(cmd.MarkFlagFilename("capabilities", "json"))
	return cmd
}

func (f *checkFlags) run(cmd *cobra.Command, command []string, signals <-chan os.Signal) error {
	switch {
	case f.host != "" && f.capabilities != "":
		return usageErrorf("give --host or --capabilities, not both")
	case f.host == "" && (f.tokenFile != "" || f.caFile != ""):
		return usageErrorf("--token-file and --ca-file are for --host")
	case f.patience <= 0:
		return usageErrorf("--timeout is %s; give a time such as 2m", f.patience)
	}
	name := f.location
	if name == "" {
		name = locationName(command)
	} else if err := tag.CheckLocationName(name); err != nil {
		return usageErrorf("--location: %w", err)
	}
	table, err := f.table(cmd.Context())
	if err != nil {
		return err
	}
	b := &build{name: name, command: command, patience: f.patience, table: table, policy: table.Policy(f.location), signals: signals}
	p := f.printer(cmd)
	result, err := b.check(cmd.Context())
	if exit, ok := errors.AsType[*exitError](err); ok && exit.code == exitRejected && p.json {
		if err := p.object(b.wrong(err)); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	result.judge(f.strict)
	if p.json {
		if err := p.object(result); err != nil {
			return err
		}
	} else {
		p.check(result)
	}
	return result.failure(f.strict)
}

// hostTable is what a host asks of user code, and how that is known.
type hostTable struct {
	versioncheck.HostTable

	from   string // address or file; empty for this penstock's own
	notice string // what to know of it; may be empty
}

func (f *checkFlags) table(ctx context.Context) (hostTable, error) {
	switch {
	case f.capabilities != "":
		return readTable(f.capabilities)
	case f.host != "":
		return f.askTable(ctx)
	}
	table := versioncheck.OwnTable()
	table.HostVersion = version
	return hostTable{HostTable: table}, nil
}

func readTable(name string) (hostTable, error) {
	file, err := os.Open(name)
	if err != nil {
		return hostTable{}, usageErrorf("read --capabilities: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, versioncheck.MaxTableBytes+1))
	if err != nil {
		return hostTable{}, usageErrorf("read --capabilities: %w", err)
	}
	table, err := versioncheck.ReadHostTable(text)
	if err != nil {
		return hostTable{}, usageErrorf("read --capabilities %s: %w\nSave it with penstock host capabilities --json.", name, err)
	}
	return hostTable{HostTable: table, from: name}, nil
}

// askTable asks the host. One that is too old to know the question is judged by its protocol version.
func (f *checkFlags) askTable(ctx context.Context) (hostTable, error) {
	host, err := f.dial()
	if err != nil {
		return hostTable{}, err
	}
	res, err := ask(ctx, host, host.host.GetCapabilities, &hostv1.GetCapabilitiesRequest{})
	if fault, ok := errors.AsType[*failure](err); ok && fault.old {
		return askOldTable(ctx, host)
	}
	if err != nil {
		return hostTable{}, err
	}
	text, err := protojson.Marshal(res)
	if err != nil {
		return hostTable{}, fmt.Errorf("read what the host at %s answers: %w", host.address, err)
	}
	table, err := versioncheck.ReadHostTable(text)
	if err != nil {
		return hostTable{}, fmt.Errorf("read what the host at %s answers: %w", host.address, err)
	}
	return hostTable{HostTable: table, from: host.address}, nil
}

func askOldTable(ctx context.Context, host *client) (hostTable, error) {
	res, err := ask(ctx, host, host.host.GetHost, &hostv1.GetHostRequest{})
	if err != nil {
		return hostTable{}, err
	}
	table := versioncheck.OwnTable()
	table.HostVersion, table.Host.Protocol = res.GetHost().GetVersion(), res.GetHost().GetProtocolVersion()
	if _, err := versioncheck.Parse(table.Host.Protocol); err != nil {
		return hostTable{}, fmt.Errorf("the host at %s names its protocol: %w", host.address, err)
	}
	return hostTable{
		HostTable: table, from: host.address,
		notice: fmt.Sprintf("This host is too old to say what it asks of user code; this is what a penstock of protocol %s knows of a host of protocol %s.",
			versioncheck.Protocol, table.Host.Protocol),
	}, nil
}
