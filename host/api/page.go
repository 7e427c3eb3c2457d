package api

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/host"
)

const (
	defaultPageSize = 25
	maxPageSize     = 1000
	// maxPagePayload is the most bytes of rows in one answer, below what gRPC clients receive by default (4 MiB).
	// A page that would be larger ends earlier.
	maxPagePayload = 3 << 20
)

// pageSize is the size of a page as asked for, 0 meaning the default.
func pageSize(asked uint32) (int, error) { return sizeUpTo(asked, defaultPageSize, maxPageSize) }

// sizeUpTo is pageSize where pages have other sizes.
func sizeUpTo(asked uint32, usual, most int) (int, error) {
	switch {
	case asked == 0:
		return usual, nil
	case int64(asked) > int64(most):
		return 0, &host.Error{
			Code: host.Invalid, Reason: "PAGE_SIZE",
			Message: fmt.Sprintf("page_size is %d; at most %d are allowed", asked, most),
			Remedy:  "ask for less and go on with page_cursor",
		}
	default:
		return int(asked), nil
	}
}

// pageCursor is the place after which a page of this kind goes on. Clients only hand it back.
func pageCursor(kind, place string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(kind + ":" + place))
}

// parsePageCursor reads what pageCursor made for this kind; ok is false for anything else.
func parsePageCursor(kind, cursor string) (place string, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", false
	}
	return strings.CutPrefix(string(b), kind+":")
}

func cursorError(cursor string) error {
	return &host.Error{
		Code: host.Invalid, Reason: "CURSOR",
		Message: fmt.Sprintf("page_cursor %.80q is not one that this listing gave out", cursor),
		Remedy:  "begin again without a cursor",
	}
}
