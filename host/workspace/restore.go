package workspace

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// restoreAll gives locations what is kept of them, before they are run. What
// cannot be restored is a line in the log: the location then begins with nothing.
func (w *Workspace) restoreAll(ctx context.Context, locations []*location) {
	if w.keeper.store == nil || len(locations) == 0 {
		return
	}
	all, err := w.keeper.store.KnownLocations(ctx)
	if err != nil {
		w.logger.Warn("some of what was known of code locations cannot be read; they have no jobs until they answer", "error", err)
	}
	known := make(map[string]*host.KnownLocation, len(all))
	for i := range all {
		known[all[i].Name] = &all[i]
	}
	var restoring sync.WaitGroup
	places := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, l := range locations {
		if k := known[l.name]; k != nil {
			places <- struct{}{}
			restoring.Go(func() {
				l.recall(ctx, k)
				<-places
			})
		}
	}
	restoring.Wait()
}

// recall puts into use what is known of the location. The gate decides anew, by
// the report of then and the host and policy of now.
func (l *location) recall(ctx context.Context, k *host.KnownLocation) {
	d, err := l.recalled(ctx, k)
	if err != nil {
		l.logger.Warn("what was known of a code location cannot be used; it has no jobs until it answers", "location", l.name, "error", err)
		return
	}
	l.restore(d, k.AnsweredAt)
	l.metrics.setState(l.name, l.state, len(d.jobs))
	if d.policy.AllowDevVersions == k.AllowDevVersions && d.holds(k) {
		l.keeping.saved = d
	}
	l.logger.Info("definitions restored", "location", l.name, "repositories", len(d.repositories), "jobs", len(d.jobs),
		"digest", d.root.String(), "answered_at", k.AnsweredAt)
}

// recalled makes definitions of what is known, and checks every digest.
func (l *location) recalled(ctx context.Context, k *host.KnownLocation) (*definitions, error) {
	r, err := recalledReport(k.ServerInfo)
	if err != nil {
		return nil, err
	}
	if c := versioncheck.DecideLocation(r.judged(), l.host); !c.Compatible {
		return nil, fmt.Errorf("its server is none that this host can work with: %s", c.Message)
	}
	o := &outcome{allowed: l.decide(r).State == versioncheck.StateShown, root: k.Root, bodies: map[host.Digest][]byte{}}
	fetch := func(d host.Digest) {
		if _, have := o.bodies[d]; have || d.IsZero() || err != nil {
			return
		}
		var body []byte
		if body, err = l.keeper.store.Body(ctx, d); err == nil && digestOf(body) != d {
			err = fmt.Errorf("body %s is another one", d)
		}
		o.bodies[d] = body
	}
	lacking := false
	root := newSummer()
	for _, kept := range k.Repositories {
		m := &manifestRepository{name: kept.Name, digest: kept.Digest, body: kept.Body, jobs: make([]manifestJob, 0, len(kept.Jobs))}
		fetch(kept.Body)
		for _, j := range kept.Jobs {
			m.jobs = append(m.jobs, manifestJob{name: j.Name, definition: j.Definition, metadata: j.Metadata, entries: j.MetadataEntries})
			fetch(j.Definition)
			if o.allowed && j.MetadataHeld {
				fetch(j.Metadata)
			}
			lacking = lacking || o.allowed && !j.MetadataHeld && !j.Metadata.IsZero()
		}
		if repositoryDigest(m.body, m.jobs) != m.digest {
			return nil, fmt.Errorf("the digest of repository %s is not that of its jobs", quoted(m.name))
		}
		root.item([]byte(m.name))
		root.digest(m.digest)
		o.repositories = append(o.repositories, m)
	}
	if err != nil {
		return nil, err
	}
	if root.sum() != k.Root {
		return nil, errors.New("its digest is not that of its repositories")
	}
	d := l.define(r, k.Root, assemble(o, nil), k.LoadedAt)
	d.lacking = lacking
	return d, nil
}

func recalledReport(encoded []byte) (report, error) {
	if len(encoded) == 0 {
		return report{}, nil
	}
	var info usercodev1.ServerInfo
	if err := proto.Unmarshal(encoded, &info); err != nil {
		return report{}, fmt.Errorf("the report of its server: %w", err)
	}
	return newReport(&info)
}

// holds says whether d holds just the metadata that is stored.
func (d *definitions) holds(k *host.KnownLocation) bool {
	for i, r := range d.repositories {
		for n, j := range r.jobs {
			if (j.metadata.body != nil) != k.Repositories[i].Jobs[n].MetadataHeld {
				return false
			}
		}
	}
	return true
}
