package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/selector"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func newRetentionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "retention",
		Short: "Show for how long runs are kept",
		Args:  usageArgs(cobra.NoArgs),
		RunE:  needsCommand,
	}
	c := &connection{}
	c.addFlags(cmd)
	cmd.AddCommand(newRetentionPreviewCommand(c))
	return cmd
}

func newRetentionPreviewCommand(c *connection) *cobra.Command {
	var keep []string
	var last uint32
	cmd := &cobra.Command{
		Use:   "preview",
		Short: "Say which runs retention would delete now, rule by rule, without deleting any",
		Long: `Say which runs retention would delete now, rule by rule, without deleting any.

Without flags the rules are those of the host, from the section retention of its configuration. With --keep and
--keep-last they are the ones given, to try them before they are written down. A rule is a time, then a selector; without
a selector it is about all runs. The first rule that selects a run decides how long it is kept after its end.`,
		Example: `  penstock retention preview
  penstock retention preview --keep '3d env=dev' --keep '180d status=failure' --keep '30d status=success' --keep-last 20`,
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			req, err := retentionRequest(keep, last)
			if err != nil {
				return err
			}
			server, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			res, err := ask(cmd.Context(), server, server.storage.PreviewRetention, req)
			if err != nil {
				return err
			}
			return p.retentionPreview(retentionPreviewOf(res))
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&keep, "keep", nil, "rule to try: a time such as 30d, or forever, then a selector (repeatable)")
	flags.Uint32Var(&last, "keep-last", 0, "runs of each job that stay whatever the rules say")
	return cmd
}

// retentionRequest reads rules as typed. What is wrong with one is said with the rule.
func retentionRequest(keep []string, last uint32) (*hostv1.PreviewRetentionRequest, error) {
	req := &hostv1.PreviewRetentionRequest{KeepLastPerJob: last}
	if last > 0 && len(keep) == 0 {
		return nil, usageErrorf("--keep-last goes with rules to try: give them with --keep")
	}
	for _, text := range keep {
		span, where, _ := strings.Cut(strings.TrimSpace(text), " ")
		rule, problems := retention.ParseRule(strings.TrimSpace(where), span)
		if err := ruleError(text, strings.TrimSpace(where), problems); err != nil {
			return nil, err
		}
		w := &hostv1.RetentionRule{Where: rule.Text}
		if rule.Keep > 0 {
			w.Keep = durationpb.New(rule.Keep)
		}
		req.Rules = append(req.Rules, w)
	}
	return req, nil
}

// ruleError is what is wrong with a rule, nil when nothing is. A selector is refused as everywhere; a time that cannot be
// read is a mistake in the command line, like that of any other flag.
func ruleError(text, where string, problems []host.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	f := &failure{
		code: exitUsage, message: fmt.Sprintf("--keep %.200q is not a rule", text), where: where,
		remedy: "Write a time such as 30d, or forever, then a selector, as in '30d env=dev'; docs/selectors.md describes selectors.",
	}
	for _, p := range problems {
		if p.Field == "where" {
			f.code = exitRejected
		}
		f.problems = append(f.problems, &hostv1.Problem{Field: "where", Column: uint32(max(p.Column, 0)), Message: p.Message})
	}
	return &exitError{code: f.code, err: f}
}

func retentionPreviewOf(res *hostv1.PreviewRetentionResponse) retentionPreview {
	return retentionPreview{
		Runs: res.GetRuns(), WithoutRule: res.GetWithoutRule(),
		Rules: convert(res.GetResults(), func(r *hostv1.PreviewRetentionResponse_RuleResult) retentionRule {
			rule := retentionRule{
				Where: r.GetRule().GetWhere(), Keep: retention.ForEver, Selected: r.GetSelected(), Deleted: r.GetDeleted(),
				KeptAsLast: r.GetKeptAsLast(), Bytes: r.GetBytes(), Oldest: timeOf(r.GetOldest()), Newest: timeOf(r.GetNewest()),
			}
			if keep := r.GetRule().GetKeep(); keep != nil {
				rule.Keep = selector.SpanText(keep.AsDuration())
			}
			return rule
		}),
	}
}

// retentionPreview prints what each rule would do.
func (p printer) retentionPreview(r retentionPreview) error {
	if p.json {
		return p.object(r)
	}
	if len(r.Rules) == 0 {
		fmt.Fprintf(p.err, "There are no rules: all %d runs are kept. The section retention of the configuration has rules; try some with --keep.\n", r.Runs)
		return nil
	}
	var deleted, bytes uint64
	rows := convert(r.Rules, func(rule retentionRule) []string {
		deleted, bytes = deleted+rule.Deleted, bytes+rule.Bytes
		where := rule.Where
		if where == "" {
			where = "(all)"
		}
		return []string{rule.Keep, where, fmt.Sprint(rule.Selected), fmt.Sprint(rule.Deleted), fmt.Sprint(rule.KeptAsLast), bytesText(rule.Bytes)}
	})
	p.table([]string{"KEEP", "WHERE", "RUNS", "WOULD DELETE", "KEPT AS LAST", "ABOUT"}, rows)
	fmt.Fprintf(p.out, "\n%d of %d runs would be deleted, about %s; %d have no rule and stay.\n", deleted, r.Runs, bytesText(bytes), r.WithoutRule)
	return nil
}

// retentionPreview is what rules would delete.
type retentionPreview struct {
	Runs        uint64          `json:"runs"`         // in all
	WithoutRule uint64          `json:"without_rule"` // that no rule is about
	Rules       []retentionRule `json:"rules"`
}

// retentionRule is a rule, and what it would do.
type retentionRule struct {
	Where      string     `json:"where"`    // selector; empty: all runs
	Keep       string     `json:"keep"`     // such as 30d, or forever
	Selected   uint64     `json:"selected"` // runs that it decides about
	Deleted    uint64     `json:"deleted"`  // runs of these that it would delete
	KeptAsLast uint64     `json:"kept_as_last"`
	Bytes      uint64     `json:"bytes"` // about what they take
	Oldest     *time.Time `json:"oldest"`
	Newest     *time.Time `json:"newest"`
}
