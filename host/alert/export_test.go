package alert

// FirstRest is the constant of that name.
const FirstRest = firstRest

// Wake makes the loop look.
func (a *Alerter) Wake() {
	select {
	case a.wake <- struct{}{}:
	default:
	}
}
