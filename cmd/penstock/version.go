package main

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

func newVersionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print the versions of this command and of the host",
		Long:  "Print the versions of this command and of the host, if one answers. The exit code is 0 also when none does.",
		Args:  usageArgs(cobra.NoArgs),
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		host, p, err := c.start(cmd)
		if err != nil {
			return err
		}
		v := versionObject{Client: clientObject{
			Version: version, Commit: commit, ProtocolVersion: versioncheck.Protocol, Go: runtime.Version(),
		}}
		if res, err := ask(cmd.Context(), host, host.host.GetHost, &hostv1.GetHostRequest{}); err == nil {
			v.Host = hostOf(res.GetHost())
		} else if f, ok := errors.AsType[*failure](err); ok {
			v.HostError = f.message
		}
		if p.json {
			return p.object(v)
		}
		p.version(v, host.address)
		return nil
	}
	return cmd
}

func (p printer) version(v versionObject, address string) {
	fmt.Fprintf(p.out, "penstock %s, protocol %s, commit %s, %s\n", v.Client.Version, v.Client.ProtocolVersion, v.Client.Commit, v.Client.Go)
	if v.Host == nil {
		fmt.Fprintf(p.out, "host: %s\n", inert(v.HostError))
		return
	}
	h := v.Host
	fmt.Fprintf(p.out, "host %s, protocol %s, commit %s, at %s since %s\n",
		inert(h.Version), inert(h.ProtocolVersion), inert(h.Commit), inert(address), clockText(h.StartedAt))
}
