package main

import (
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/cmd/penstock/internal/child"
	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// devData is where penstock dev keeps its runs.
const devData = ".penstock"

func newDevCommand() *cobra.Command {
	f := &serveFlags{}
	var name string
	cmd := &cobra.Command{
		Use:   "dev [flags] -- COMMAND [ARGUMENT…]",
		Short: "Start a host and your user code together, and restart the code when it is built anew",
		Long: `Start a host and your user-code server together.

COMMAND is your binary, or what runs it (go run .). It is started with "serve --listen ADDRESS" behind its arguments, is
started again when its binary on disk changes or when it crashes, and is a code location of the host.
Runs are kept in the data directory, and outputs of ops in its folder outputs unless PENSTOCK_OUTPUTS says where. Ctrl-C
cancels the runs, with 5 s to end, and stops everything; a second Ctrl-C kills what is left.`,
		Example: `  penstock dev -- bin/etl
  penstock dev --listen 127.0.0.1:8080 -- go run ./cmd/etl`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 || len(args) == 0 {
				return usageErrorf("write the command of your user code behind --, for example: penstock dev -- bin/etl")
			}
			f.limitGiven = cmd.Flags().Changed("max-in-progress")
			if name == "" {
				name = locationName(args)
			}
			// From here on a signal is seen here too, so the second one does not end the process before its children. Nor do
			// a terminal that is closed and a reader of the output that is gone.
			signals := make(chan os.Signal, 8)
			signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
			defer signal.Stop(signals)
			signal.Ignore(syscall.SIGPIPE)
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGHUP)
			defer stop()
			cmd.SetContext(ctx)
			return runDev(cmd, f, name, args, signals)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", defaultHost, "address of the host, host:port")
	flags.StringVar(&f.data, "data", devData, "directory of the store; made if it is not there")
	flags.StringVar(&f.config, "config", "", "configuration file of the host, YAML: further locations and the queue")
	flags.StringArrayVar(&f.locations, "location", nil, "further code location as NAME=ADDRESS; may be repeated")
	flags.IntVar(&f.maxInProgress, "max-in-progress", defaultMaxInProgress, "most runs in progress; -1 means no limit, 0 that none starts")
	flags.StringVar(&name, "name", "", "name of the code location (default the name of the binary)")
	flags.BoolVar(&f.insecure, "insecure", false, "allow addresses off this machine without TLS and a token")
	flags.StringArrayVar(&f.allowHosts, "allow-host", nil, "name that requests may come to, beside those it listens on; may be repeated")
	flags.StringVar(&f.logLevel, "log-level", "error", "what the host logs: debug, info, warn or error")
	f.logFormat = "text"
	must(cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.MarkFlagDirname("data"))
	must(cmd.MarkFlagFilename("config", "yaml", "yml"))
	return cmd
}

// runDev runs host and user code until the command's context ends. signals are those that ended it, and more.
func runDev(cmd *cobra.Command, f *serveFlags, name string, command []string, signals <-chan os.Signal) error {
	log, err := newLogger(cmd.ErrOrStderr(), f.logFormat, f.logLevel)
	if err != nil {
		return err
	}
	o, err := f.options(log)
	if err != nil {
		return err
	}
	if err := tag.CheckLocationName(name); err != nil {
		return usageErrorf("--name: %w", err)
	}
	address, err := freeAddress()
	if err != nil {
		return err
	}
	o.addLocation(host.LocationConfig{Name: name, Address: address, Token: strings.TrimSpace(os.Getenv("PENSTOCK_TOKEN"))})
	environment, err := devEnvironment(f.data)
	if err != nil {
		return err
	}
	code, err := child.New(child.Options{
		Name: name, Command: append(command, "serve", "--listen", address), Env: environment, Output: cmd.ErrOrStderr(), Clock: systemClock{},
	})
	if err != nil {
		return usageErrorf("%w\nBuild it first, and write the path to it behind --, for example: go build -o bin/etl . && penstock dev -- bin/etl", err)
	}
	p, err := startHost(cmd.Context(), o)
	if err != nil {
		return err
	}
	d := &dev{name: name, address: address, host: p, code: code, out: cmd.OutOrStdout(), err: cmd.ErrOrStderr()}
	return d.run(cmd.Context(), signals)
}

// devOutputs is the folder, in the data directory, where user code stores outputs of ops.
const devOutputs = "outputs"

// devEnvironment is that of the user code: outputs are where the runs are, unless somebody has said where.
func devEnvironment(data string) ([]string, error) {
	if os.Getenv("PENSTOCK_OUTPUTS") != "" {
		return os.Environ(), nil
	}
	dir, err := filepath.Abs(filepath.Join(data, devOutputs))
	if err != nil {
		return nil, fmt.Errorf("find the data directory: %w", err)
	}
	return append(os.Environ(), "PENSTOCK_OUTPUTS="+dir), nil
}

// freeAddress is an address that nobody listens on now. It is kept for the code's whole life, over restarts.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return "", fmt.Errorf("find a free port for the user code: %w", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		return "", fmt.Errorf("find a free port for the user code: %w", err)
	}
	return address, nil
}

// locationName makes a name for the location of the command: that of the binary, or for "go run PACKAGE" that of the
// package, with what a name may not have replaced.
func locationName(command []string) string {
	name := filepath.Base(command[0])
	if strings.TrimSuffix(name, ".exe") == "go" && len(command) > 2 && command[1] == "run" {
		if dir, err := filepath.Abs(command[len(command)-1]); err == nil {
			name = filepath.Base(dir)
		}
	}
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r) {
			return r
		}
		return '_'
	}, strings.TrimSuffix(name, ".exe"))
	if tag.CheckLocationName(name[:1]) != nil {
		name = "_" + name
	}
	return name[:min(len(name), tag.MaxPartBytes)]
}
