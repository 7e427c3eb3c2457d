package automation

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
)

// Faults are the faults of locations, by name.
func Faults(p Places) map[string]*host.Error {
	faults := map[string]*host.Error{}
	for _, l := range p.Locations() {
		if f := l.Fault; f != nil {
			faults[l.Name] = &host.Error{Code: host.Unavailable, Reason: f.Code, Message: f.Message, Remedy: f.Remedy}
		}
	}
	return faults
}

// Unheard is the problem of one whose location has not been heard of.
func Unheard(name host.AutomationName) error {
	return &host.Error{
		Code: host.Unavailable, Reason: "LOCATION_UNHEARD",
		Message: fmt.Sprintf("location %s has not said yet whether it has this %s", name.Location, name.Kind),
		Remedy:  "wait for it to answer, and look at the location if it does not",
	}
}

// Unusable is the problem of one whose definition is wrong.
func Unusable(name host.AutomationName, err error) error {
	return &host.Error{
		Code: host.Invalid, Reason: "DEFINITION",
		Message: fmt.Sprintf("the definition of %s %s cannot be used: %v", name.Kind, name, err),
		Remedy:  "correct it and deploy again",
	}
}

// Unreadable is the problem of one whose record in the store is damaged: how it is switched is not known either.
func Unreadable(name host.AutomationName) error {
	return &host.Error{
		Code: host.Internal, Reason: host.ReasonDamaged,
		Message: fmt.Sprintf("the store is damaged: what it keeps of %s %s, such as how it is switched and where it is, cannot be read", name.Kind, name),
		Remedy:  "stop the host, see with penstock fsck what else is damaged, and restore the data directory from a backup; check the disk",
	}
}

// Idle is why one that its location has makes no ticks whatever happens, or why it is not known what the location has;
// nil when it could make some, or is gone. there tells that there is a definition, wrong what is wrong with it.
func Idle(a *host.Automation, there bool, wrong error, refused *workspace.Refusal, fault *host.Error) error {
	switch {
	case !a.GoneSince.IsZero():
		return nil
	case refused != nil:
		return refused.Err(fmt.Sprintf("%s %s", a.Name.Kind, a.Name))
	case !there && fault != nil:
		return fault
	case !there:
		return Unheard(a.Name)
	case wrong != nil:
		return Unusable(a.Name, wrong)
	}
	return nil
}
