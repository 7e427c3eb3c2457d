package main

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host/jobdiff"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// The wire's messages as the objects that --json prints.

func runOf(r *hostv1.Run) runObject {
	o := runObject{
		ID:               r.GetId(),
		Seq:              r.GetSeq(),
		Status:           statusText(r.GetStatus()),
		StatusReason:     r.GetStatusReason(),
		Job:              jobNameText(r.GetJob()),
		Location:         r.GetJob().GetLocation(),
		Repository:       r.GetJob().GetRepository(),
		Attempt:          r.GetAttempt(),
		Tags:             tagsOf(r.GetTags()),
		CreatedAt:        timeOf(r.GetCreatedAt()),
		StartedAt:        timeOf(r.GetStartedAt()),
		EndedAt:          timeOf(r.GetEndedAt()),
		OpSelection:      r.GetOpSelection(),
		Ops:              textsOf(r.GetOpPaths()),
		Config:           r.GetConfigYaml(),
		CodeVersion:      r.GetCodeVersion(),
		Protocol:         r.GetProtocolVersion(),
		DefinitionDigest: hex.EncodeToString(r.GetDefinitionDigest()),
		Worker:           r.GetWorkerHandle(),

		Snapshot:           r.GetSnapshot(),
		StartedSnapshot:    r.GetStartedSnapshot(),
		StartedCodeVersion: r.GetStartedCodeVersion(),
		WaitingSince:       timeOf(r.GetWaitingSince()),
		WaitsUntil:         timeOf(r.GetWaitsUntil()),
		ParentRun:          r.GetParentRun(),
		RootRun:            r.GetRootRun(),
		RetryDue:           r.GetRetryDue(),
	}
	if r.GetLaunchedJob() != nil {
		o.LaunchedJob = jobNameText(r.GetLaunchedJob())
	}
	return o
}

func tagsOf(tags []*tagv1.Tag) []tagObject {
	return convert(tags, func(t *tagv1.Tag) tagObject {
		return tagObject{
			Key: t.GetKey(), Value: t.GetValue(), Origin: originText(t.GetOrigin()),
			EditedBy: t.GetEdit().GetUser(), EditedAt: timeOf(t.GetEdit().GetTime()),
		}
	})
}

func eventOf(e *hostv1.StoredEvent) eventObject {
	event := e.GetEvent()
	o := eventObject{
		Attempt: e.GetAttempt(), Seq: e.GetSeq(), Unreadable: e.GetUnreadable(),
		Time: timeOf(event.GetTime()), Kind: event.GetKind(), Op: event.GetOpPath(), OpAttempt: event.GetOpAttempt(),
		Message: event.GetMessage(),
	}
	switch d := event.GetDetail().(type) {
	case *workerv1.Event_RunStarted:
		ops := d.RunStarted.GetOps()
		o.Ops = &ops
	case *workerv1.Event_Resource:
		seconds := d.Resource.GetDuration().AsDuration().Seconds()
		o.Seconds, o.Resource, o.Failure = &seconds, d.Resource.GetName(), failureObjectOf(d.Resource.GetFailure())
	case *workerv1.Event_OpFinished:
		seconds := d.OpFinished.GetDuration().AsDuration().Seconds()
		o.Seconds = &seconds
		o.Outcome, o.Failure = outcomeText(d.OpFinished.GetOutcome()), failureObjectOf(d.OpFinished.GetFailure())
		o.RetryAfter = secondsOf(d.OpFinished.GetRetryAfter())
	case *workerv1.Event_RunFinished:
		o.Outcome, o.Failure = outcomeText(d.RunFinished.GetOutcome()), failureObjectOf(d.RunFinished.GetFailure())
	case *workerv1.Event_Log:
		o.Level = levelText(d.Log.GetLevel())
		o.Attributes = convert(d.Log.GetAttributes(), entryOf)
	default:
		o.Reported = reportedOf(event)
	}
	return o
}

func failureObjectOf(f *workerv1.Failure) *failureObject {
	if f == nil {
		return nil
	}
	return &failureObject{Reason: f.GetReason(), Message: f.GetMessage(), Stack: f.GetStack(), Causes: textsOf(f.GetCauses())}
}

func jobRowOf(j *hostv1.JobSummary) jobRow {
	return jobRow{
		Name: jobNameText(j.GetName()), Location: j.GetName().GetLocation(), Repository: j.GetName().GetRepository(), Job: j.GetName().GetJob(),
		Summary: j.GetSummary(), Tags: tagsOf(j.GetTags()), Ops: j.GetOps(), MetadataState: featureText(j.GetMetadataState()), Error: j.GetError(),
	}
}

func jobOf(j *hostv1.Job) jobObject {
	o := jobObject{
		Name: jobNameText(j.GetName()), Location: j.GetName().GetLocation(), Repository: j.GetName().GetRepository(), Job: j.GetName().GetJob(),
		RepositoryDescription: j.GetRepositoryDescription(), Description: j.GetDefinition().GetDescription(),
		Tags: tagsOf(j.GetDefinition().GetTags()), Ops: []string{}, Metadata: metadataOf(j.GetMetadata()),
		MaxConcurrent: j.GetDefinition().GetMaxConcurrent(), OpPolicies: policiesOf(j.GetDefinition().GetOps()), Resources: resourcesOf(j.GetDefinition()),
		DefinitionDigest: hex.EncodeToString(j.GetDefinitionDigest()), LoadedAt: timeOf(j.GetLoadedAt()), Build: buildOf(j.GetBuild()),
		Warnings: textsOf(j.GetWarnings()),
	}
	if schema := j.GetDefinition().GetConfigSchemaJson(); json.Valid(schema) {
		o.ConfigSchema = schema
	}
	// The host has checked the graph; one that it could not use has no ops to show.
	if definition, err := workspace.JobDefinitionOf(j.GetDefinition()); err == nil {
		o.Ops = textsOf(definition.Ops().Paths)
	}
	return o
}

func resourcesOf(d *usercodev1.JobDefinition) []resourceObject {
	resources := []resourceObject{}
	for _, r := range d.GetResources() {
		o := resourceObject{Name: r.GetName(), Type: r.GetType(), Description: r.GetDescription(), Configs: textsOf(r.GetConfigs()), Ops: []string{}, Text: jobdiff.ResourceText(r)}
		for _, op := range d.GetOps() {
			if slices.Contains(op.GetResources(), r.GetName()) {
				o.Ops = append(o.Ops, op.GetName())
			}
		}
		resources = append(resources, o)
	}
	return resources
}

func policiesOf(ops []*usercodev1.OpDefinition) []policyObject {
	policies := []policyObject{}
	for _, op := range ops {
		text := jobdiff.PolicyText(op)
		if text == "" {
			continue
		}
		o := policyObject{Op: op.GetName(), TimeoutSeconds: secondsOf(op.GetTimeout()), Priority: op.GetPriority(), Text: text}
		if r := op.GetRetry(); r != nil {
			o.Retry = &retryObject{
				Max: r.GetMaxRetries(), DelaySeconds: r.GetDelay().AsDuration().Seconds(), Backoff: 1,
				MaxDelaySeconds: secondsOf(r.GetMaxDelay()), Jitter: float64(r.GetJitterMilli()) / 1000, SomeErrors: r.GetSomeErrors(),
			}
			if r.GetBackoffMilli() != 0 {
				o.Retry.Backoff = float64(r.GetBackoffMilli()) / 1000
			}
		}
		policies = append(policies, o)
	}
	return policies
}

func metadataOf(v *hostv1.JobMetadataView) metadataView {
	o := metadataView{State: featureText(v.GetState()), Refusal: refusalOf(v.GetRefusal()), Notice: v.GetNotice()}
	if v.GetShown() != nil {
		o.Entries = convert(v.GetShown().GetEntries(), entryOf)
	}
	return o
}

func refusalOf(r *hostv1.Refusal) *refusalObject {
	if r == nil {
		return nil
	}
	return &refusalObject{
		State: featureText(r.GetState()), Code: r.GetCode(), Capability: r.GetCapability(), Location: r.GetLocation(),
		ServerID: r.GetServerId(), Reported: r.GetReported(), Required: r.GetRequired(), HostVersion: r.GetHostVersion(),
		Withheld: r.Withheld, Message: r.GetMessage(), Remedy: r.GetRemedy(), DocsURL: r.GetDocsUrl(),
	}
}

func locationOf(l *hostv1.Location) locationObject {
	return locationObject{
		Name: l.GetName(), Address: l.GetAddress(), State: locationText(l.GetState()), Error: l.GetError(), Remedy: l.GetRemedy(),
		ErrorCode: l.GetErrorCode(), ErrorSince: timeOf(l.GetErrorSince()),
		Server: serverOf(l.GetServer()),
		Capabilities: convert(l.GetCapabilities(), func(c *hostv1.CapabilityDecision) capabilityObject {
			return capabilityObject{Capability: c.GetCapability(), State: featureText(c.GetState()), Refusal: refusalOf(c.GetRefusal())}
		}),
		Repositories: convert(l.GetRepositories(), func(r *hostv1.RepositorySummary) repositoryObject {
			return repositoryObject{Name: r.GetName(), Jobs: r.GetJobs()}
		}),
		LoadedAt: timeOf(l.GetLoadedAt()), AnsweredAt: timeOf(l.GetAnsweredAt()),
		DefinitionsDigest: hex.EncodeToString(l.GetDefinitionsDigest()), Replicas: convert(l.GetReplicas(), replicaOf),
		Mixed: l.GetMixed(), Draining: l.GetDraining(), Notices: textsOf(l.GetNotices()),
	}
}

func replicaOf(r *hostv1.Replica) replicaObject {
	return replicaObject{
		Server: serverOf(r.GetServer()), Address: r.GetAddress(), InUse: r.GetInUse(),
		FirstSeenAt: timeOf(r.GetFirstSeenAt()), AnsweredAt: timeOf(r.GetAnsweredAt()),
	}
}

func serverOf(s *usercodev1.ServerInfo) *serverObject {
	if s == nil {
		return nil
	}
	return &serverObject{
		ID: s.GetServerId(), ProtocolVersion: s.GetProtocolVersion(), MinHostProtocolVersion: s.GetMinHostProtocolVersion(),
		SDK:   sdkObject{Language: s.GetSdk().GetLanguage(), Version: s.GetSdk().GetVersion(), Runtime: s.GetSdk().GetRuntime()},
		Build: buildOf(s.GetBuild()), StartedAt: timeOf(s.GetStartedAt()), Draining: s.GetDraining(),
		LiveWorkers: s.GetLiveWorkers(), DrainDeadline: timeOf(s.GetDrainDeadline()),
	}
}

func buildOf(b *usercodev1.Build) buildObject {
	return buildObject{
		CodeVersion: b.GetCodeVersion(), VCSRevision: b.GetVcsRevision(), Dirty: b.GetDirty(),
		Image: b.GetImage(), ImageDigest: b.GetImageDigest(), BuiltAt: timeOf(b.GetBuiltAt()),
	}
}

// convert never returns nil, which JSON would show as null.
func convert[From, To any](from []From, f func(From) To) []To {
	to := make([]To, 0, len(from))
	for _, x := range from {
		to = append(to, f(x))
	}
	return to
}

func textsOf(s []string) []string { return convert(s, func(s string) string { return s }) }

func timeOf(t *timestamppb.Timestamp) *time.Time {
	if t == nil || t.CheckValid() != nil {
		return nil
	}
	u := t.AsTime()
	return &u
}

func secondsOf(d *durationpb.Duration) *float64 {
	if d == nil {
		return nil
	}
	seconds := d.AsDuration().Seconds()
	return &seconds
}

func jobNameText(n *hostv1.JobName) string {
	return n.GetLocation() + "/" + n.GetRepository() + "/" + n.GetJob()
}

func statusText(s hostv1.RunStatus) string       { return enumText(s, "RUN_STATUS_") }
func featureText(s hostv1.FeatureState) string   { return enumText(s, "FEATURE_STATE_") }
func locationText(s hostv1.LocationState) string { return enumText(s, "LOCATION_STATE_") }
func outcomeText(o workerv1.Outcome) string      { return enumText(o, "OUTCOME_") }

func originText(o tagv1.Origin) string {
	if o == tagv1.Origin_ORIGIN_UNSPECIFIED {
		return ""
	}
	if o.Descriptor().Values().ByNumber(o.Number()) == nil {
		return "other"
	}
	return strings.ToLower(enumText(o, "ORIGIN_"))
}

// enumText is the name of an enum's value without its prefix; UNKNOWN_9 is a 9 from a newer peer.
func enumText(e protoreflect.Enum, prefix string) string {
	v := e.Descriptor().Values().ByNumber(e.Number())
	if v == nil {
		return "UNKNOWN_" + strconv.Itoa(int(e.Number()))
	}
	return strings.TrimPrefix(string(v.Name()), prefix)
}

// levelText is slog's name of a level, without slog's offsets: a script wants one of four words.
func levelText(level int32) string {
	switch {
	case level < 0:
		return "DEBUG"
	case level < 4:
		return "INFO"
	case level < 8:
		return "WARN"
	default:
		return "ERROR"
	}
}
