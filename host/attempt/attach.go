package attempt

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/reexecution"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// What a worker is asked to keep to (see WorkerLimits).
const (
	batchEvents    = 256
	batchBytes     = 1 << 20
	unackedBatches = 16
	batchDelay     = 50 * time.Millisecond
)

// What a hello may hold, in bytes. Its text is logged before its token is looked at, stored with the run, and shown.
const (
	maxWorkerID  = 64
	maxHelloText = 256
)

// clip shortens such text, between characters.
func clip(text string) string {
	if len(text) <= maxHelloText {
		return text
	}
	end := maxHelloText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// denied is a denial on its way out of a compare-and-set.
type denied struct{ *workerv1.Denied }

func (d denied) Error() string { return d.Message }

func deny(reason workerv1.DenialReason, format string, args ...any) denied {
	return denied{&workerv1.Denied{Reason: reason, Message: fmt.Sprintf(format, args...)}}
}

func overDenial() *workerv1.Denied {
	return deny(workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER, "the attempt is over; nothing more of it is stored").Denied
}

// Attach answers a worker's hello. The Session holds the answer and ends with
// it when it is a denial. The caller closes it. An error means that the worker
// should try again.
func (s *Sessions) Attach(ctx context.Context, token string, hello *workerv1.Hello) (*Session, error) {
	session := &Session{
		sessions: s,
		run:      host.RunID(hello.GetRunId()),
		attempt:  hello.GetAttempt(),
		worker:   hello.GetWorkerId(),
		out:      newOutbox(),
	}
	if err := checkSlots(hello.GetSlots()); err != nil {
		return nil, err
	}
	run, err := s.admit(ctx, token, hello)
	if host.CodeOf(err) == host.NotFound {
		err = deny(workerv1.DenialReason_DENIAL_REASON_ATTEMPT_OVER, "this host has no such run")
	}
	if no, ok := errors.AsType[denied](err); ok {
		s.o.Logger.Warn("worker denied", "run", clip(hello.GetRunId()), "attempt", session.attempt,
			"reason", no.Reason.String(), "handle", clip(hello.GetHandle()))
		session.out.deny(no.Denied)
		session.denied = true
		return session, nil
	}
	if err != nil {
		return nil, s.noteFull(session.run, err)
	}
	session.priority = tag.Priority(run.Tags)
	if replaced := s.follow(&run, session); replaced != nil {
		replaced.out.goAway()
	}
	s.slotsOf(session, hello.GetSlots())
	if err := s.welcome(ctx, session, hello.GetWantGrant()); err != nil {
		session.Close()
		return nil, err
	}
	return session, nil
}

// welcome answers a worker that was admitted. The run is read again, because
// what was decided about it before follow had no session to tell.
func (s *Sessions) welcome(ctx context.Context, session *Session, wantGrant bool) error {
	var err error
	if session.stored, err = s.o.Store.LastSeq(ctx, session.run, session.attempt); err != nil && host.CodeOf(err) != host.NotFound {
		return err
	}
	run, err := s.o.Store.Run(ctx, session.run)
	if host.CodeOf(err) == host.NotFound || err == nil && run.Status.Final() {
		session.out.deny(overDenial())
		s.forget(session.run, false)
		return nil
	}
	if err != nil {
		return err
	}
	if run.Status == host.Canceling {
		s.repeatCancel(&run)
	}
	session.out.add(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Welcome{Welcome: &workerv1.Welcome{
		AckedSeq:          session.stored,
		HeartbeatInterval: durationpb.New(s.o.Heartbeat),
		Limits: &workerv1.WorkerLimits{
			BatchEvents: batchEvents, BatchBytes: batchBytes,
			UnackedBatches: unackedBatches, BatchDelay: durationpb.New(batchDelay),
		},
		GrantsSlots: true,
	}}})
	if !wantGrant {
		return nil
	}
	granted, err := s.grant(ctx, &run)
	if err != nil {
		return err
	}
	session.out.add(&workerv1.AttachResponse{Message: &workerv1.AttachResponse_Grant{Grant: granted}})
	return nil
}

// admit decides whether the worker may go on, and grants the attempt if it asks
// for that: once, in the transaction that makes the run STARTED, and again only
// to the same process.
func (s *Sessions) admit(ctx context.Context, token string, hello *workerv1.Hello) (host.Run, error) {
	if n := len(hello.GetWorkerId()); n == 0 || n > maxWorkerID {
		return host.Run{}, deny(workerv1.DenialReason_DENIAL_REASON_FENCED, "hello has a worker_id of %d bytes; 1 to %d are allowed", n, maxWorkerID)
	}
	run, err := s.o.Store.Run(ctx, host.RunID(hello.GetRunId()))
	if err != nil {
		return run, err
	}
	if err := check(&run, token, hello); err != nil {
		return run, err
	}
	if run.Current.WorkerID != "" {
		return run, nil
	}
	return s.o.Store.UpdateRun(ctx, run.ID, func(run *host.Run) ([][]byte, error) {
		if err := check(run, token, hello); err != nil || run.Current.WorkerID != "" {
			return nil, err
		}
		now := s.o.Clock.Now()
		if err := run.Become(host.Started, "", now); err != nil {
			return nil, err
		}
		run.Current.WorkerID = hello.GetWorkerId()
		run.Current.Handle = clip(hello.GetHandle())
		run.Current.ServerID = clip(hello.GetServerId())
		return [][]byte{launch.Note(launch.NoteGranted,
			fmt.Sprintf("attempt %d runs as %s", run.Attempt, run.Current.Handle), now)}, nil
	})
}

// check denies what must not attach to the run as it is.
func check(run *host.Run, token string, hello *workerv1.Hello) error {
	sum := sha256.Sum256([]byte(token))
	switch {
	case hello.GetAttempt() < run.Attempt, run.Status.Final():
		return denied{overDenial()}
	case hello.GetAttempt() > run.Attempt,
		subtle.ConstantTimeCompare(sum[:], run.Current.TokenSHA256) != 1:
		return deny(workerv1.DenialReason_DENIAL_REASON_FENCED, "the token is not that of attempt %d", run.Attempt)
	case run.Current.WorkerID == hello.GetWorkerId():
		return nil
	case run.Current.WorkerID != "":
		return deny(workerv1.DenialReason_DENIAL_REASON_ALREADY_GRANTED,
			"attempt %d was granted to another process (%s)", run.Attempt, run.Current.Handle)
	case !hello.GetWantGrant():
		return deny(workerv1.DenialReason_DENIAL_REASON_FENCED, "attempt %d was never granted", run.Attempt)
	case run.Status != host.Starting:
		return denied{overDenial()}
	case host.DigestFrom(hello.GetDefinitionDigest()) != run.StartedFrom.Definition:
		return deny(workerv1.DenialReason_DENIAL_REASON_DEFINITION_CHANGED,
			"the worker's definition of the job is not the one that the run was validated against")
	default:
		return nil
	}
}

// grant is all that a worker has to know of its run.
func (s *Sessions) grant(ctx context.Context, run *host.Run) (*workerv1.Grant, error) {
	spec := &workerv1.RunSpec{
		RunId: string(run.ID), Attempt: run.Attempt,
		Repository: run.Job.Repository, Job: run.Job.Job,
		DefinitionDigest: run.StartedFrom.Definition[:],
		ConfigJson:       run.ConfigJSON,
	}
	for _, t := range run.Tags {
		spec.Tags = append(spec.Tags, &tagv1.Tag{Key: t.Key, Value: t.Value})
	}
	if run.Subset {
		spec.OpPaths = run.OpPaths
	}
	if run.TakenOutputs.IsZero() {
		return &workerv1.Grant{Run: spec}, nil
	}
	body, err := s.o.Store.Body(ctx, run.TakenOutputs)
	if err != nil {
		return nil, fmt.Errorf("outputs that run %s takes: %w", run.ID, err)
	}
	if spec.Outputs, err = reexecution.Decode(body); err != nil {
		return nil, fmt.Errorf("run %s: %w", run.ID, err)
	}
	return &workerv1.Grant{Run: spec}, nil
}
