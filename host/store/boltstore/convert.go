package boltstore

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
)

func digestToProto(d host.Digest) []byte {
	if d.IsZero() {
		return nil
	}
	return d[:]
}

func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func timeFromProto(m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	return m.AsTime()
}
