package main

import (
	"fmt"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newRunCountCommand(c *connection) *cobra.Command {
	var f runFilter
	cmd := &cobra.Command{
		Use:   "count",
		Short: "Count runs by status",
		Long:  "Count runs by status, exactly. Without a filter, all runs are counted.",
		Example: `  penstock run count --where "team=etl and created>-1d"
  penstock run count --job my_job --json`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			filter, err := f.filter()
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), host, host.search.CountRuns, &hostv1.CountRunsRequest{Filter: filter})
			if err != nil {
				return pointed(err, f.where)
			}
			count := runCount{Total: res.GetTotal(), Statuses: convert(res.GetStatuses(), func(s *hostv1.CountRunsResponse_StatusCount) statusCount {
				return statusCount{Status: statusText(s.GetStatus()), Count: s.GetCount()}
			})}
			if p.json {
				return p.object(count)
			}
			rows := convert(count.Statuses, func(s statusCount) []string { return []string{s.Status, fmt.Sprint(s.Count)} })
			p.table([]string{"STATUS", "RUNS"}, append(rows, []string{"all", fmt.Sprint(count.Total)}))
			return nil
		},
	}
	f.addFlags(cmd, c)
	return cmd
}
