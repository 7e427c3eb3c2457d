package host

// shape is a graph with its parts by name and by the map that they are directly in.
type shape struct {
	nodes   map[string]*Node
	in      map[string][]*Node
	maps    map[string][]*Map
	parents map[string]string
	shapes  shapes
}

// shapes has the shape of each graph, whatever number of times it is placed.
type shapes map[*Graph]*shape

func (s shapes) of(g *Graph) *shape {
	if known := s[g]; known != nil {
		return known
	}
	made := &shape{nodes: map[string]*Node{}, in: map[string][]*Node{}, maps: map[string][]*Map{}, parents: map[string]string{}, shapes: s}
	s[g] = made
	for i := range g.Nodes {
		n := &g.Nodes[i]
		made.nodes[n.Name] = n
		made.in[n.Map] = append(made.in[n.Map], n)
	}
	for i := range g.Maps {
		m := &g.Maps[i]
		made.parents[m.Name] = m.Parent
		made.maps[m.Parent] = append(made.maps[m.Parent], m)
	}
	return made
}

// within tells whether a map is outer or inside of it. Everything is inside of the empty one.
func (s *shape) within(name, outer string) bool {
	for name != outer && name != "" {
		name = s.parents[name]
	}
	return name == outer
}

// pathOf is the path of a node, with a place for the key of each map that it is in.
func (s *shape) pathOf(n *Node, prefix opPath) opPath {
	path := prefix.followedBy(n.Name)
	for m := n.Map; m != ""; m = s.parents[m] {
		path = append(path, "")
	}
	return path
}

// allOps calls f with the paths of all ops of the graph until it answers false, and tells whether it never did.
func (s *shape) allOps(prefix opPath, f func(opPath) bool) bool { return s.eachOp("", prefix, f) }

// eachOp is allOps of those in a map, and in the maps inside.
func (s *shape) eachOp(of string, prefix opPath, f func(opPath) bool) bool {
	for _, n := range s.in[of] {
		path := s.pathOf(n, prefix)
		if n.Graph == nil {
			if !f(path) {
				return false
			}
		} else if !s.shapes.of(n.Graph).allOps(path.followedBy("."), f) {
			return false
		}
	}
	for _, m := range s.maps[of] {
		if !s.eachOp(m.Name, prefix, f) {
			return false
		}
	}
	return true
}
