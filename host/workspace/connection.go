package workspace

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// connection is one gRPC connection, shared by the probes and by those who
// start and end workers. It is closed when the last holder lets it go, so that
// replacing it breaks nobody's call.
type connection struct {
	*grpc.ClientConn
	client   usercodev1.UserCodeServiceClient
	address  string // IP address and port, unless the configured one was never looked up
	dialedAt time.Time
	holders  atomic.Int32
	broken   atomic.Bool // it hung or broke; nobody is to use it again

	// Of who asks over it, one at a time: the last reply and what it says, and
	// the replica that it leads to.
	reply   frame
	report  report
	replica *replica

	// What came of dialling, for the fault: gRPC reports it as text only.
	mu        sync.Mutex
	dialed    bool  // dialling began
	connected bool  // the address accepted
	dialErr   error // of the dial
	tlsErr    error // the last TLS handshake

	asked     atomic.Bool // the server asked for a certificate in the last handshake
	certified bool        // there is one to show
}

// dial makes a connection with one holder to one of the addresses that the
// configured one stands for. Nothing is sent before the first call. It connects
// once: when it breaks it stays broken, so that it never leads to another
// server than before unnoticed.
func dial(cfg host.LocationConfig, address, userAgent string, now time.Time) (*connection, error) {
	c := &connection{address: address, dialedAt: now}
	c.holders.Store(1)
	creds := insecure.NewCredentials()
	if cfg.TLS != nil {
		creds = credentials.NewTLS(tlsConfig(cfg, func() { c.asked.Store(true) }))
		c.certified = len(cfg.TLS.CertPEM) > 0
	}
	options := []grpc.DialOption{
		grpc.WithContextDialer(c.dialTCP),
		grpc.WithTransportCredentials(&witness{creds, c}),
		grpc.WithUserAgent(userAgent),
		// What a peer may make us hold: fixed windows, small headers.
		grpc.WithStaticStreamWindowSize(1 << 20),
		grpc.WithStaticConnWindowSize(2 << 20),
		grpc.WithMaxHeaderListSize(64 << 10),
		// What a thousand idle connections may hold: little. Every call has a
		// deadline, and probes keep the connection alive.
		grpc.WithReadBufferSize(4 << 10),
		// What surroundings may make us do: nothing.
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxFrameBytes)),
	}
	if cfg.Token != "" {
		options = append(options, grpc.WithPerRPCCredentials(bearer(cfg.Token)))
	}
	cc, err := grpc.NewClient("passthrough:///"+cfg.Address, options...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", cfg.Address, err)
	}
	c.ClientConn, c.client = cc, usercodev1.NewUserCodeServiceClient(cc)
	return c, nil
}

// errOver says that a connection broke before.
var errOver = errors.New("the connection broke")

func (c *connection) dialTCP(ctx context.Context, _ string) (net.Conn, error) {
	c.mu.Lock()
	again := c.dialed
	c.dialed = true
	c.mu.Unlock()
	if again {
		return nil, errOver
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.address)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.connected = true
	}
	c.dialErr = err
	return conn, err
}

// alive says whether the connection, over which somebody has answered, still
// leads somewhere. gRPC's state lags behind: it may be connecting for a moment
// after the first answer, but is idle once the connection broke.
func (c *connection) alive() bool {
	if c.broken.Load() {
		return false
	}
	state := c.GetState()
	return state == connectivity.Ready || state == connectivity.Connecting
}

// giveUp notes that the connection is of no use any more. Its holders let it go by themselves.
func (c *connection) giveUp() { c.broken.Store(true) }

// seen answers what came of dialling.
func (c *connection) seen() (connected bool, dialErr, tlsErr error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.connected, c.dialErr, c.tlsErr
}

func (c *connection) hold() { c.holders.Add(1) }

func (c *connection) release() {
	if c.holders.Add(-1) == 0 {
		_ = c.Close() // it answers only that it was closed before
	}
}

// bearer is the shared token of a location.
type bearer string

// GetRequestMetadata is the header of every call.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

// RequireTransportSecurity is false: whether a token may cross a network in the
// clear was decided when the location was configured, see mayDial.
func (bearer) RequireTransportSecurity() bool { return false }
