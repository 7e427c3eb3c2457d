package hosttest

import (
	"context"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// answerer is the server that a new connection leads to.
func answerer(t *testing.T, address string) (*grpc.ClientConn, string) {
	t.Helper()
	cc, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cc.Close() })
	return cc, serverOver(t, cc)
}

func serverOver(t *testing.T, cc *grpc.ClientConn) string {
	t.Helper()
	r, err := usercodev1.NewUserCodeServiceClient(cc).GetServerInfo(t.Context(), &usercodev1.GetServerInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	return r.GetServer().GetServerId()
}

func TestBalancerTakesTurns(t *testing.T) {
	one, other := Start(t, Current()), Start(t, Current())
	b := StartBalancer(t, one, other)
	first, a := answerer(t, b.Address())
	_, c := answerer(t, b.Address())
	if _, again := answerer(t, b.Address()); a == c || again != a {
		t.Errorf("got %s, %s, %s; want the two in turn", a, c, again)
	}
	if b.Accepted() != 3 {
		t.Errorf("%d connections, want 3", b.Accepted())
	}

	gone := map[bool]*Peer{true: one, false: other}[a == one.ServerID()]
	b.Remove(gone.Address())
	if now := serverOver(t, first); now != a {
		t.Error("a connection moved when its backend was taken out")
	}
	for range 3 {
		if _, now := answerer(t, b.Address()); now != c {
			t.Error("a backend that was taken out gets new connections")
		}
	}
	b.Add(gone.Address())
	gone.Stop()
	for range 3 {
		if _, now := answerer(t, b.Address()); now != c {
			t.Error("a backend that does not listen is not passed over")
		}
	}
}

func TestBalancerStops(t *testing.T) {
	b := StartBalancer(t, Start(t, Current()))
	cc, _ := answerer(t, b.Address())
	b.Stop()
	b.Stop()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if _, err := usercodev1.NewUserCodeServiceClient(cc).GetServerInfo(ctx, &usercodev1.GetServerInfoRequest{}); err == nil {
		t.Error("something answers behind a balancer that has stopped")
	}
}
