package environment

import (
	"strings"

	"tapedeck/domain/job"
)

// Kind stands in the envelope of an environment's events in place of a job's kind.
const Kind = "environment"

// Stream is the name of an environment's stream.
func Stream(project, name string) string { return streamPrefix + project + "/" + name }

const streamPrefix = "environment/"

// ParseStream is the reverse of Stream.
func ParseStream(stream string) (project, name string, ok bool) {
	rest, ok := strings.CutPrefix(stream, streamPrefix)
	if !ok {
		return "", "", false
	}
	project, name, ok = strings.Cut(rest, "/")
	if !ok || !job.ValidName(project) || !job.ValidName(name) {
		return "", "", false
	}
	return project, name, true
}
