package workspace

import (
	"errors"
	"fmt"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/tag"
)

// partitionsField is the number of JobDefinition.partitions.
const partitionsField = 11

var partitionsDescriptor = (&usercodev1.PartitionsDefinition{}).ProtoReflect().Descriptor()

// PartitionsRefusal says that the gate refuses partitions, and why; nil when
// they are allowed, whether or not the job has any.
func (j *Job) PartitionsRefusal() *Refusal {
	r := RefusalOf(j.from.gates.partitions, j.Name.Location, 0)
	if r == nil {
		return nil
	}
	if _, encoded := cutPartitions(j.DefinitionBody); encoded != nil {
		r.Withheld = 1
	}
	return r
}

// Partitions are those of the job; nil when it has none. They are shared: do not
// change them. Refused when the gate refuses them, Invalid when they, or the
// whole definition, cannot be used: a job whose partitions cannot be used is
// there without them.
func (j *Job) Partitions() (*host.Partitions, error) {
	if r := j.PartitionsRefusal(); r != nil {
		return nil, r.Err("partitions of job " + j.Name.String())
	}
	def, err := j.Definition()
	if err != nil {
		return nil, err
	}
	if err := j.content.definition.partitionsErr(); err != nil {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "PARTITIONS_UNUSABLE",
			Message: fmt.Sprintf("the partitions of job %s cannot be used: %v", j.Name, err),
			Remedy:  "Correct them in the user code, or build it with an SDK of this host's version, and deploy it again.",
		}
	}
	return def.Partitions, nil
}

// Err is the refusal as an error about what was to be had.
func (r *Refusal) Err(what string) error {
	return &host.Error{Code: host.Refused, Reason: r.Code, Message: what + " cannot be had: " + r.Message, Remedy: r.Remedy}
}

// partedDefinition is a definition with its partitions, decoded once, and only
// when the gate allows them.
type partedDefinition struct {
	once       sync.Once
	definition *host.JobDefinition
	proto      *usercodev1.PartitionsDefinition
	err        error
}

// withPartitions is decode with the partitions, as far as they can be used.
func (b *definitionBody) withPartitions() (*host.JobDefinition, error) {
	plain, err := b.decode()
	if err != nil {
		return nil, err
	}
	b.parted.once.Do(func() { b.parted.decode(plain, b.body) })
	return b.parted.definition, nil
}

func (p *partedDefinition) decode(plain *host.JobDefinition, body []byte) {
	p.definition = plain
	_, encoded := cutPartitions(body)
	if encoded == nil {
		return
	}
	if p.err = newBudget().scan(encoded, partitionsDescriptor); p.err != nil {
		return
	}
	var def usercodev1.PartitionsDefinition
	if err := proto.Unmarshal(encoded, &def); err != nil {
		p.err = errors.New("they are damaged, or hold text that is not UTF-8")
		return
	}
	partitions, err := PartitionsOf(&def)
	if err != nil {
		p.err = err
		return
	}
	with := *plain
	with.Partitions = partitions
	p.definition, p.proto = &with, &def
}

// partitionsProto is the wire's form of partitions that can be used, the
// caller's to change. Only after withPartitions.
func (b *definitionBody) partitionsProto() *usercodev1.PartitionsDefinition {
	if _, err := b.withPartitions(); err != nil || b.parted.proto == nil {
		return nil
	}
	return proto.CloneOf(b.parted.proto)
}

// partitionsErr says why the partitions cannot be used; nil when they can.
func (b *definitionBody) partitionsErr() error {
	if _, err := b.withPartitions(); err != nil {
		return err
	}
	return b.parted.err
}

// PartitionsOf is the host's form of partitions. The error names the first
// thing that is wrong with them.
func PartitionsOf(def *usercodev1.PartitionsDefinition) (*host.Partitions, error) {
	if err := tag.CheckName(def.GetName()); err != nil {
		return nil, err
	}
	n := len(def.GetDimensions())
	if n < 1 || n > 2 {
		return nil, fmt.Errorf("they have %d dimensions; one or two are possible", n)
	}
	p := &host.Partitions{Name: def.GetName(), Description: def.GetDescription(), HasRunParts: def.GetHasRunParts()}
	for i, d := range def.GetDimensions() {
		if err := tag.CheckName(d.GetName()); err != nil {
			return nil, fmt.Errorf("dimension %d: %w", i+1, err)
		}
		if i > 0 && d.GetName() == p.Dimensions[0].Name {
			return nil, fmt.Errorf("both dimensions are called %s", d.GetName())
		}
		dimension, err := dimensionOf(d)
		if err != nil {
			return nil, fmt.Errorf("dimension %s: %w", d.GetName(), err)
		}
		p.Dimensions = append(p.Dimensions, dimension)
	}
	return p, nil
}

func dimensionOf(d *usercodev1.PartitionDimension) (host.PartitionDimension, error) {
	dimension := host.PartitionDimension{Name: d.GetName()}
	switch keys := d.GetKeys().(type) {
	case *usercodev1.PartitionDimension_Time:
		t := keys.Time
		unit, err := unitOf(t.GetUnit())
		if err != nil {
			return dimension, err
		}
		o := calendar.SpanOptions{
			Zone: t.GetZone(), Start: t.GetStart(), End: t.GetEnd(),
			Minute: int(t.GetMinute()), Hour: int(t.GetHour()), Day: int(t.GetDay()), EndOffset: int(t.GetEndOffset()),
		}
		if _, err := calendar.NewSpans(calendar.Unit(unit), o); err != nil {
			return dimension, err
		}
		dimension.Time = &host.TimePartitions{
			Unit: unit, Zone: o.Zone, Start: o.Start, End: o.End, Minute: o.Minute, Hour: o.Hour, Day: o.Day, EndOffset: o.EndOffset,
		}
	case *usercodev1.PartitionDimension_Static:
		if n := len(keys.Static.GetKeys()); n > host.MaxStaticPartitions {
			return dimension, fmt.Errorf("it has %d keys; the limit is %d", n, host.MaxStaticPartitions)
		}
		known := make(map[string]bool, len(keys.Static.GetKeys()))
		for _, key := range keys.Static.GetKeys() {
			if err := host.CheckPartitionKey(key); err != nil {
				return dimension, err
			}
			if known[key] {
				return dimension, fmt.Errorf("it has the key %s twice", quoted(key))
			}
			known[key] = true
		}
		dimension.Static = append([]string{}, keys.Static.GetKeys()...)
	case *usercodev1.PartitionDimension_Dynamic:
		dimension.Dynamic = true
	default:
		return dimension, errors.New("this host does not know what its keys are; a newer one may")
	}
	return dimension, nil
}

func unitOf(u usercodev1.TimeUnit) (host.TimeUnit, error) {
	switch u {
	case usercodev1.TimeUnit_TIME_UNIT_HOUR:
		return host.UnitHour, nil
	case usercodev1.TimeUnit_TIME_UNIT_DAY:
		return host.UnitDay, nil
	case usercodev1.TimeUnit_TIME_UNIT_WEEK:
		return host.UnitWeek, nil
	case usercodev1.TimeUnit_TIME_UNIT_MONTH:
		return host.UnitMonth, nil
	case usercodev1.TimeUnit_TIME_UNIT_UNSPECIFIED:
	}
	return "", fmt.Errorf("this host does not know the unit of time %d; a newer one may", u)
}
