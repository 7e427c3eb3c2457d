package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/spf13/cobra"

	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
	"github.com/penstock-run/penstock/usercode/metadata"
)

const (
	defaultHost = "127.0.0.1:3000"
	dialTimeout = 5 * time.Second
	callTimeout = 30 * time.Second
	// maxAnswer is the most bytes of one message from the host; it sends at most about 4 MiB.
	maxAnswer = 16 << 20
	// maxHeader is the most bytes of the header of an answer.
	maxHeader = 1 << 20
)

// connection is how a command finds the host, and in which form it prints: the flags that all client commands share.
type connection struct {
	host, tokenFile, caFile string
	json                    bool
}

// addFlags gives cmd, and the commands below it, the flags of the connection.
func (c *connection) addFlags(cmd *cobra.Command) {
	flags := cmd.PersistentFlags()
	flags.StringVar(&c.host, "host", "", "the host, as host:port or URL (default $PENSTOCK_HOST, else "+defaultHost+")")
	flags.StringVar(&c.tokenFile, "token-file", "", "file with the token that the host asks for (default the token in $PENSTOCK_TOKEN)")
	flags.StringVar(&c.caFile, "ca-file", "", "PEM file with the certificates that the host's must lead to (default the system's)")
	flags.BoolVar(&c.json, "json", false, "print JSON")
	must(cmd.RegisterFlagCompletionFunc("host", cobra.NoFileCompletions))
}

// client calls one host.
type client struct {
	address   string // for people
	host      hostv1connect.HostServiceClient
	locations hostv1connect.LocationServiceClient
	jobs      hostv1connect.JobServiceClient
	history   hostv1connect.HistoryServiceClient
	runs      hostv1connect.RunServiceClient
	bulks     hostv1connect.BulkServiceClient
	// partitions and backfills are of jobs that have partitions.
	partitions hostv1connect.PartitionServiceClient
	backfills  hostv1connect.BackfillServiceClient
	storage    hostv1connect.StorageServiceClient
	alerts     hostv1connect.AlertServiceClient
	tags       hostv1connect.RunTagServiceClient
	search     hostv1connect.SearchServiceClient
	automation hostv1connect.AutomationServiceClient
	// retryAfter is how long follow waits before it calls again, the first time.
	retryAfter time.Duration
}

// dial makes the client. Nothing is sent before the first call.
func (c *connection) dial() (*client, error) {
	token, err := c.token()
	if err != nil {
		return nil, err
	}
	base, err := c.url(token != "")
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout,
		ForceAttemptHTTP2:   true,

		MaxResponseHeaderBytes: maxHeader,
	}
	if c.caFile != "" {
		pem, err := os.ReadFile(c.caFile)
		if err != nil {
			return nil, usageErrorf("read --ca-file: %w", err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, usageErrorf("read --ca-file %s: there is no PEM certificate in it", c.caFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	caller := connect.NewClient(connecthttp.NewTransport(
		&http.Client{
			Transport: bearer{token: token, next: transport},
			// A redirect could lead a request, and its token, elsewhere.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		base.String(), connecthttp.WithReadMaxBytes(maxAnswer),
	))
	return &client{
		address:    base.String(),
		host:       hostv1connect.NewHostServiceClient(caller),
		locations:  hostv1connect.NewLocationServiceClient(caller),
		jobs:       hostv1connect.NewJobServiceClient(caller),
		history:    hostv1connect.NewHistoryServiceClient(caller),
		runs:       hostv1connect.NewRunServiceClient(caller),
		bulks:      hostv1connect.NewBulkServiceClient(caller),
		partitions: hostv1connect.NewPartitionServiceClient(caller),
		backfills:  hostv1connect.NewBackfillServiceClient(caller),
		storage:    hostv1connect.NewStorageServiceClient(caller),
		alerts:     hostv1connect.NewAlertServiceClient(caller),
		tags:       hostv1connect.NewRunTagServiceClient(caller),
		search:     hostv1connect.NewSearchServiceClient(caller),
		automation: hostv1connect.NewAutomationServiceClient(caller),
		retryAfter: 200 * time.Millisecond,
	}, nil
}

// url is the host's address. A token does not go in the clear to another machine, unless a URL says so.
func (c *connection) url(token bool) (*url.URL, error) {
	text, from := c.host, "--host"
	if text == "" {
		text, from = os.Getenv("PENSTOCK_HOST"), "PENSTOCK_HOST"
	}
	if text == "" {
		text = defaultHost
	}
	written := strings.Contains(text, "://")
	if !written {
		scheme := "http://"
		if c.caFile != "" {
			scheme = "https://"
		}
		text = scheme + text
	}
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, usageErrorf("%s %q is not an address: write host:port, http://host:port or https://host:port", from, text)
	}
	if !written && u.Port() == "" {
		return nil, usageErrorf("%s %q has no port: write host:port, for example %s", from, u.Host, defaultHost)
	}
	if c.caFile != "" && u.Scheme != "https" {
		return nil, usageErrorf("--ca-file is given, but %s is not a https:// address", u)
	}
	if token && !written && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return nil, usageErrorf("the token would cross the network unencrypted: write %s https://%s, or http://%s if that is meant", from, u.Host, u.Host)
	}
	return u, nil
}

func (c *connection) token() (string, error) {
	if c.tokenFile == "" {
		return strings.TrimSpace(os.Getenv("PENSTOCK_TOKEN")), nil
	}
	b, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", usageErrorf("read --token-file: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", usageErrorf("read --token-file %s: it is empty", c.tokenFile)
	}
	return token, nil
}

func isLoopback(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback() || name == "localhost" || strings.HasSuffix(name, ".localhost")
}

// bearer shows the token with every request.
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if b.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return b.next.RoundTrip(r)
}

// ask makes one call within callTimeout.
func ask[Req, Res any](ctx context.Context, c *client, method func(context.Context, Req) (Res, error), req Req) (Res, error) {
	ctx, done := context.WithTimeout(ctx, callTimeout)
	defer done()
	res, err := method(ctx, req)
	return res, c.failed(ctx, err)
}

// printer is where a command writes. What people of other teams wrote goes through inert first.
type printer struct {
	out, err io.Writer
	json     bool
}

func (c *connection) printer(cmd *cobra.Command) printer {
	return printer{out: cmd.OutOrStdout(), err: cmd.ErrOrStderr(), json: c.json}
}

// inert makes text of others safe to print.
func inert(s string) string { return metadata.Inert(s) }

// start is how every client command begins.
func (c *connection) start(cmd *cobra.Command) (*client, printer, error) {
	host, err := c.dial()
	return host, c.printer(cmd), err
}

var errInterrupted = errors.New("interrupted")

// interrupted is the answer of a command that ended because it was told to.
func interrupted(what string) error {
	return &exitError{code: exitFailure, err: fmt.Errorf("%w: %s", errInterrupted, what)}
}
