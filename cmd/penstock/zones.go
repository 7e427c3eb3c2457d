package main

// The host computes when schedules tick, also on a machine or in an image without a zone database. One that the machine
// has is used first, so that it can be kept up to date without a new host.
import _ "time/tzdata"
