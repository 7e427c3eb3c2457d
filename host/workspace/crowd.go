package workspace

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// crowd knows which locations lead to which server processes, to tell people
// of locations that lead to the same one. All methods may be called concurrently.
type crowd struct {
	// publish is told the locations that share a server since, or do not any more.
	publish func(location string)

	mu      sync.Mutex
	servers map[string][]string // the locations of each server process
}

// enter notes that a location leads to a server process.
func (c *crowd) enter(server, location string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.servers == nil {
		c.servers = map[string][]string{}
	}
	c.tell(server, location)
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
	c.tell(server, location)
}

// tell publishes a location and those that share a server with it, unless they
// are so many that nobody reads their names. mu must be held.
func (c *crowd) tell(server, location string) {
	if others := c.servers[server]; len(others) > 0 && len(others) <= maxNeighbours {
		for _, other := range others {
			c.publish(other)
		}
		c.publish(location)
	}
}

// notice names the other locations that lead to one of a location's servers;
// empty when there are none.
func (c *crowd) notice(location string, replicas []*replica) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var names []string
	for _, r := range replicas {
		for _, n := range c.servers[r.id] {
			if n != location && !slices.Contains(names, n) && len(names) <= maxNeighbours {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return "It has the same server as location " + names[0] + ": both list the same jobs."
	case n <= maxNeighbours:
		return "It has the same server as locations " + strings.Join(names, ", ") + ": all list the same jobs."
	default:
		return fmt.Sprintf("It has the same server as more than %d other locations: all list the same jobs.", maxNeighbours)
	}
}
