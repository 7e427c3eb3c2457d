package boltstore

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// Reasons of this package's errors.
const (
	reasonLocked    = "STORE_LOCKED"
	reasonTooNew    = "STORE_TOO_NEW"
	reasonDamaged   = host.ReasonDamaged
	reasonMissing   = "STORE_FILE_MISSING"
	reasonClosed    = "STORE_CLOSED"
	reasonUnknown   = "STORE_OUTCOME_UNKNOWN"
	reasonStopped   = "STORE_STOPPED"
	reasonNoRun     = "RUN_NOT_FOUND"
	reasonNoHistory = "JOB_NOT_FOUND"
	reasonNoBody    = "BODY_NOT_FOUND"
	reasonBackup    = "BACKUP_RUNNING"
	reasonRunExists = "RUN_EXISTS"
	reasonNotFinal  = "RUN_NOT_FINAL"
	reasonGap       = "EVENT_GAP"
	reasonAttempt   = "EVENT_ATTEMPT"
	reasonArgument  = "STORE_ARGUMENT"
)

var errClosed = &host.Error{
	Code: host.Unavailable, Reason: reasonClosed,
	Message: "the store is closed", Remedy: "wait until the host runs again",
}

func noRun(id host.RunID) error {
	return &host.Error{Code: host.NotFound, Reason: reasonNoRun, Message: fmt.Sprintf("there is no run %.64q", id)}
}

func invalid(format string, args ...any) error {
	return &host.Error{Code: host.Invalid, Reason: reasonArgument, Message: fmt.Sprintf(format, args...)}
}

func conflict(reason, format string, args ...any) error {
	return &host.Error{Code: host.Conflict, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

// damaged is the error of a record that must not be served.
func damaged(bucket string, key []byte, cause error) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonDamaged,
		Message: fmt.Sprintf("the store is damaged: record %x of bucket %s: %v", key, bucket, cause),
		Remedy:  "stop the host, see with penstock fsck what else is damaged, and restore the data directory from a backup; check the disk",
		Err:     cause,
	}
}

// damagedIndex is the error of a part of the index that must not be served. The runs themselves are not damaged.
func damagedIndex(cause error) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonDamaged,
		Message: fmt.Sprintf("the store is damaged: %v", cause),
		Remedy:  "stop the host and run penstock fsck --repair, which builds the index anew from the runs; check the disk",
		Err:     cause,
	}
}

// damagedFile is the error of a database that cannot be read as such.
func damagedFile(path string, cause error) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonDamaged,
		Message: fmt.Sprintf("the store is damaged: %s: %v", path, cause),
		Remedy:  "see with penstock fsck what is damaged, and restore the data directory from a backup; check the disk",
		Err:     cause,
	}
}

// missingFile is the error of a file that belongs to the store and is gone or empty.
func missingFile(path string) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonMissing,
		Message: fmt.Sprintf("%s is missing or empty, though the store in its directory is in use", path),
		Remedy:  "restore the data directory from a backup; to start with an empty store, use another directory",
	}
}

// halfRestored is the error of a directory in which a store was to be, and is not yet.
func halfRestored(dir string) error {
	return &host.Error{
		Code: host.Internal, Reason: reasonMissing,
		Message: fmt.Sprintf("%s holds no store: restoring one into it was interrupted", dir),
		Remedy:  fmt.Sprintf("restore the backup again; to start with an empty store, remove %s there", partialName),
	}
}

func storeNotFound(dir string) error {
	return &host.Error{
		Code: host.NotFound, Reason: "STORE_NOT_FOUND", Message: fmt.Sprintf("%s holds no store", dir),
		Remedy: "name the directory that penstock serve is given with --data",
	}
}

func locked(dir string, cause error) error {
	return &host.Error{
		Code: host.Conflict, Reason: reasonLocked,
		Message: fmt.Sprintf("the data directory %s is in use by another process", dir),
		Remedy:  "stop the other host, or give this one another directory with --data",
		Err:     cause,
	}
}
