package spec

import "sync"

var groups = struct {
	sync.Mutex
	running map[int]int // process group → how many hold it
}{running: map[int]int{}}

// RegisterProcessGroup notes that an op has started programs in a process group of their own. forget takes it back;
// call it once, when the group has ended.
func RegisterProcessGroup(id int) (forget func()) {
	groups.Lock()
	defer groups.Unlock()
	groups.running[id]++
	return func() {
		groups.Lock()
		defer groups.Unlock()
		if groups.running[id]--; groups.running[id] == 0 {
			delete(groups.running, id)
		}
	}
}

// ProcessGroups are those that are running. A process that ends itself without waiting for its ops kills them first.
func ProcessGroups() []int {
	groups.Lock()
	defer groups.Unlock()
	ids := make([]int, 0, len(groups.running))
	for id := range groups.running {
		ids = append(ids, id)
	}
	return ids
}
