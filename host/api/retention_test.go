package api_test

import (
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/api"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/retention"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

func TestPreviewRetention(t *testing.T) {
	rules := retention.Policy{Rules: []retention.Rule{{Text: "status=failure", Where: host.StatusIn(host.Failure), Keep: time.Hour}}, KeepLast: 3}
	f, _ := withPeer(t, settings{idle: true, options: func(o *api.Options) { o.Keeper.SetPolicy(rules) }}, hosttest.Current())
	storage, err := f.storage.GetStorage(t.Context(), &hostv1.GetStorageRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r := storage.GetRules(); len(r) != 1 || r[0].GetWhere() != "status=failure" || r[0].GetKeep().AsDuration() != time.Hour || storage.GetKeepLastPerJob() != 3 {
		t.Errorf("the host has the rules %v, %d", r, storage.GetKeepLastPerJob())
	}
	if storage.GetLastPass() != nil {
		t.Errorf("there was a pass: %v", storage.GetLastPass())
	}

	own, err := f.storage.PreviewRetention(t.Context(), &hostv1.PreviewRetentionRequest{})
	if err != nil || len(own.GetResults()) != 1 || own.GetResults()[0].GetRule().GetWhere() != "status=failure" {
		t.Errorf("with the rules of the host: %v, %v", own, err)
	}
	asked, err := f.storage.PreviewRetention(t.Context(), &hostv1.PreviewRetentionRequest{Rules: []*hostv1.RetentionRule{
		{Where: "env=dev", Keep: durationpb.New(time.Hour)}, {},
	}})
	if err != nil || len(asked.GetResults()) != 2 || asked.GetResults()[1].GetRule().GetKeep() != nil {
		t.Errorf("with other rules: %v, %v", asked, err)
	}
}

func TestPreviewRetentionRefusesBadRules(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	_, err := f.storage.PreviewRetention(t.Context(), &hostv1.PreviewRetentionRequest{Rules: []*hostv1.RetentionRule{
		{Where: "status=fialure", Keep: durationpb.New(time.Hour)}, {Where: "a=b", Keep: durationpb.New(-time.Hour)},
	}})
	code, wrong := detail(t, err)
	if code != connect.CodeInvalidArgument || len(wrong.GetProblems()) != 2 {
		t.Fatalf("got %v, %v", err, wrong)
	}
	first := wrong.GetProblems()[0]
	if first.GetField() != "rules[0].where" || first.GetColumn() != 8 || !strings.Contains(first.GetMessage(), "failure") {
		t.Errorf("the first problem is %v", first)
	}
	if second := wrong.GetProblems()[1]; second.GetField() != "rules[1].keep" {
		t.Errorf("the second problem is %v", second)
	}
}
