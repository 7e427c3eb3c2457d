// Package server serves definitions to hosts over penstock.usercode.v1, and starts, watches and ends the processes
// that execute runs. The processes do not need it: they go on when it is gone.
//
// A server holds one set of definitions, encoded when it starts. Whatever it says of them is of one moment.
package server
