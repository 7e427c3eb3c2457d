package workspace

import (
	"maps"
	"slices"
	"sync"
)

// crowd knows which locations lead to which server processes, to tell people
// of locations that lead to the same one. All methods may be called concurrently.
type crowd struct {
	// publish is told the locations whose neighbours changed.
	publish func(location string)

	mu      sync.Mutex
	servers map[string][]string // the locations of each server process
	shared  map[[2]string]int   // how many servers two locations share; both orders
}

// enter notes that a location leads to a server process.
func (c *crowd) enter(server, location string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.servers == nil {
		c.servers, c.shared = map[string][]string{}, map[[2]string]int{}
	}
	for _, other := range c.servers[server] {
		c.share(location, other, 1)
	}
	c.servers[server] = append(c.servers[server], location)
}

// leave notes that it does not any more.
func (c *crowd) leave(server, location string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	rest := slices.DeleteFunc(c.servers[server], func(n string) bool { return n == location })
	if len(rest) == 0 {
		delete(c.servers, server)
		return
	}
	c.servers[server] = rest
	for _, other := range rest {
		c.share(location, other, -1)
	}
}

// share changes how many servers two locations share. mu must be held.
func (c *crowd) share(a, b string, by int) {
	for _, pair := range [][2]string{{a, b}, {b, a}} {
		before := c.shared[pair]
		if c.shared[pair] = before + by; before+by == 0 {
			delete(c.shared, pair)
		}
		if before == 0 || before+by == 0 {
			c.publish(pair[0])
		}
	}
}

// neighbours are the locations that share a server with this one, sorted.
func (c *crowd) neighbours(location string) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.shared) == 0 {
		return nil
	}
	names := map[string]bool{}
	for pair := range c.shared {
		if pair[0] == location {
			names[pair[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
