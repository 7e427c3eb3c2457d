package outputs

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"path"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/engine"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/output"
)

// MayReuse tells whether an op can be left out at all: what it does besides its output would be missing.
func (k *Keeper) MayReuse(op *spec.Op) bool {
	return k.opts.Memoize && k.opts.Open != nil && op.CodeVersion != "" && !op.Transient && len(op.Outputs) > 0
}

// Reuse looks for the output that an earlier run has of the same. Whatever goes wrong, the op just runs.
func (k *Keeper) Reuse(ctx context.Context, use engine.Use) (r engine.Reused, ok bool) {
	key, ok := k.key(use)
	if !ok {
		return r, false
	}
	k.mu.Lock()
	k.keys[use.OpPath] = key
	k.mu.Unlock()
	record, err := k.recall(ctx, key)
	if err == nil && record != nil {
		r, err = k.take(ctx, use, record)
	}
	switch {
	case err != nil && errors.Is(err, output.ErrNotFound):
	case err != nil:
		k.opts.Logger.Warn("an op runs, though an earlier run may have its output", "op", use.OpPath, "error", err)
	case record != nil:
		k.later(func() { k.memorize(use.OpPath, r.Event) }) // so that it outlives the run that it is taken from
		return r, true
	}
	return engine.Reused{}, false
}

// key is over all that decides what the op yields, as far as it says so itself. The job is part of it because two jobs
// may have different ops of one name and version.
func (k *Keeper) key(use engine.Use) (key [32]byte, ok bool) {
	h := keyHash{sha256.New()}
	h.add("penstock memo 2", k.opts.Repository, k.opts.Job, use.Op.Name, use.Op.CodeVersion)
	out := use.Op.Outputs[0]
	h.add(out.Type, output.CodecOf(out.Go).Name())
	configs := configsOf(use.Op)
	h.count(len(configs))
	for _, name := range configs {
		h.add(name, string(k.opts.Configs[name]))
	}
	h.count(len(use.Inputs))
	for i, origin := range use.Inputs {
		of, ok := k.fingerprintOf(use, i, origin)
		if !ok {
			return key, false
		}
		h.add(use.Op.Inputs[i].Name, of.codec, string(of.digest[:]))
	}
	return [32]byte(h.Sum(nil)), true
}

// configsOf are those that the op reads, or a resource that it uses, sorted: another database yields something else.
func configsOf(op *spec.Op) []string {
	var names []string
	var add func(configs []*spec.Config, resources []*spec.Resource)
	add = func(configs []*spec.Config, resources []*spec.Resource) {
		for _, c := range configs {
			names = append(names, c.Name)
		}
		for _, r := range resources {
			add(r.Configs, r.Resources)
		}
	}
	add(op.Configs, op.Resources)
	slices.Sort(names)
	return slices.Compact(names)
}

// fingerprintOf is that of an input: of what another op has returned, or else of the bytes that its value makes.
func (k *Keeper) fingerprintOf(use engine.Use, input int, origin engine.Origin) (fingerprint, bool) {
	if origin.OpPath != "" {
		k.mu.Lock()
		defer k.mu.Unlock()
		of, ok := k.prints[origin.OpPath]
		return of, ok
	}
	var value any
	switch {
	case origin.Literal != nil:
		value = *origin.Literal
	case origin.Item != nil:
		value = origin.Item.Value
	default:
		value = use.Value(input)
	}
	data, codec, err := encode(use.Op.Inputs[input], value, DefaultMaxBytes)
	if err != nil {
		return fingerprint{}, false
	}
	return fingerprint{sha256.Sum256(data), codec}, true
}

// keyHash keeps what it is given apart by lengths.
type keyHash struct{ hash.Hash }

func (h keyHash) add(parts ...string) {
	for _, part := range parts {
		h.count(len(part))
		h.Write([]byte(part))
	}
}

func (h keyHash) count(n int) {
	var length [8]byte
	binary.BigEndian.PutUint64(length[:], uint64(n))
	h.Write(length[:])
}

// recall reads the record of a key; nil when there is none.
func (k *Keeper) recall(ctx context.Context, key [32]byte) (*workerv1.StoredOutput, error) {
	var text []byte
	err := k.call(ctx, 0, func(ctx context.Context, s output.Store) (err error) {
		text, err = s.Get(ctx, memoName(key), maxRecordBytes)
		return err
	})
	if errors.Is(err, output.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return readRecord(text)
}

func readRecord(text []byte) (*workerv1.StoredOutput, error) {
	var record workerv1.StoredOutput
	if err := proto.Unmarshal(text, &record); err != nil {
		return nil, fmt.Errorf("read a memo record: %w", err)
	}
	if err := CheckRun(record.GetRunId()); err != nil {
		return nil, fmt.Errorf("read a memo record: %w", err)
	}
	if n := len(record.GetOutput().GetDigest()); n != sha256.Size {
		return nil, fmt.Errorf("read a memo record: its digest has %d bytes", n)
	}
	return &record, nil
}

// take makes the output of another run one of this run.
func (k *Keeper) take(ctx context.Context, use engine.Use, record *workerv1.StoredOutput) (engine.Reused, error) {
	digest := [32]byte(record.GetOutput().GetDigest())
	theirs := proto.CloneOf(record.GetOutput())
	theirs.Address = address(record.GetRunId(), digest)
	value, err := k.read(ctx, use.Op.Outputs[0], theirs)
	if err != nil {
		return engine.Reused{}, fmt.Errorf("take the output of run %s: %w", record.GetRunId(), err)
	}
	ours := theirs
	ours.Name, ours.ReusedFrom, ours.NotStored = spec.ResultPort, record.GetRunId(), ""
	if record.GetRunId() != k.opts.RunID {
		from := theirs.GetAddress()
		ours.Address = address(k.opts.RunID, digest)
		err = k.call(ctx, int64(theirs.GetSize()), func(ctx context.Context, s output.Store) error {
			return s.Copy(ctx, from, ours.GetAddress())
		})
		if err != nil {
			return engine.Reused{}, fmt.Errorf("take the output of run %s: %w", record.GetRunId(), err)
		}
	}
	k.remember(use.OpPath, fingerprint{digest, ours.GetCodec()})
	return engine.Reused{Output: value, Event: ours}, nil
}

// memorize lets later runs find an output that is stored. The mark comes first: a record that nothing leads to from
// its run would outlive it.
func (k *Keeper) memorize(opPath string, event *workerv1.Output) {
	k.mu.Lock()
	key, ok := k.keys[opPath]
	k.mu.Unlock()
	if !ok {
		return
	}
	o := proto.CloneOf(event)
	o.ReusedFrom = ""
	record, err := proto.Marshal(&workerv1.StoredOutput{OpPath: opPath, RunId: k.opts.RunID, Output: o})
	if err == nil {
		err = k.call(k.ctx, int64(len(record)), func(ctx context.Context, s output.Store) error {
			if err := s.Put(ctx, markName(k.opts.RunID, key), nil); err != nil {
				return err
			}
			return s.Put(ctx, memoName(key), record)
		})
	}
	if err != nil {
		k.opts.Logger.Warn("later runs will not find the output of an op", "op", opPath, "error", err)
	}
}

// Delete removes what a run has in the store, with the memo records that name it. Deleting again is no error. The id
// has to be one that CheckRun accepts.
func Delete(ctx context.Context, s output.Store, run string) error {
	names, err := s.List(ctx, runsPrefix+run)
	if err != nil {
		return err
	}
	for _, name := range names {
		key, isMark := strings.CutPrefix(path.Base(name), markPrefix)
		if !isMark {
			continue
		}
		if digest, err := hex.DecodeString(key); err != nil || len(digest) != sha256.Size {
			continue
		}
		if err := forget(ctx, s, memoPrefix+key, run); err != nil {
			return err
		}
	}
	return s.Delete(ctx, runsPrefix+run)
}

// forget deletes a memo record, unless it names a newer run by now.
func forget(ctx context.Context, s output.Store, name, run string) error {
	text, err := s.Get(ctx, name, maxRecordBytes)
	if errors.Is(err, output.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if record, err := readRecord(text); err == nil && record.GetRunId() != run {
		return nil
	}
	return s.Delete(ctx, name)
}
