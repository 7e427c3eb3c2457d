package spec

import "sync/atomic"

var compileJob atomic.Pointer[func(job any) (*Job, error)]

// SetCompileJob tells CompileJob how. Package usercode calls it once, when it is initialised.
func SetCompileJob(f func(job any) (*Job, error)) { compileJob.Store(&f) }

// CompileJob makes the definition of a *usercode.Job, in which alone it is checked. It is the way in for usertest,
// which needs what package usercode does not show to authors. The error lists everything that is wrong with the job.
func CompileJob(job any) (*Job, error) { return (*compileJob.Load())(job) }
