//go:build !unix

package worker

// Workers are not started on this system, see package server; definitions can be checked on it all the same.

func adoptDescendants() error { return nil }

func killDescendants() {}

// KillSession does nothing.
func KillSession(int) {}
