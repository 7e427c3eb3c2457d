// Package api is the host's one port: the services of penstock.host.v1 for UI,
// CLI and scripts, penstock.worker.v1 for workers, health, metrics and the
// web UI, over HTTP/1 and HTTP/2, in gRPC, gRPC-Web and Connect with JSON.
//
// Handlers convert and call; what a run, a job or a launch is, the packages
// below decide. Errors become answers in one function (error.go), and what is
// let in at all is decided in one place (security.go, token.go).
package api
