package job

import (
	"strconv"
	"strings"
)

// OutputStream is the name of the output stream of one attempt.
func OutputStream(id string, attempt int) string {
	return "job/" + id + "/out/" + strconv.Itoa(attempt)
}

// ParseStream takes a stream's name apart. Attempt is 0 for a state stream; ok is false for the
// stream of something else.
func ParseStream(name string) (id string, attempt int, ok bool) {
	rest, ok := strings.CutPrefix(name, "job/")
	if !ok || rest == "" {
		return "", 0, false
	}
	id, tail, isOutput := strings.Cut(rest, "/out/")
	if !isOutput {
		return id, 0, !strings.Contains(id, "/")
	}
	attempt, err := strconv.Atoi(tail)
	return id, attempt, err == nil && attempt > 0 && !strings.Contains(id, "/")
}
