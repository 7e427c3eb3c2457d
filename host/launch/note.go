package launch

import (
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// Kinds of the host's own events. They are stored between those of the worker.
const (
	NoteQueued            = "run_queued"
	NoteDefinitionChanged = "definition_changed"
	NoteWaiting           = "run_waiting"
	NoteStarting          = "run_starting"
	NoteGranted           = "run_granted"
	NoteRequeued          = "run_requeued"
	NoteRepointed         = "run_repointed"
	NoteCanceling         = "run_canceling"
	NoteCanceled          = "run_canceled"
	NoteFailed            = "run_failed"
	NoteLateReport        = "late_report"
	NoteRestored          = "run_restored"
	// NoteTagRefused tells of tags that user code gave its run and that it does not get.
	NoteTagRefused = "tag_refused"
	// NoteTagsChanged tells what became of tags after the launch; see TagsChanged.
	NoteTagsChanged = "tags_changed"
	// NoteRetried and NoteNotRetried tell what became of an automatic retry that was due.
	NoteRetried    = "run_retried"
	NoteNotRetried = "run_not_retried"
	// NoteRetryPutOff tells why an automatic retry that is due cannot be launched yet.
	NoteRetryPutOff = "retry_put_off"
)

// maxNote is the longest message of a note in bytes.
const maxNote = 16 << 10

// Note encodes an event of the host itself, to be stored with a change of a
// run. The message is for people; what is not UTF-8 in it is replaced.
func Note(kind, message string, now time.Time) []byte {
	message = strings.ToValidUTF8(message, "�")
	if len(message) > maxNote {
		cut := maxNote
		for !utf8.RuneStart(message[cut]) {
			cut--
		}
		message = message[:cut] + "…"
	}
	b, err := proto.Marshal(&workerv1.Event{Kind: kind, Message: message, Time: timestamppb.New(now)})
	if err != nil {
		panic("encode a host event: " + err.Error()) // only invalid UTF-8 fails, and there is none
	}
	return b
}
