package main

import (
	"fmt"
	"strconv"
	"strings"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func previewOf(r *hostv1.PreviewRunResponse, parent string) previewObject {
	return previewObject{
		Job: jobNameText(r.GetJob()), ParentRun: parent, OpSelection: r.GetOpSelection(), Ops: textsOf(r.GetOpPaths()),
		TakenOutputs: convert(r.GetTakenOutputs(), func(o *hostv1.TakenOutput) takenObject {
			return takenObject{Op: o.GetOpPath(), Run: o.GetRunId(), Size: o.GetSize()}
		}),
		DefinitionChanges: textsOf(r.GetDefinitionChanges()), Tags: tagsOf(r.GetTags()), Config: r.GetConfigYaml(),
		CodeVersion: r.GetCodeVersion(), Notes: textsOf(r.GetNotes()),
		Problems: convert(r.GetProblems(), problemOf),
	}
}

// preview prints what a launch would become. The exit code tells whether it would be refused.
func (p printer) preview(r *hostv1.PreviewRunResponse, parent, configName string) error {
	o := previewOf(r, parent)
	if p.json {
		if err := p.object(o); err != nil {
			return err
		}
	} else {
		p.previewText(o)
	}
	if len(o.Problems) == 0 {
		return nil
	}
	return &exitError{code: exitRejected, err: &failure{
		message: fmt.Sprintf("job %s cannot be launched like this", o.Job), problems: r.GetProblems(), config: configName,
	}}
}

func (p printer) previewText(o previewObject) {
	tags, config := "", ""
	if o.ParentRun == "" { // one that is executed again shows what it takes from there
		tags, config = tagsText(userTags(o.Tags), 200), strings.TrimSpace(o.Config)
	}
	p.fields(
		[2]string{"Job", o.Job},
		[2]string{"Again", o.ParentRun},
		[2]string{"Code", o.CodeVersion},
		[2]string{"Ops", strconv.Itoa(len(o.Ops))},
		[2]string{"Tags", tags},
	)
	if len(o.Ops) > 0 {
		p.section("Ops to execute", convert(o.Ops, inert))
	}
	if config != "" {
		p.section("Run config", convert(strings.Split(config, "\n"), inert))
	}
	if len(o.TakenOutputs) > 0 {
		rows := [][]string{{"OP", "RUN", "BYTES"}}
		for _, t := range o.TakenOutputs {
			rows = append(rows, []string{t.Op, t.Run, strconv.FormatUint(t.Size, 10)})
		}
		p.section("Outputs that are taken", aligned(rows))
	}
	if len(o.DefinitionChanges) > 0 {
		p.section("What changed in the job since", convert(o.DefinitionChanges, inert))
	}
	for _, note := range o.Notes {
		fmt.Fprintln(p.err, inert(note))
	}
}
