package main

import "time"

// backupObject is a backup that was taken.
type backupObject struct {
	File    string     `json:"file"`
	Store   string     `json:"store"` // that it is of
	TakenAt *time.Time `json:"taken_at"`
	Bytes   int64      `json:"bytes"`
}

// restoredObject is a store that was restored.
type restoredObject struct {
	Directory  string     `json:"directory"`
	Store      string     `json:"store"`
	TakenAt    *time.Time `json:"taken_at"`   // of the backup
	Generation uint64     `json:"generation"` // how often the store was restored
	Runs       int        `json:"runs"`
	Queued     int        `json:"queued"` // runs that go on
	Failed     int        `json:"failed"` // runs that had been started and so have failed
}

// compactedObject is what compacting a store has done.
type compactedObject struct {
	Directory string                `json:"directory"`
	Files     []compactedFileObject `json:"files"`
}

type compactedFileObject struct {
	Name   string `json:"name"`
	Before int64  `json:"bytes_before"`
	After  int64  `json:"bytes_after"`
}

// fsckObject is what is wrong with a store.
type fsckObject struct {
	Directory string         `json:"directory"`
	Format    uint64         `json:"format"`
	Files     uint64         `json:"files"`
	Runs      uint64         `json:"runs"`
	Records   uint64         `json:"records"`
	Problems  []damageObject `json:"problems"`
}

type damageObject struct {
	File     string `json:"file"`
	Message  string `json:"message"`
	Mendable bool   `json:"mendable"` // by --repair
}
