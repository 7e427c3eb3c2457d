package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestServe(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	out, in := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- serve(ctx, in, options{listen: "127.0.0.1:0", protocol: "0.14.17"}) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	cc, err := grpc.NewClient("passthrough:///"+address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer cc.Close()
	reply, err := usercodev1.NewUserCodeServiceClient(cc).GetServerInfo(ctx, &usercodev1.GetServerInfoRequest{})
	if err != nil || reply.GetServer().GetProtocolVersion() != "0.14.17" || reply.GetServer().GetCapabilitiesDeclared() {
		t.Errorf("got %v, %v", reply, err)
	}
	if err := serve(ctx, in, options{listen: address, protocol: "0.14.17"}); err == nil {
		t.Error("two listen at one address")
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
