package usercode

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/worker"
	"github.com/penstock-run/penstock/usercode/metadata"
	"github.com/penstock-run/penstock/versioncheck"
)

const (
	// hostPatience is how long a host has for one answer.
	hostPatience = 10 * time.Second
	// maxHostHeader is how long the header of an answer may be, maxHostText how much of a host's text is repeated.
	maxHostHeader = 64 << 10
	maxHostText   = 500
)

// hostTable is what a host asks of user code, and how that is known.
type hostTable struct {
	versioncheck.HostTable

	from   string // address or file
	notice string // what to know of it; empty
}

// unreachableError says that the host does not answer.
type unreachableError struct{ err error }

func (e *unreachableError) Error() string { return e.err.Error() }
func (e *unreachableError) Unwrap() error { return e.err }

// hostAddressError says that no host can be asked at the address as it is given.
type hostAddressError struct{ message string }

func (e *hostAddressError) Error() string { return e.message }

// hostTable reads the table from the file, or asks the host for it.
func (c commandLine) hostTable(ctx context.Context, f checkFlags) (hostTable, error) {
	if f.capabilities != "" {
		return readHostTable(f.capabilities)
	}
	token, err := c.token(f.tokenFile)
	if err != nil {
		return hostTable{}, err
	}
	caller, err := newHostCaller(f.host, f.hostCA, strings.TrimSpace(token))
	if err != nil {
		return hostTable{}, err
	}
	defer caller.http.CloseIdleConnections()
	return caller.table(ctx)
}

func readHostTable(name string) (hostTable, error) {
	file, err := os.Open(name)
	if err != nil {
		return hostTable{}, fmt.Errorf("read --capabilities: %w", err)
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, versioncheck.MaxTableBytes+1))
	if err != nil {
		return hostTable{}, fmt.Errorf("read --capabilities: %w", err)
	}
	table, err := versioncheck.ReadHostTable(text)
	if err != nil {
		return hostTable{}, fmt.Errorf("read --capabilities %s: %w\nSave it with penstock host capabilities --json", name, err)
	}
	return hostTable{HostTable: table, from: name}, nil
}

// hostCaller makes plain calls of the host's API, which speaks JSON over HTTP.
type hostCaller struct {
	base  *url.URL
	token string
	http  *http.Client
}

func newHostCaller(address, ca, token string) (*hostCaller, error) {
	base, err := hostURL(address, ca != "", token != "")
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, MaxResponseHeaderBytes: maxHostHeader}
	if ca != "" {
		pool, err := worker.ReadCertificates(ca)
		if err != nil {
			return nil, err
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &hostCaller{base: base, token: token, http: &http.Client{
		Transport: transport, Timeout: hostPatience,
		// A redirect could lead the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// hostURL is the host's address. A token does not go in the clear to another machine, unless a URL says so.
func hostURL(address string, secure, token bool) (*url.URL, error) {
	text, written := strings.TrimRight(address, "/"), strings.Contains(address, "://")
	if !written {
		scheme := "http://"
		if secure {
			scheme = "https://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "",
		!written && u.Port() == "":
		return nil, badHostAddress("--host %q is not an address: write host:port, http://host:port or https://host:port", address)
	case secure && u.Scheme != "https":
		return nil, badHostAddress("--host-ca is given, but %s is not a https:// address", u)
	case token && !written && u.Scheme == "http" && !loopback(u.Hostname()):
		return nil, badHostAddress("the token would cross the network unencrypted: write --host https://%s, or http://%[1]s if that is meant", u.Host)
	}
	return u, nil
}

func badHostAddress(format string, args ...any) error {
	return &hostAddressError{fmt.Sprintf(format, args...)}
}

// table asks for the capabilities. A host that is too old to know them is judged by its protocol version alone.
func (h *hostCaller) table(ctx context.Context) (hostTable, error) {
	status, text, err := h.call(ctx, "GetCapabilities")
	if err != nil {
		return hostTable{}, err
	}
	switch status {
	case http.StatusOK:
		table, err := versioncheck.ReadHostTable(text)
		if err != nil {
			return hostTable{}, fmt.Errorf("%s answered, but %w\nIs it a Penstock host?", h.base, err)
		}
		return hostTable{HostTable: table, from: h.base.String()}, nil
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusNotImplemented:
		return h.oldTable(ctx)
	}
	return hostTable{}, h.refusal(status, text)
}

// oldTable is this SDK's own table, for the protocol that an older host says it speaks.
func (h *hostCaller) oldTable(ctx context.Context) (hostTable, error) {
	status, text, err := h.call(ctx, "GetHost")
	if err != nil {
		return hostTable{}, err
	}
	var answer struct {
		Host struct {
			Version         string `json:"version"`
			ProtocolVersion string `json:"protocolVersion"` //nolint:tagliatelle // as protobuf has it
		} `json:"host"`
	}
	if status != http.StatusOK {
		return hostTable{}, h.refusal(status, text)
	}
	if json.Unmarshal(text, &answer) != nil || answer.Host.ProtocolVersion == "" {
		return hostTable{}, fmt.Errorf("what answers at %s is not a Penstock host", h.base)
	}
	if _, err := versioncheck.Parse(answer.Host.ProtocolVersion); err != nil {
		return hostTable{}, fmt.Errorf("the host at %s names its protocol: %w", h.base, err)
	}
	table := versioncheck.OwnTable()
	table.HostVersion, table.Host.Protocol = answer.Host.Version, answer.Host.ProtocolVersion
	return hostTable{
		HostTable: table, from: h.base.String(),
		notice: fmt.Sprintf("This host is too old to say what it asks of user code (GetCapabilities); this is what an SDK of protocol %s knows of a host of protocol %s.",
			versioncheck.Protocol, table.Host.Protocol),
	}, nil
}

// call makes one call without arguments and returns the status of HTTP and the answer.
func (h *hostCaller) call(ctx context.Context, method string) (status int, answer []byte, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base.JoinPath("penstock.host.v1.HostService", method).String(), strings.NewReader("{}"))
	if err != nil {
		return 0, nil, fmt.Errorf("call the host: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Connect-Protocol-Version", "1")
	if h.token != "" {
		request.Header.Set("Authorization", "Bearer "+h.token)
	}
	response, err := h.http.Do(request)
	if err != nil {
		return 0, nil, h.silence(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, versioncheck.MaxTableBytes+1))
	if err != nil {
		return 0, nil, h.silence(err)
	}
	return response.StatusCode, text, nil
}

// silence explains why there is no answer.
func (h *hostCaller) silence(err error) error {
	if errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	if late, ok := errors.AsType[net.Error](err); ok && late.Timeout() {
		return &unreachableError{fmt.Errorf("the host at %s did not answer within %s", h.base, hostPatience)}
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // the address is named already
	}
	// It may repeat what was sent instead of an answer.
	return &unreachableError{fmt.Errorf("the host at %s does not answer: %s", h.base, beginning(err.Error()))}
}

// refusal explains an answer that is not what was asked for.
func (h *hostCaller) refusal(status int, text []byte) error {
	var said struct {
		Message string `json:"message"`
	}
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = http.StatusText(status)
	}
	message := metadata.Inert(beginning(said.Message))
	switch status {
	case http.StatusUnauthorized:
		return fmt.Errorf("the host at %s asks for a token: %s\nGive it with --token-file or PENSTOCK_TOKEN", h.base, message)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return &unreachableError{fmt.Errorf("the host at %s does not answer: %d %s", h.base, status, message)}
	}
	return fmt.Errorf("what answers at %s says: %d %s\nIs it a Penstock host?", h.base, status, message)
}

// beginning is as much of a text of others as is repeated.
func beginning(text string) string {
	if len(text) <= maxHostText {
		return text
	}
	return strings.ToValidUTF8(text[:maxHostText], "") + "…" // drops a character that was cut
}
