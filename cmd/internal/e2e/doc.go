// Package e2e tests what is promised across processes: the host, user-code
// servers and workers as their own binaries, on loopback, killed and restarted.
package e2e
