package spec

// Map makes instances of nodes, one for each item of a list that is known only when the run executes.
type Map struct {
	Name   string // unique among the maps of its graph
	Parent *Map   // that it is inside of; nil when none
	Items  Value
	// Split makes the items out of the value of Items. Nil where there are none.
	Split func(list any) []any
	// Key is what the author's type calls the item; ok is false when it has no such method, and its index is the key. It runs
	// a method of the author's, so it may panic.
	Key func(item any) (key string, ok bool)
	// Origin is where the author made it, "file:line".
	Origin string
}

// Gather is the list of what the instances of a map yield, in the order of the items.
type Gather struct {
	Map   *Map
	Value Value // of one instance
	// List makes the typed list out of what they yield; of none an empty one.
	List func(yields []any) any
}

// Within reports whether m is outer or inside of it. Everything is within nil.
func (m *Map) Within(outer *Map) bool {
	for ; m != outer; m = m.Parent {
		if m == nil {
			return false
		}
	}
	return true
}
