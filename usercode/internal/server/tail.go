package server

import (
	"os"

	"github.com/penstock-run/penstock/usercode/internal/mask"
	"github.com/penstock-run/penstock/usercode/internal/worker"
)

const maxTailBytes = 4 << 10

const withheld = "(what the worker printed last is not shown: it may hold secrets whose values this server does not have)"

// tailOf is the end of what the worker has printed, without the values of its secrets: those that the variables have
// here, of whose environment the worker's is a copy.
func tailOf(output *os.File, lookupEnv func(variable string) (value string, ok bool)) []byte {
	info, err := output.Stat()
	if err != nil || info.Size() <= worker.OutputHeader {
		return nil
	}
	variables, err := worker.SecretNames(output)
	if err != nil {
		return []byte(withheld)
	}
	values := make([]string, len(variables))
	for i, variable := range variables {
		value, _ := lookupEnv(variable)
		if len(value) < mask.MinBytes {
			return []byte(withheld)
		}
		values[i] = value
	}
	// Twice as much as is told, so that a value that the beginning cuts in two is mostly out of the part that is.
	tail := make([]byte, min(info.Size()-worker.OutputHeader, 2*maxTailBytes))
	n, _ := output.ReadAt(tail, info.Size()-int64(len(tail)))
	tail = mask.New(values).Bytes(tail[:n])
	return tail[max(0, len(tail)-maxTailBytes):]
}
