package main

import (
	"crypto/tls"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/livefile"
)

// defaultMaxInProgress is the queue's limit where nobody says another.
const defaultMaxInProgress = 10

// serveFlags are the flags of a host.
type serveFlags struct {
	listen, data, config, advertise  string
	tlsCert, tlsKey, tokenFile       string
	logFormat, logLevel              string
	locations, allowHosts            []string
	insecure, reflection, limitGiven bool
	maxInProgress                    int
}

// newServeCommand is `penstock serve`.
func newServeCommand() *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start the host: code locations, queue, store, API and web UI",
		Long: `Start the host: code locations, queue, store, API and web UI on one port.

It runs until it gets SIGINT or SIGTERM. Runs do not end with it: their workers go on, and
report when it is back.

It follows its configuration file and the files that are named in it: a change is in use about
a second later, or at once after SIGHUP. A file with a mistake changes nothing; the log, the UI
and "penstock location list" say what is wrong and where.

Exit codes: 0 stopped; 1 failed; 2 wrong command line or configuration; 65 the store is
damaged; 74 a write failed and its outcome is unknown; 75 another host uses the data
directory; 78 the store was written by a newer host.`,
		Example: `  penstock serve --data /srv/penstock --location etl=127.0.0.1:4266
  penstock serve --data /srv/penstock --config penstock.yaml --listen 0.0.0.0:3000 \
    --advertise penstock.example.com:3000 --tls-cert cert.pem --tls-key key.pem --token-file token`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			f.limitGiven = cmd.Flags().Changed("max-in-progress")
			return serve(cmd, f)
		},
	}
	f.add(cmd)
	return cmd
}

func (f *serveFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.listen, "listen", defaultHost, "address to listen on, host:port")
	flags.StringVar(&f.data, "data", "", "directory of the store; made if it is not there (required)")
	flags.StringVar(&f.config, "config", "", "configuration file, YAML: locations and queue")
	flags.StringArrayVar(&f.locations, "location", nil, "code location as NAME=ADDRESS, beside those of the configuration; may be repeated")
	flags.StringVar(&f.advertise, "advertise", "", "address at which workers reach the host, host:port or URL (default the one it listens on)")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "PEM file with the host's certificate and what leads to it")
	flags.StringVar(&f.tlsKey, "tls-key", "", "PEM file with the key of --tls-cert")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with the token that clients must show (default the token in $PENSTOCK_TOKEN)")
	flags.BoolVar(&f.insecure, "insecure", false, "allow addresses off this machine without TLS and a token")
	flags.StringArrayVar(&f.allowHosts, "allow-host", nil, "name that requests may come to, beside those it listens on and advertises; may be repeated")
	flags.IntVar(&f.maxInProgress, "max-in-progress", defaultMaxInProgress, "most runs in progress; -1 means no limit, 0 that none starts")
	flags.BoolVar(&f.reflection, "reflection", false, "serve gRPC reflection")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
	must(cmd.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions([]string{"text", "json"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions([]string{"debug", "info", "warn", "error"}, cobra.ShellCompDirectiveNoFileComp)))
	must(cmd.MarkFlagDirname("data"))
	must(cmd.MarkFlagFilename("config", "yaml", "yml"))
}

// serve runs a host until the command's context ends.
func serve(cmd *cobra.Command, f *serveFlags) error {
	log, err := newLogger(cmd.ErrOrStderr(), f.logFormat, f.logLevel)
	if err != nil {
		return err
	}
	o, err := f.options(log)
	if err != nil {
		return err
	}
	if o.Config != nil {
		asked := make(chan os.Signal, 1)
		signal.Notify(asked, syscall.SIGHUP)
		defer signal.Stop(asked)
		o.Reload = asked
	}
	p, err := startHost(cmd.Context(), o)
	if err != nil {
		return err
	}
	log.Info("the host serves", "listen", p.Addr().String(), "address", p.Address(), "data", o.Data,
		"locations", len(o.Locations), "max_in_progress", o.MaxInProgress, "version", version)
	err = p.Wait(cmd.Context())
	log.Info("the host stops; runs go on")
	if stopErr := p.Stop(); err == nil {
		err = stopErr
	}
	return err
}

// options reads what the flags name.
func (f *serveFlags) options(log *slog.Logger) (hostOptions, error) {
	o := hostOptions{
		Listen: f.listen, Data: f.data, Advertise: f.advertise, Insecure: f.insecure, AllowHosts: f.allowHosts,
		MaxInProgress: f.maxInProgress, Reflection: f.reflection, Logger: log,
	}
	if f.data == "" {
		return o, usageErrorf("--data is missing: give the directory of the store, for example --data .penstock")
	}
	var err error
	if o.Token, err = hostToken(f.tokenFile); err != nil {
		return o, err
	}
	if o.TLS, err = hostTLS(f.tlsCert, f.tlsKey, log); err != nil {
		return o, err
	}
	if o.MaxInProgress < -1 {
		return o, usageErrorf("the most runs in progress cannot be %d; -1 means no limit, 0 that none starts", o.MaxInProgress)
	}
	for _, text := range f.locations {
		l, err := locationFlag(text, f.insecure)
		if err != nil {
			return o, err
		}
		o.Locations = append(o.Locations, l)
	}
	if f.config != "" {
		err = o.configure(f.config, f.limitGiven)
	}
	return o, err
}

// configure adds what the file says to the options, which is to be followed from then on.
func (o *hostOptions) configure(path string, limitGiven bool) error {
	o.Config = &configReader{
		path: path, fixed: slices.Clone(o.Locations), limit: o.MaxInProgress, limitGiven: limitGiven, now: systemClock{}.Now,
	}
	c, err := o.Config.read()
	if err != nil {
		return usageErrorf("%w", err)
	}
	o.Locations, o.MaxInProgress, o.Limits, o.Pools, o.Retention, o.Alerts = c.Locations, c.MaxInProgress, c.Limits, c.Pools, c.Retention, c.Alerts
	return nil
}

// addLocation adds one that is there whatever the configuration file says.
func (o *hostOptions) addLocation(l host.LocationConfig) {
	o.Locations = append([]host.LocationConfig{l}, o.Locations...)
	if o.Config != nil {
		o.Config.fixed = append([]host.LocationConfig{l}, o.Config.fixed...)
	}
}

// hostToken is the token in the file, or in the environment.
func hostToken(file string) (string, error) {
	if file == "" {
		return strings.TrimSpace(os.Getenv("PENSTOCK_TOKEN")), nil
	}
	f, err := os.Open(file)
	if err != nil {
		return "", usageErrorf("read --token-file: %w", err)
	}
	defer func() { _ = f.Close() }() // it was only read
	const most = 4 << 10
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	token := strings.TrimSpace(string(text))
	switch {
	case err != nil:
		return "", usageErrorf("read --token-file: %w", err)
	case token == "" || len(text) > most || strings.ContainsAny(token, " \t\r\n"):
		return "", usageErrorf("--token-file %s does not hold one token of at most %d bytes", file, most)
	default:
		return token, nil
	}
}

// hostTLS reads the certificate, if there is one, and again when it changes.
func hostTLS(certFile, keyFile string, log *slog.Logger) (*tls.Config, error) {
	if certFile == "" && keyFile == "" {
		return nil, nil
	}
	if certFile == "" || keyFile == "" {
		return nil, usageErrorf("--tls-cert and --tls-key belong together; give both")
	}
	pair, err := livefile.NewPair(certFile, keyFile, livefile.Options{Now: systemClock{}.Now, Note: func(err error) {
		if err == nil {
			log.Info("the host's certificate changed; new connections use the new one", "file", certFile)
		} else {
			log.Error("the host's certificate changed and cannot be used; the one from before stays in use", "error", err)
		}
	}})
	if err != nil {
		return nil, usageErrorf("--tls-cert and --tls-key: %w", err)
	}
	return &tls.Config{GetCertificate: pair.Certificate, MinVersion: tls.VersionTLS12}, nil
}
