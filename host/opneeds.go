package host

import "slices"

// Needs are the ops that an op waits for directly, by data or by order, sorted; nil when there are none, or no such op.
// They are those of the whole job, also where a run executes only a part of it.
func (g *OpGraph) Needs(path string) []string {
	op := g.ops[path]
	if op == nil {
		return nil
	}
	var needs []string
	seen := map[*vertex]bool{op: true}
	for todo := slices.Clone(op.up); len(todo) > 0; {
		v := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch {
		case seen[v]:
		case v.path == "":
			todo = append(todo, v.up...)
		default:
			needs = append(needs, v.path)
		}
		seen[v] = true
	}
	slices.Sort(needs)
	return needs
}
