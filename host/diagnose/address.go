package diagnose

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host/workspace"
)

// addressTimeout is how long the host may take to answer itself: code servers give it 2 s.
const addressTimeout = 2 * time.Second

// healthPath asks for the host's health in a plain GET.
const healthPath = "/grpc.health.v1.Health/Check?encoding=json&message=%7B%7D"

// address looks whether the address that workers are told leads here, and whether it can from where they are.
func (d *Doctor) address(ctx context.Context) (checks []Check) {
	address := d.o.Advertised
	if c, bad := elsewhere(address, d.o.Workspace.Locations()); bad {
		checks = append(checks, c)
	}
	const remedy = "Start the host with --advertise HOST:PORT, an address of it that the machines of the code locations can dial."
	err := health(ctx, address, nil)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if untrusted {
		// Who answers is known only by its certificate, which this machine does not trust; user code may.
		if health(ctx, address, &tls.Config{InsecureSkipVerify: true}) == nil { //nolint:gosec // nothing is sent, and nothing believed
			return append(checks, Check{
				Area: areaAddress, Level: Warning,
				Message: fmt.Sprintf("%s, the address that workers are told, answers with a certificate that this machine does not trust", address),
				Remedy:  "Serve user code with --host-ca and the certificate of the authority that signed the host's, unless its machines trust that.",
			})
		}
	}
	if err != nil {
		return append(checks, Check{
			Area: areaAddress, Level: Error, Remedy: remedy,
			Message: fmt.Sprintf("%s, the address that workers are told, does not answer as this host does: %s", address, cause(err)),
		})
	}
	if len(checks) == 0 {
		checks = append(checks, Check{Area: areaAddress, Message: fmt.Sprintf("%s, the address that workers are told, answers from here", address)})
	}
	return checks
}

// elsewhere finds code locations on other machines whose workers are told an address that means their own machine.
func elsewhere(address string, locations []workspace.Location) (Check, bool) {
	u, err := url.Parse(address)
	if err != nil || !loopback(u.Hostname()) {
		return Check{}, false
	}
	var away []string
	for _, l := range locations {
		name, _, err := net.SplitHostPort(l.Address)
		if err == nil && !loopback(name) {
			away = append(away, l.Name)
		}
	}
	if len(away) == 0 {
		return Check{}, false
	}
	return Check{
		Area: areaAddress, Level: Error,
		Message: fmt.Sprintf("workers are told to reach this host at %s, which on their own machines is not this host; that concerns %s", address, listed(away)),
		Remedy:  "Start the host with --advertise HOST:PORT, an address of it that the machines of the code locations can dial; --listen has to accept it.",
	}, true
}

func loopback(name string) bool {
	ip, err := netip.ParseAddr(name)
	return err == nil && ip.IsLoopback() || strings.EqualFold(name, "localhost")
}

// health asks for the health of whatever answers at the address.
func health(ctx context.Context, address string, config *tls.Config) error {
	ctx, done := context.WithTimeout(ctx, addressTimeout)
	defer done()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+healthPath, nil)
	if err != nil {
		return err
	}
	// No proxy: workers dial the address itself.
	transport := &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	response, err := transport.RoundTrip(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<10))
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK || !strings.Contains(string(body), "SERVING") {
		return fmt.Errorf("it answers with HTTP status %d", response.StatusCode)
	}
	return nil
}

// cause is the innermost error, for what is around it only names the address again.
func cause(err error) error {
	for next := errors.Unwrap(err); next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err
}

// listed joins names, the first few of them.
func listed(names []string) string {
	const most = 10
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}
