package engine

// value says what an input is made of: the output of an op, the item of a map, what the instances of a map yield, or
// parts that combine makes one value of. Frames say which instances are meant.
type value struct {
	op      *placement
	item    *mapping
	gather  *mapping // parts has one, the value of an instance, and combine makes the list
	parts   []value
	combine func(sources []any) any
}

// visit calls op with the placements and item with the mappings whose values it is made of.
func (v value) visit(op func(*placement), item func(*mapping)) {
	switch {
	case v.op != nil:
		op(v.op)
	case v.item != nil:
		item(v.item)
	}
	for _, part := range v.parts {
		part.visit(op, item)
	}
}

// build makes the value for an op in the frame. It runs functions of the author, so it may panic.
func (v value) build(f *frame) any {
	switch {
	case v.op != nil:
		return f.up(v.op.in).steps[v.op.slot].output
	case v.item != nil:
		at := f.up(v.item)
		return at.outer.maps[v.item.slot].items[at.index]
	}
	var parts []any
	if v.gather != nil {
		frames := f.up(v.gather.outer).maps[v.gather.slot].frames
		parts = make([]any, len(frames))
		for i, instance := range frames {
			parts[i] = v.parts[0].build(instance)
		}
	} else {
		parts = make([]any, len(v.parts))
		for i, part := range v.parts {
			parts[i] = part.build(f)
		}
	}
	return v.combine(parts)
}

// origin is what the value is made of, for an op in the frame.
func (v value) origin(f *frame) Origin {
	switch {
	case v.op != nil:
		return Origin{OpPath: f.up(v.op.in).steps[v.op.slot].path}
	case v.item != nil:
		at := f.up(v.item)
		items := at.outer.maps[v.item.slot].items
		return Origin{Item: &Item{Key: at.keys[len(at.keys)-1], Value: items[at.index]}, Parts: []Origin{v.item.items.origin(at.outer)}}
	}
	parts := []Origin{}
	if v.gather != nil {
		for _, instance := range f.up(v.gather.outer).maps[v.gather.slot].frames {
			parts = append(parts, v.parts[0].origin(instance))
		}
	} else {
		for _, part := range v.parts {
			parts = append(parts, part.origin(f))
		}
	}
	return Origin{Parts: parts}
}
