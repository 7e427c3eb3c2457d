package output

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// None is the location of no store: nothing is stored.
const None = "none"

// Driver opens the store at a URL whose scheme it was registered for. It does not have to reach it.
type Driver func(ctx context.Context, u *url.URL) (Store, error)

var drivers struct {
	sync.RWMutex
	byScheme map[string]Driver
	wrong    []error
}

// known are the packages of this module that are drivers.
var known = map[string]string{"s3": "s3", "gs": "gcs", "azblob": "azure"}

// Register makes d the driver of URLs with a scheme. Drivers call it from init.
func Register(scheme string, d Driver) {
	drivers.Lock()
	defer drivers.Unlock()
	switch {
	case d == nil || scheme == "" || scheme == "file":
		drivers.wrong = append(drivers.wrong, fmt.Errorf("driver of output stores %q: it is nil, or its scheme is empty or file", scheme))
	case drivers.byScheme[scheme] != nil:
		drivers.wrong = append(drivers.wrong, fmt.Errorf("driver of output stores %q: there are two; import one", scheme))
	default:
		if drivers.byScheme == nil {
			drivers.byScheme = map[string]Driver{}
		}
		drivers.byScheme[scheme] = d
	}
}

// Err is everything that was wrong with what was registered. Validate, Serve and Main of package usercode report it.
func Err() error {
	codecs.RLock()
	defer codecs.RUnlock()
	drivers.RLock()
	defer drivers.RUnlock()
	return errors.Join(slices.Concat(codecs.wrong, drivers.wrong)...)
}

// Open opens the store at a location: a directory as a path or a file URL, or the URL of a driver. A directory is made
// when something is stored. Errors repeat the location only as [Redact] shows it.
func Open(ctx context.Context, location string) (Store, error) {
	dir, u, err := parse(location)
	if err != nil {
		return nil, err
	}
	if dir != "" {
		return NewLocal(dir)
	}
	drivers.RLock()
	d := drivers.byScheme[u.Scheme]
	schemes := slices.Sorted(maps.Keys(drivers.byScheme))
	drivers.RUnlock()
	switch {
	case d != nil:
	case known[u.Scheme] != "":
		return nil, fmt.Errorf("open output store %s: this binary has no driver for it; add to its main package: import _ %q",
			Redact(location), "github.com/penstock-run/penstock/usercode/output/"+known[u.Scheme])
	default:
		return nil, fmt.Errorf("open output store %s: there is no driver for %q; this binary has file%s", Redact(location), u.Scheme,
			strings.Join(slices.Concat([]string{""}, schemes), ", "))
	}
	s, err := d(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("open output store %s: %w", Redact(location), err)
	}
	return s, nil
}

// parse takes a location apart: it is a directory, or else a URL.
func parse(location string) (dir string, u *url.URL, err error) {
	scheme, _, isURL := strings.Cut(location, "://")
	switch {
	case location == "" || strings.ContainsRune(location, 0):
		return "", nil, errors.New("the location of an output store is empty or has a zero byte; give a directory or a URL such as s3://bucket/prefix")
	case !isURL || strings.ContainsAny(scheme, `/\`):
		return location, nil, nil
	}
	u, err = url.Parse(location)
	if err != nil { // it would repeat the whole
		return "", nil, fmt.Errorf("output store %s: it is no URL that can be read; for a directory write file:///path", Redact(location))
	}
	if u.Scheme != "file" {
		return "", u, nil
	}
	if u.Host != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil || !filepath.IsAbs(u.Path) {
		return "", nil, fmt.Errorf("output store %s: a directory is file:///path, with three slashes and nothing behind the path", Redact(location))
	}
	return u.Path, nil, nil
}

// Absolute is the location as another working directory sees it.
func Absolute(location string) (string, error) {
	dir, _, err := parse(location)
	if err != nil || dir == "" {
		return location, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", fmt.Errorf("output store %s: %w", location, err)
	}
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String(), nil
}

// Redact is a location for people: without what may be a secret, which is a name, a password and parameters.
func Redact(location string) string {
	scheme, _, isURL := strings.Cut(location, "://")
	if !isURL || strings.ContainsAny(scheme, `/\`) {
		return location
	}
	u, err := url.Parse(location)
	if err != nil {
		return "that could not be read"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
