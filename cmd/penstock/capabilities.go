package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newHostCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "host",
		Short: "Show what the host asks of user code",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newHostCapabilitiesCommand(c))
	return cmd
}

func newHostCapabilitiesCommand(c *connection) *cobra.Command {
	return &cobra.Command{
		Use:   "capabilities",
		Short: "List what this host can do with user code, and which versions that takes",
		Long: `List what this host can do with user code, and which versions that takes.

With --json it is the host's own answer (GetCapabilitiesResponse). Save it for checks of builds that do not reach the
host: penstock check --capabilities FILE, and check --capabilities FILE of every user-code binary.`,
		Example: `  penstock host capabilities
  penstock host capabilities --json > production.json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.host.GetCapabilities, &hostv1.GetCapabilitiesRequest{})
			if err != nil {
				return err
			}
			if p.json {
				text, err := protojson.Marshal(res)
				if err != nil {
					return fmt.Errorf("print as JSON: %w", err)
				}
				return p.object(json.RawMessage(text))
			}
			p.capabilities(res)
			return nil
		},
	}
}

func (p printer) capabilities(res *hostv1.GetCapabilitiesResponse) {
	fmt.Fprintf(p.out, "host %s, protocol %s, works with user code of protocol %s or newer\n\n",
		inert(res.GetHostVersion()), inert(res.GetProtocolVersion()), inert(res.GetOldestProtocolVersion()))
	rows := convert(res.GetCapabilities(), func(r *hostv1.CapabilityRequirement) []string {
		kind, fixed := "gated", r.GetFixedProtocolVersion()
		if r.GetBaseline() {
			kind = "baseline"
		}
		if fixed == "" {
			fixed = r.GetMinProtocolVersion()
		}
		return []string{r.GetName(), r.GetMinProtocolVersion(), fixed, r.GetMinHostProtocolVersion(), kind, r.GetDescription()}
	})
	p.table([]string{"CAPABILITY", "SERVER NEEDS", "WITHOUT KNOWN BUGS", "HOST NEEDS", "KIND", "WHAT IT IS"}, rows)
	for _, name := range res.GetAllowDevVersions() {
		fmt.Fprintf(p.out, "location %s accepts development versions\n", inert(name))
	}
}
