package main

import (
	"context"
	"fmt"
	"os/user"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

func newRunTagCommand(c *connection) *cobra.Command {
	var remove []string
	var by string
	cmd := &cobra.Command{
		Use:   "tag RUN [KEY=VALUE...] [--remove KEY]...",
		Short: "Add, change and remove tags of a run",
		Long: `Add, change and remove tags of a run, in whatever state it is, all of it or nothing.

A run that is queued is judged anew at once, for example by its penstock/priority; penstock/max_runtime acts on a run that
runs. Tags that the system sets cannot be changed. What a tag was before stays in the history of the run's tags, which
penstock run tags RUN --history shows.`,
		Example: `  penstock run tag 0192a3b4 team=etl reviewed=
  penstock run tag 0192a3b4 penstock/priority=10 --remove hold`,
		Args:              usageArgs(cobra.MinimumNArgs(1)),
		ValidArgsFunction: c.completeTagging,
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.Contains(args[0], "=") {
				return usageErrorf("%q is not a run: name the run first, then its tags", args[0])
			}
			edit, err := tagEditOf(args[1:], remove)
			if err != nil {
				return err
			}
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			return p.tagRun(cmd.Context(), host, args[0], edit, by)
		},
	}
	addTagFlags(cmd, &remove, &by)
	must(cmd.RegisterFlagCompletionFunc("remove", c.completeTagKeys))
	return cmd
}

// addTagFlags adds the flags of a change of tags.
func addTagFlags(cmd *cobra.Command, remove *[]string, by *string) {
	flags := cmd.Flags()
	flags.StringArrayVar(remove, "remove", nil, "key of a tag to remove; may be repeated")
	flags.StringVar(by, "by", "", "who changes them, for the history (default the user of the operating system)")
	must(cmd.RegisterFlagCompletionFunc("by", cobra.NoFileCompletions))
}

// tagEditOf is what KEY=VALUE arguments and --remove ask for.
func tagEditOf(pairs, remove []string) (*hostv1.TagEdit, error) {
	edit := &hostv1.TagEdit{Remove: remove}
	for _, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		switch {
		case !ok:
			return nil, usageErrorf("%q: write key=value; for a tag without a value, %s=; to remove it, --remove %s", pair, pair, pair)
		case key == "":
			return nil, usageErrorf("%q: the key is missing: write key=value", pair)
		}
		edit.Set = append(edit.Set, &tagv1.Tag{Key: key, Value: value})
	}
	for _, key := range remove {
		if alone, _, ok := strings.Cut(key, "="); ok {
			return nil, usageErrorf("--remove %s: a tag is removed by its key alone, --remove %s", key, alone)
		}
	}
	if len(edit.GetSet())+len(edit.GetRemove()) == 0 {
		return nil, usageErrorf("it is not said what to change: give tags as key=value, or keys with --remove")
	}
	return edit, nil
}

// tagRun changes tags of a run and says what became of them.
func (p printer) tagRun(ctx context.Context, host *client, id string, edit *hostv1.TagEdit, by string) error {
	before, err := host.run(ctx, id)
	if err != nil {
		return err
	}
	if by == "" {
		by = osUser()
	}
	res, err := askAgain(ctx, host, host.tags.EditRunTags, &hostv1.EditRunTagsRequest{
		RequestId: newRequestID(), RunId: before.GetId(), Edit: edit, By: by,
	})
	if err != nil {
		return err
	}
	after := runOf(res.GetRun())
	if p.json {
		return p.object(tagList{RunID: after.ID, Tags: after.Tags})
	}
	rows := changedTags(runOf(before).Tags, after.Tags, edit)
	if len(rows) == 0 {
		fmt.Fprintf(p.out, "Run %s has its tags like this already; nothing was changed.\n", inert(after.ID))
		return nil
	}
	p.table([]string{"KEY", "VALUE", "BEFORE"}, rows)
	return nil
}

// changedTags are the rows of what an edit changed.
func changedTags(before, after []tagObject, edit *hostv1.TagEdit) (rows [][]string) {
	keys := slices.Clone(edit.GetRemove())
	for _, t := range edit.GetSet() {
		keys = append(keys, t.GetKey())
	}
	slices.Sort(keys)
	for _, key := range slices.Compact(keys) {
		was, is := tagIn(before, key), tagIn(after, key)
		if was != is {
			rows = append(rows, []string{key, is, was})
		}
	}
	return rows
}

// tagIn is the value of a tag as it is shown.
func tagIn(tags []tagObject, key string) string {
	i := slices.IndexFunc(tags, func(t tagObject) bool { return t.Key == key })
	if i < 0 {
		return "-"
	}
	return shownValue(tags[i].Value)
}

// shownValue makes an empty value one that is seen.
func shownValue(value string) string {
	if value == "" {
		return `""`
	}
	return value
}

// osUser is who uses the command, as the operating system calls them; empty when it does not say.
func osUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

func newRunTagsCommand(c *connection) *cobra.Command {
	var history bool
	cmd := &cobra.Command{
		Use:   "tags RUN [KEY]",
		Short: "Show the tags of a run, or what became of them",
		Long: `Show the tags of a run, where each came from, and who edited it; with a key, only that one.

With --history, show what they were from when on, oldest first: those of the launch, then each change with who made it. A
value of before is put back by setting it again, with penstock run tag.`,
		Example: `  penstock run tags 0192a3b4
  penstock run tags 0192a3b4 team --history`,
		Args:              usageArgs(cobra.RangeArgs(1, 2)),
		ValidArgsFunction: c.completeTagging,
		RunE: func(cmd *cobra.Command, args []string) error {
			host, p, err := c.start(cmd)
			if err != nil {
				return err
			}
			run, err := host.run(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			key := ""
			if len(args) == 2 {
				key = args[1]
			}
			if !history {
				return p.tags(runOf(run), key)
			}
			res, err := ask(cmd.Context(), host, host.tags.ListRunTagChanges, &hostv1.ListRunTagChangesRequest{RunId: run.GetId(), Key: key})
			if err != nil {
				return err
			}
			return p.tagHistory(tagHistoryOf(run.GetId(), res), key)
		},
	}
	cmd.Flags().BoolVar(&history, "history", false, "show what became of them since the launch")
	return cmd
}

// tags prints the tags of a run, or that of one key.
func (p printer) tags(r runObject, key string) error {
	list := tagList{RunID: r.ID, Tags: r.Tags}
	if key != "" {
		list.Tags = slices.DeleteFunc(slices.Clone(list.Tags), func(t tagObject) bool { return t.Key != key })
	}
	switch {
	case p.json:
		return p.object(list)
	case len(list.Tags) == 0:
		p.noTag(r.ID, key)
	default:
		p.table([]string{"KEY", "VALUE", "ORIGIN"}, convert(list.Tags, func(t tagObject) []string {
			return []string{t.Key, shownValue(t.Value), t.origin()}
		}))
	}
	return nil
}

// noTag says that there is nothing to show.
func (p printer) noTag(id, key string) {
	if key == "" {
		fmt.Fprintf(p.err, "Run %s has no tags.\n", inert(id))
	} else {
		fmt.Fprintf(p.err, "Run %s has no tag %s.\n", inert(id), inert(key))
	}
}

// origin says where a tag came from, and of one that was edited who did it and when.
func (t tagObject) origin() string {
	if t.EditedAt == nil {
		return t.Origin
	}
	return joined(", ", joined(" by ", t.Origin, t.EditedBy), clockText(t.EditedAt))
}

// tagHistory prints what became of tags.
func (p printer) tagHistory(h tagHistory, key string) error {
	switch {
	case p.json:
		return p.object(h)
	case len(h.Changes) == 0:
		p.noTag(h.RunID, key)
	default:
		p.table([]string{"TIME", "KEY", "VALUE", "ORIGIN", "BY"}, convert(h.Changes, func(c tagChange) []string {
			at, value := clockText(c.Time), shownValue(c.Value)
			if c.Time == nil {
				at = "(not known)"
			}
			if c.Removed {
				value = "(removed)"
			}
			by := c.By
			if c.BulkID != "" {
				by = joined(", ", by, "action "+c.BulkID)
			}
			return []string{at, c.Key, value, c.Origin, by}
		}))
	}
	if h.Cut {
		fmt.Fprintln(p.err, "Older changes are left out; name a key to see those of one tag.")
	}
	return nil
}

// completeTagging completes a run, and then keys of its tags.
func (c *connection) completeTagging(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return c.completeFirst(completeRuns)(cmd, args, typed)
	}
	words, directive := c.completeTagKeys(cmd, args, typed)
	if cmd.Name() == "tag" { // key=value
		for i, w := range words {
			key, about, _ := strings.Cut(w, "\t")
			words[i] = cobra.CompletionWithDesc(key+"=", about)
		}
		directive |= cobra.ShellCompDirectiveNoSpace
	}
	return words, directive
}

// completeTagKeys completes keys of the tags of the run that is named; those of the system are not offered.
func (c *connection) completeTagKeys(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c.complete(func(ctx context.Context, host *client) ([]cobra.Completion, error) {
		run, err := host.run(ctx, args[0])
		tags := slices.DeleteFunc(run.GetTags(), func(t *tagv1.Tag) bool { return t.GetOrigin() == tagv1.Origin_ORIGIN_SYSTEM })
		return convert(tags, func(t *tagv1.Tag) cobra.Completion { return word(t.GetKey(), shownValue(t.GetValue())) }), err
	})(cmd, args, typed)
}
