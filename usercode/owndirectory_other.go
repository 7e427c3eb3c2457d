//go:build !unix

package usercode

import "os"

// ownDirectory is whether path is a directory; here the directory for temporary files is the user's own.
func ownDirectory(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.IsDir()
}
