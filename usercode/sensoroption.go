package usercode

import "time"

// SensorOption is a [Job] that it may run, [Every], [Timeout], [Description], [Tags] or [DefaultOn]. The first job is the
// one of a [RunRequest] that names none.
type SensorOption interface{ applySensor(s *Sensor) }

// RunStatusSensorOption is a [Job] that it may run, [LastRetryOnly], [Timeout], [Description], [Tags] or [DefaultOn].
type RunStatusSensorOption interface{ applyRunStatusSensor(s *Sensor) }

func (j *Job) applySensor(s *Sensor)          { s.jobs = append(s.jobs, j) }
func (j *Job) applyRunStatusSensor(s *Sensor) { s.jobs = append(s.jobs, j) }

func (d Description) applySensor(s *Sensor)          { s.describe(string(d)) }
func (d Description) applyRunStatusSensor(s *Sensor) { s.describe(string(d)) }

func (t Tags) applySensor(s *Sensor)          { s.addTags(t) }
func (t Tags) applyRunStatusSensor(s *Sensor) { s.addTags(t) }

func (t Timeout) applySensor(s *Sensor)          { s.limit(t) }
func (t Timeout) applyRunStatusSensor(s *Sensor) { s.limit(t) }

func (DefaultOn) applySensor(s *Sensor)          { s.defaultOn = true }
func (DefaultOn) applyRunStatusSensor(s *Sensor) { s.defaultOn = true }

// Every is the time from the end of an evaluation of a sensor to the next one, from a second to a day; 30 seconds when it
// is not given.
type Every time.Duration

func (e Every) applySensor(s *Sensor) {
	if d := time.Duration(e); d < minSensorInterval || d > maxSensorInterval {
		s.faultf("Every is %v; it is a time from %v to %v", d, minSensorInterval, maxSensorInterval)
		return
	}
	s.interval = time.Duration(e)
}

// LastRetryOnly leaves out runs that will be tried again automatically, until the last retry has ended.
type LastRetryOnly struct{}

func (LastRetryOnly) applyRunStatusSensor(s *Sensor) { s.status.LastRetryOnly = true }
