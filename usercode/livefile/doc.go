// Package livefile reads files for processes that run for long, and again when
// the files change, so that a renewed certificate or a corrected configuration
// needs no restart.
//
// [File] is one file, [Pair] a certificate with its key, [Authorities] the
// certificates to trust. Looking whether a file is another one than before is
// one call of the operating system; it works for files that are written in
// place, renamed over, or reached through a link that is switched, as those of
// a Kubernetes volume. Certificates that cannot be used, perhaps because their
// key is not there yet, change nothing: the old ones stay in use.
//
// It is here because the host's program and user-code servers both need it; a
// team's code has no use for it.
package livefile
