package boltstore

import (
	"crypto/sha256"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// marshalKnown makes the record of a location. AnsweredAt has a record of its own. The error is of the caller: text
// that is not UTF-8.
func marshalKnown(l *host.KnownLocation) ([]byte, error) {
	m := &storev1.KnownLocation{
		Name: l.Name, ServerInfo: l.ServerInfo, AllowDevVersions: l.AllowDevVersions, CodeVersion: l.CodeVersion,
		RootDigest: digestToProto(l.Root), LoadedAt: timeToProto(l.LoadedAt),
		Repositories: make([]*storev1.KnownRepository, 0, len(l.Repositories)),
	}
	for _, r := range l.Repositories {
		repository := &storev1.KnownRepository{
			Name: r.Name, Digest: digestToProto(r.Digest), BodyDigest: digestToProto(r.Body),
			Jobs: make([]*storev1.KnownJob, 0, len(r.Jobs)),
		}
		for _, j := range r.Jobs {
			repository.Jobs = append(repository.Jobs, &storev1.KnownJob{
				Name: j.Name, DefinitionDigest: digestToProto(j.Definition), MetadataDigest: digestToProto(j.Metadata),
				MetadataEntries: j.MetadataEntries, MetadataHeld: j.MetadataHeld,
			})
		}
		m.Repositories = append(m.Repositories, repository)
	}
	payload, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		return nil, invalid("location %.64q cannot be stored: %v", l.Name, err)
	}
	return payload, nil
}

// unmarshalKnown reads a payload of marshalKnown. Nothing of the location lies in payload.
func unmarshalKnown(payload []byte) (*host.KnownLocation, error) {
	m := &storev1.KnownLocation{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, err
	}
	l := &host.KnownLocation{
		Name: m.Name, ServerInfo: m.ServerInfo, AllowDevVersions: m.AllowDevVersions, CodeVersion: m.CodeVersion,
		Root: host.DigestFrom(m.RootDigest), LoadedAt: timeFromProto(m.LoadedAt),
		Repositories: make([]host.KnownRepository, 0, len(m.Repositories)),
	}
	for _, r := range m.Repositories {
		repository := host.KnownRepository{
			Name: r.Name, Digest: host.DigestFrom(r.Digest), Body: host.DigestFrom(r.BodyDigest),
			Jobs: make([]host.KnownJob, 0, len(r.Jobs)),
		}
		for _, j := range r.Jobs {
			repository.Jobs = append(repository.Jobs, host.KnownJob{
				Name: j.Name, Definition: host.DigestFrom(j.DefinitionDigest), Metadata: host.DigestFrom(j.MetadataDigest),
				MetadataEntries: j.MetadataEntries, MetadataHeld: j.MetadataHeld,
			})
		}
		l.Repositories = append(l.Repositories, repository)
	}
	return l, nil
}

// reportOf is the report that a location came with, as a row of history names it.
func reportOf(l *host.KnownLocation) *storev1.PeriodReport {
	r := &storev1.PeriodReport{AllowDevVersions: l.AllowDevVersions, CodeVersion: l.CodeVersion}
	if len(l.ServerInfo) > 0 {
		sum := sha256.Sum256(l.ServerInfo)
		r.ServerInfoDigest = sum[:]
	}
	return r
}
