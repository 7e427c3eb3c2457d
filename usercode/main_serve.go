package usercode

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"
)

// serve reads flags and environment into ServeOptions.
func (c commandLine) serve(ctx context.Context, args []string) int {
	opts := ServeOptions{Halt: c.halt, Logger: slog.New(slog.NewTextHandler(c.stderr, nil))}
	var tokenFile string
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opts.Listen, "listen", DefaultListen, "`address` to listen on, HOST:PORT")
	flags.StringVar(&opts.TLSCert, "tls-cert", "", "`file` with the certificate chain, PEM")
	flags.StringVar(&opts.TLSKey, "tls-key", "", "`file` with the key of the certificate, PEM")
	flags.StringVar(&opts.ClientCA, "client-ca", "", "`file` with the authorities that a host's certificate must lead to, PEM; default: a host needs none")
	flags.StringVar(&tokenFile, "token-file", "", "`file` with the token that a host has to show; or PENSTOCK_TOKEN")
	flags.BoolVar(&opts.Insecure, "insecure", false, "listen on other than loopback without TLS or without a token")
	flags.StringVar(&opts.HostCA, "host-ca", "", "`file` with the certificates that a host's own is checked against, PEM; default: the system's")
	flags.StringVar(&opts.Outputs, "outputs", "", "`place` for outputs of ops: a directory, a URL such as s3://bucket/folder, or none; or PENSTOCK_OUTPUTS;\n"+
		"default: a directory of this user's")
	flags.StringVar(&opts.CodeVersion, "code-version", "", "`version` of the code, such as a git hash; or PENSTOCK_CODE_VERSION; default: as built")
	flags.StringVar(&opts.Image, "image", "", "container `image` that this process runs in")
	flags.StringVar(&opts.SpoolDir, "spool-dir", "", "`directory` for what workers report while the host is away; default: that for temporary files")
	flags.IntVar(&opts.MaxWorkers, "max-workers", 0, "runs to execute at a time; default: no limit here")
	flags.StringVar(&opts.MinHostProtocol, "min-host", "", "oldest protocol `version` of a host that the code works with; default: any")
	flags.Func("drain", "`time` to wait for workers after a first SIGTERM or SIGINT, such as 10m; a second one ends the wait;\n"+
		"default: 25s for process 1, as in a container; otherwise none, and workers go on by themselves", func(text string) (err error) {
		if opts.Drain, err = time.ParseDuration(text); opts.Drain == 0 {
			opts.Drain = time.Nanosecond // that of process 1 is not wanted
		}
		return err
	})
	usage := func(w io.Writer) {
		fmt.Fprintf(w, "%s serve serves the jobs to a Penstock host, until SIGTERM or SIGINT.\n\nFlags:\n", c.name)
		flags.SetOutput(w)
		flags.PrintDefaults()
	}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		usage(c.stdout)
		return exitOK
	}
	if err != nil {
		return c.wrongUsage("serve: %v", err)
	}
	if flags.NArg() > 0 {
		return c.wrongUsage("serve takes flags only; got %q", flags.Arg(0))
	}
	if opts.CodeVersion == "" {
		opts.CodeVersion = c.version()
	}
	if opts.Outputs == "" {
		opts.Outputs = c.getenv("PENSTOCK_OUTPUTS")
	}
	if opts.Token, err = c.token(tokenFile); err != nil {
		return c.failed(err)
	}
	if err := opts.check(); err != nil {
		return c.wrongUsage("serve: %v", err)
	}
	if err := Serve(ctx, c.repos, &opts); err != nil {
		if problems, ok := errors.AsType[Problems](err); ok {
			return c.wrongDefinitions(problems)
		}
		return c.failed(err)
	}
	return exitOK
}

// maxToken is how long a token may be.
const maxToken = 4 << 10

// token is that of the file, or else of the environment; "" when there is none.
func (c commandLine) token(file string) (string, error) {
	if file == "" {
		return checkedToken("PENSTOCK_TOKEN", c.getenv("PENSTOCK_TOKEN"))
	}
	f, err := os.Open(file)
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("read the token: %w", err)
	}
	token, err := checkedToken(file, string(text))
	if err == nil && token == "" {
		err = fmt.Errorf("read the token: %s is empty", file)
	}
	return token, err
}

// checkedToken refuses what no host could show, or would be shown something else for. The error does not repeat it.
func checkedToken(from, text string) (string, error) {
	token := strings.TrimSpace(text)
	if len(text) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", fmt.Errorf("read the token: %s does not hold one token of at most %d bytes of printable ASCII without spaces", from, maxToken)
	}
	return token, nil
}
