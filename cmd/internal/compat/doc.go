// Package compat runs hosts and user code of different versions against each other, as the binaries that people have:
// those of earlier releases, which `make compat` builds from their tags, and this source tree built with another protocol
// version.
package compat
