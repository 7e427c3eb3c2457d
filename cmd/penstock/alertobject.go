package main

import "time"

// alertList is all alerts, in the order of the configuration.
type alertList struct {
	Alerts []alertObject `json:"alerts"`
}

// alertObject is an alert.
type alertObject struct {
	Name       string          `json:"name"`
	When       string          `json:"when"`       // selector; empty: all runs
	About      string          `json:"about"`      // ended, or how late
	Target     string          `json:"target"`     // without secrets
	Waiting    uint32          `json:"waiting"`    // messages that are not delivered yet
	Deliveries []alertDelivery `json:"deliveries"` // the last messages, newest first, at most 10
}

// alertDelivery is a message.
type alertDelivery struct {
	Run         string     `json:"run"`
	DueAt       *time.Time `json:"due_at"`
	DeliveredAt *time.Time `json:"delivered_at"` // null while it is not
	Tries       uint32     `json:"tries"`
	Error       string     `json:"error"` // of the last try; empty when it did not fail
	GivenUp     bool       `json:"given_up"`
}

// alertTest is what became of a test.
type alertTest struct {
	Name      string `json:"name"`
	Delivered bool   `json:"delivered"`
	Error     string `json:"error"`
	Body      string `json:"body"` // what was sent, as text
}
