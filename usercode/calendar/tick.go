package calendar

// next is the first instant of a pattern after one.
func (c *clock) next(p *pattern, after int64) (int64, bool) {
	if p.hourly() {
		return c.nextHourly(p, after)
	}
	wall, ok := p.next(c.reached(after) + 1)
	if !ok {
		return 0, false
	}
	return c.first(wall), true
}

// prev is the last instant of a pattern before one.
func (c *clock) prev(p *pattern, before int64) (int64, bool) {
	if p.hourly() {
		return c.prevHourly(p, before)
	}
	wall, ok := p.prev(c.reached(before - 1))
	if !ok {
		return 0, false
	}
	return c.first(wall), true
}

// nextHourly goes from stretch to stretch: in each of them the clock shows every time once.
func (c *clock) nextHourly(p *pattern, after int64) (int64, bool) {
	from := after + 1
	for s := c.at(from); ; s = c.at(from) {
		if from == s.from {
			if _, ok := c.swallowed(p, s); ok {
				return s.from, true
			}
		}
		wall, ok := p.next(from + s.offset)
		switch {
		case !ok:
			return 0, false
		case wall-s.offset < s.to:
			return wall - s.offset, true
		}
		from = s.to
	}
}

func (c *clock) prevHourly(p *pattern, before int64) (int64, bool) {
	until := before - 1
	for {
		s := c.at(until)
		wall, ok := p.prev(until + s.offset)
		switch {
		case !ok:
			return 0, false
		case wall-s.offset >= s.from:
			return wall - s.offset, true
		}
		if _, ok := c.swallowed(p, s); ok {
			return s.from, true
		}
		until = s.from - 1
	}
}

// swallowed is the first time of an hourly pattern that a gap before a stretch swallowed, of the hour in which it ends.
func (c *clock) swallowed(p *pattern, s stretch) (int64, bool) {
	if s.from == never {
		return 0, false
	}
	shown := s.from + s.offset
	wall, ok := p.next(max(c.reached(s.from-1)+1, floor(shown, hour)*hour))
	return wall, ok && wall < shown
}
