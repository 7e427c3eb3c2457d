package host

// MapInstances are the instances that a run made of ops that are mapped, as an event of kind map_expanded tells; the
// pages of one map may be given one by one or joined.
type MapInstances struct {
	// OpPaths are the ops, with the keys of the maps around, without those of this one: "parse", "load[a].parse".
	OpPaths []string
	// Keys of the instances, in the order of the items.
	Keys []string
}

// OpsWith is Ops with the instances that a run made. In place of a mapped op there are its instances, each an op of its own:
// "parse[a]" needs "list_files" and feeds what is behind it for the same item, then what takes the list of all. A mapped
// op whose map is not among known stays as it is, with the keys of the maps around it.
//
// In a selection "parse" and "load" are all instances and "parse[a]" is one. Select answers the path without a key where all
// of its instances are selected, so that a run that makes other instances executes those.
func (d *JobDefinition) OpsWith(_ []MapInstances) *OpGraph {
	return d.Ops() // no node of a definition can be mapped yet
}
