package wire

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/usercode/metadata"
)

// MaxReportedBytes is how much metadata of a note, or of an output, may take as it is sent. With the message it stays
// below what one event may have.
const MaxReportedBytes = 184 << 10

// CheckReported is the rule for metadata that an op reports: that of every list, and the size.
func CheckReported(list metadata.List) error {
	if err := list.Validate(); err != nil {
		return err
	}
	total, largest, most := 0, "", 0
	for _, e := range Entries(list) {
		n := proto.Size(e)
		if total += n; n > most {
			largest, most = e.GetKey(), n
		}
	}
	if total > MaxReportedBytes {
		return metadata.Problems{{Key: largest, Err: fmt.Errorf(
			"all entries together take %d bytes as they are sent; the limit is %d, and this one is the largest: keep it elsewhere and report where", total, MaxReportedBytes)}}
	}
	return nil
}
