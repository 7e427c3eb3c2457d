package hosttest

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
)

var addresses atomic.Uint32

// OwnAddress is a loopback address, with port 0, that no other process and no
// other caller uses: a port that was let go for a moment stays free there,
// while one of 127.0.0.1 is anybody's.
func OwnAddress() string {
	if runtime.GOOS != "linux" { // where 127.0.0.1 is the only one
		return "127.0.0.1:0"
	}
	n, pid := addresses.Add(1), os.Getpid()
	return fmt.Sprintf("127.%d.%d.%d:0", 1+pid%250, 1+n/250%250, 1+n%250)
}
