package worker

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// OutputHeader is how many bytes at the beginning of the file behind a worker's output are not output: the server that
// makes the file leaves them out. Before it runs user code, the worker writes there which variables of its environment
// are secrets, so that the server can take their values out of the last words of a process that crashed.
const OutputHeader = 4 << 10

// writeSecretNames keeps the names, one a line. Names never hold what ends a line.
func writeSecretNames(f *os.File, variables []string) error {
	text := strings.Join(variables, "\n") + "\n"
	if len(text) > OutputHeader {
		text = "\n" // nobody's name: the server then repeats nothing
	}
	if _, err := f.WriteAt([]byte(text), 0); err != nil {
		return fmt.Errorf("write names of secrets: %w", err)
	}
	return nil
}

// SecretNames are the variables that hold secrets of the worker that writes to the file; none before it has read its
// config. An error means that nothing that the worker has written may be repeated.
func SecretNames(f *os.File) ([]string, error) {
	header := make([]byte, OutputHeader)
	n, _ := f.ReadAt(header, 0) // a file that is shorter has no output either
	text := string(bytes.TrimRight(header[:n], "\x00"))
	if text == "" {
		return nil, nil
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, line := range lines {
		if line == "" || strings.ContainsRune(line, 0) {
			return nil, errors.New("the worker had more secrets than it could name")
		}
	}
	return lines, nil
}
