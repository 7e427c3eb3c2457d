// Package blobstore is an output.Store in a bucket of gocloud.dev/blob, which the drivers share.
package blobstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/penstock-run/penstock/usercode/output"
)

// maxDeletes is how many blobs are deleted at a time.
const maxDeletes = 16

type store struct{ bucket *blob.Bucket }

// New makes a store of a bucket, which it closes.
func New(bucket *blob.Bucket) output.Store { return store{bucket} }

// Open is an output.Driver for every scheme that gocloud.dev/blob knows in this binary. The path of the URL is a
// folder in the bucket; its parameters are those of gocloud.dev/blob.
func Open(ctx context.Context, u *url.URL) (output.Store, error) {
	folder := strings.Trim(u.Path, "/")
	bare := *u
	bare.Path, bare.RawPath = "", ""
	// Credentials that are renewed later keep the context.
	bucket, err := blob.OpenBucket(context.WithoutCancel(ctx), bare.String())
	if err != nil {
		return nil, withoutParameters(err, u)
	}
	if folder != "" {
		bucket = blob.PrefixedBucket(bucket, folder+"/")
	}
	return New(bucket), nil
}

// withoutParameters keeps what may be a secret out of an error, which repeats the URL.
func withoutParameters(err error, u *url.URL) error {
	text := err.Error()
	for _, secret := range []string{u.RawQuery, u.User.String()} {
		if secret != "" {
			text = strings.ReplaceAll(text, secret, "…")
		}
	}
	return errors.New(text)
}

func (s store) Put(ctx context.Context, name string, data []byte) error {
	if err := check(ctx, name); err != nil {
		return err
	}
	opts := &blob.WriterOptions{ContentType: "application/octet-stream", DisableContentTypeDetection: true}
	if err := s.bucket.WriteAll(ctx, name, data, opts); err != nil {
		return fmt.Errorf("store output %s: %w", name, err)
	}
	return nil
}

func (s store) Get(ctx context.Context, name string, limit int64) ([]byte, error) {
	if err := check(ctx, name); err != nil {
		return nil, err
	}
	r, err := s.bucket.NewReader(ctx, name, nil)
	if err != nil {
		return nil, fmt.Errorf("read output %s: %w", name, asNotFound(err))
	}
	defer func() { _ = r.Close() }() // it was only read
	if r.Size() > limit {
		return nil, fmt.Errorf("read output %s: it has %d bytes, and %d were expected at most", name, r.Size(), limit)
	}
	data := make([]byte, r.Size())
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, fmt.Errorf("read output %s: %w", name, err)
	}
	return data, nil
}

func (s store) Copy(ctx context.Context, from, to string) error {
	if err := check(ctx, from, to); err != nil {
		return err
	}
	if err := s.bucket.Copy(ctx, to, from, nil); err != nil {
		return fmt.Errorf("copy output %s to %s: %w", from, to, asNotFound(err))
	}
	return nil
}

func (s store) List(ctx context.Context, prefix string) ([]string, error) {
	if err := check(ctx, prefix); err != nil {
		return nil, err
	}
	var names []string
	for list := s.bucket.List(&blob.ListOptions{Prefix: prefix + "/"}); ; {
		object, err := list.Next(ctx)
		switch {
		case errors.Is(err, io.EOF):
			slices.Sort(names)
			return names, nil
		case err != nil:
			return nil, fmt.Errorf("list outputs below %s: %w", prefix, err)
		case !object.IsDir && output.CheckName(object.Key) == nil: // what others have put there is not ours
			names = append(names, object.Key)
		}
	}
}

func (s store) Delete(ctx context.Context, name string) error {
	below, err := s.List(ctx, name)
	if err != nil {
		return fmt.Errorf("delete output %s: %w", name, err)
	}
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		wrong error // the first
		slots = make(chan struct{}, maxDeletes)
	)
	if len(below) == 0 {
		below = []string{name}
	}
	for _, one := range below {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			if err := s.bucket.Delete(ctx, one); err != nil && gcerrors.Code(err) != gcerrors.NotFound {
				mu.Lock()
				defer mu.Unlock()
				if wrong == nil {
					wrong = fmt.Errorf("delete output %s: %w", one, err)
				}
			}
		})
	}
	group.Wait()
	return wrong
}

func (s store) Close() error { return s.bucket.Close() }

// check is about the names, and a context that has ended, which not every bucket looks at.
func check(ctx context.Context, names ...string) error {
	for _, name := range names {
		if err := output.CheckName(name); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func asNotFound(err error) error {
	if gcerrors.Code(err) == gcerrors.NotFound {
		return fmt.Errorf("%w: %w", output.ErrNotFound, err)
	}
	return err
}
