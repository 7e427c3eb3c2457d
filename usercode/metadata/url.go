package metadata

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"unicode"
)

// URL is a link: an absolute http, https or mailto address, or a path on the host's own origin that starts with
// one slash. At most 2,048 bytes, without spaces.
func URL(s string) Value {
	if err := checkLink(s); err != nil {
		return invalid(KindURL, err)
	}
	return Value{kind: KindURL, payload: s}
}

// SafeLink reports whether a text may become the target of a link: the rule of URL, for links from elsewhere.
func SafeLink(s string) bool { return checkLink(s) == nil }

// checkLink refuses what browsers and net/url read differently (spaces, control characters, backslashes, a missing
// host), so that what is checked here is what a click opens.
func checkLink(s string) error {
	if s == "" {
		return errors.New("the URL is empty")
	}
	if err := checkText("the URL", s, MaxURLBytes); err != nil {
		return err
	}
	for _, r := range s {
		if unicode.IsSpace(r) || !unicode.IsGraphic(r) || r == '\\' {
			return fmt.Errorf("the URL %s holds %q; encode it with percent signs", quote(s), r)
		}
	}
	u, err := url.Parse(s)
	if err != nil {
		reason := err
		if parse, ok := errors.AsType[*url.Error](err); ok {
			reason = parse.Err // the outer error repeats the URL at full length
		}
		return fmt.Errorf("the URL %s cannot be read: %w", quote(s), reason)
	}
	switch u.Scheme {
	case "http", "https":
		if u.Hostname() == "" {
			return fmt.Errorf("the URL %s names no host; write it as %s://host/path", quote(s), u.Scheme)
		}
		return nil
	case "mailto":
		if u.Opaque == "" {
			return fmt.Errorf("the URL %s names no address; write it as mailto:name@host", quote(s))
		}
		return nil
	case "":
		if strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//") {
			return nil
		}
		return fmt.Errorf("the URL %s has no scheme; use http, https or mailto, or a path that starts with one /", quote(s))
	}
	return fmt.Errorf("the URL %s has the scheme %s; use http, https or mailto, or a path that starts with one /", quote(s), quote(u.Scheme))
}
