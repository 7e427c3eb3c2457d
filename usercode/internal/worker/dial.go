package worker

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// DialHost makes a connection to the host at "http://host:port" (no TLS) or "https://host:port"; it connects when it
// is used. The file ca holds certificates to trust, as PEM; empty means those of the system. It is read each time, so
// that a worker that runs for days follows a renewal.
//
// Proxies of the environment are not used: the address is one that the host announced for this network.
func DialHost(address, ca string) (*grpc.ClientConn, error) {
	target, secure, err := parseHostAddress(address)
	if err != nil {
		return nil, err
	}
	transport := insecure.NewCredentials()
	if secure {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if ca != "" {
			if config.RootCAs, err = ReadCertificates(ca); err != nil {
				return nil, err
			}
		}
		transport = credentials.NewTLS(config)
	}
	return grpc.NewClient("dns:///"+target,
		grpc.WithTransportCredentials(transport),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		// A host that vanished without a word is noticed, also while a send is blocked.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 20 * time.Second, Timeout: 10 * time.Second}),
	)
}

// AskHost asks the host that a connection to the address leads to whether it answers. The error says what was tried.
func AskHost(ctx context.Context, conn *grpc.ClientConn, address string) error {
	if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("%s did not answer in time", address)
		}
		return fmt.Errorf("%s: %s", address, status.Convert(err).Message())
	}
	return nil
}

func parseHostAddress(address string) (target string, secure bool, err error) {
	const want = `use "http://host:port" or "https://host:port"`
	u, err := url.Parse(address)
	if err != nil {
		return "", false, fmt.Errorf("the host address %q cannot be read; %s", address, want)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", false, fmt.Errorf("the host address %q is not understood; %s", address, want)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port), u.Scheme == "https", nil
}

// ReadCertificates reads the certificates to trust for a host, PEM.
func ReadCertificates(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the certificates to trust for the host: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("read the certificates to trust for the host: " + file + " holds no PEM certificate")
	}
	return pool, nil
}
