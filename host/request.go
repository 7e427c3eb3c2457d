package host

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Request makes a write repeatable: a write whose Request was carried out before changes nothing more. The zero Request
// makes nothing repeatable.
type Request struct {
	// ID is made by the client, 16–64 characters.
	ID string
	// What says what is asked for, in words or as a digest, in 1–256 bytes: an ID that comes again for something else is
	// a Conflict.
	What string
}

// ReasonRequestUsed is the reason of a Conflict: the id of a request was used before, for something else.
const ReasonRequestUsed = "REQUEST_ID_USED"

// RequestUsed is that Conflict. how says for a person what the id was used for, as in "made run …".
func RequestUsed(id, how string) error {
	return &Error{
		Code: Conflict, Reason: ReasonRequestUsed,
		Message: fmt.Sprintf("request_id %.80q %s", id, how),
		Remedy:  "make a new one for each request, for example a UUID, and repeat it only to repeat that request as it was",
	}
}

// For says in words what is asked for. It has no digest.
func (r Request) For() string {
	if at := strings.LastIndexByte(r.What, ' '); at > 0 && digestText.MatchString(r.What[at+1:]) {
		return r.What[:at]
	}
	return r.What
}

// UsedFor is the Conflict of a request whose id was used for before, which is not what it asks for.
func (r Request) UsedFor(before Request) error {
	if r.For() == before.For() {
		return RequestUsed(r.ID, fmt.Sprintf("was used for another %s, not for this one", r.For()))
	}
	return RequestUsed(r.ID, fmt.Sprintf("was used for a %s, not for this %s", before.For(), r.For()))
}

// MaxRunsPerWrite is how many runs UpdateRuns and DeleteRuns of a Store take at a time.
const MaxRunsPerWrite = 1000

var (
	requestID = regexp.MustCompile(`^[A-Za-z0-9_-]{16,64}$`)
	// digestText is how NewRequest ends What.
	digestText = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// CheckRequestID is the rule for request ids that come from outside; the error is Invalid. what names that for which
// one is made, such as "launch".
func CheckRequestID(id, what string) error {
	if requestID.MatchString(id) {
		return nil
	}
	return &Error{
		Code: Invalid, Reason: "REQUEST_ID",
		Message: fmt.Sprintf("request_id %.80q is not 16 to 64 characters of [A-Za-z0-9_-]", id),
		Remedy:  fmt.Sprintf("make a new one for each %s, for example a UUID, and repeat it only to repeat that %s", what, what),
	}
}

// NewRequest makes the Request of a client that sent id, which may be empty: then nothing is repeatable. what names
// what is asked for in a word or two, and given is everything that belongs to it, in values that encoding/json encodes
// always in the same way. The error is that of CheckRequestID.
func NewRequest(id, what string, given ...any) (Request, error) {
	if id == "" {
		return Request{}, nil
	}
	if err := CheckRequestID(id, what); err != nil {
		return Request{}, err
	}
	text, err := json.Marshal(given)
	if err != nil {
		return Request{}, fmt.Errorf("make the request %q: %w", what, err)
	}
	sum := sha256.Sum256(text)
	return Request{ID: id, What: what + " " + hex.EncodeToString(sum[:16])}, nil
}
