package workspace

import (
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/tag"
)

// checkSchedule says what is wrong with a schedule.
func checkSchedule(def *usercodev1.ScheduleDefinition) error {
	if err := tag.CheckName(def.GetName()); err != nil {
		return err
	}
	if !validName(def.GetJob()) {
		return fmt.Errorf("its job is called %s", quoted(def.GetJob()))
	}
	if n := len(def.GetCrons()); n < 1 || n > maxCrons {
		return fmt.Errorf("it has %d crons; 1 to %d are possible", n, maxCrons)
	}
	if _, err := calendar.New(def.GetZone(), def.GetCrons()...); err != nil {
		return err
	}
	if m := def.GetMissedTicks(); m.GetPolicy() == usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL && (m.GetAtMost() < 1 || m.GetAtMost() > maxMissedTicks) {
		return fmt.Errorf("it makes up for %d missed ticks; 1 to %d are possible", m.GetAtMost(), maxMissedTicks)
	}
	switch makes := def.GetMakes().(type) {
	case *usercodev1.ScheduleDefinition_Fixed, *usercodev1.ScheduleDefinition_Partitions:
	case *usercodev1.ScheduleDefinition_Evaluated:
		if err := checkDuration("timeout", makes.Evaluated.GetTimeout()); err != nil {
			return err
		}
	default:
		return errors.New("this host does not know what it makes; a newer one may")
	}
	return checkTags(def.GetTags())
}

// checkSensor says what is wrong with a sensor.
func checkSensor(def *usercodev1.SensorDefinition) error {
	if err := tag.CheckName(def.GetName()); err != nil {
		return err
	}
	if n := len(def.GetJobs()); n > maxSensorJobs {
		return fmt.Errorf("it names %d jobs; the limit is %d", n, maxSensorJobs)
	}
	for _, job := range def.GetJobs() {
		if !validName(job) {
			return fmt.Errorf("one of its jobs is called %s", quoted(job))
		}
	}
	if err := checkDuration("interval", def.GetInterval()); err != nil {
		return err
	}
	switch looks := def.GetLooks().(type) {
	case *usercodev1.SensorDefinition_Evaluated:
		if err := checkDuration("timeout", looks.Evaluated.GetTimeout()); err != nil {
			return err
		}
	case *usercodev1.SensorDefinition_RunStatus:
		if err := checkDuration("timeout", looks.RunStatus.GetTimeout()); err != nil {
			return err
		}
	default:
		return errors.New("this host does not know what makes it look; a newer one may")
	}
	return checkTags(def.GetTags())
}

// checkDuration says what is wrong with a duration; an unset one is none.
func checkDuration(what string, d *durationpb.Duration) error {
	if d == nil {
		return nil
	}
	if err := d.CheckValid(); err != nil {
		return fmt.Errorf("its %s is no length of time", what)
	}
	if d.AsDuration() < 0 {
		return fmt.Errorf("its %s is negative", what)
	}
	return nil
}

// Times of evaluations.
const (
	defaultEvaluation = time.Minute
	maxEvaluation     = 10 * time.Minute
	// evaluationGrace is how much longer a server may take to answer than the evaluation.
	evaluationGrace = 10 * time.Second
)

// evaluationTimeout is how long an evaluation may take.
func evaluationTimeout(d *durationpb.Duration) time.Duration {
	if d == nil || d.AsDuration() <= 0 {
		return defaultEvaluation
	}
	return min(d.AsDuration(), maxEvaluation)
}
