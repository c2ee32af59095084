// Package environment decides what may happen to an environment: a named target that tests are run against, with what
// they need there and what they may do to it. Pure, in the manner of package job.
//
// An environment belongs to a project and has a stream of its own (see Stream). It refers to secrets and never holds the
// value of one, because everything in it stands in the log.
package environment
