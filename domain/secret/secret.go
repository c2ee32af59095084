// Package secret checks what refers to secrets: names with references to where their values are, and headers that hold
// them as ${secret:NAME}. The values themselves are never in anything that is checked here, because all of it is written
// into the log. Pure, in the manner of package job.
package secret

import (
	"fmt"
	"regexp"
	"strings"

	"tapedeck/domain/job"
)

// Ref is a name for a value that is never written.
type Ref struct {
	Name string `json:"name"`
	// Ref is where the value is, for example the variable of the environment that holds it; without one only the name is
	// declared.
	Ref string `json:"ref,omitempty"`
}

var refName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// CheckNames says what is wrong with the names of secrets: one that cannot be a name, or is there twice. The faults'
// paths are PATH.INDEX.name; a secret without a name is at fault too.
func CheckNames(path string, refs []Ref) []job.Fault {
	var faults []job.Fault
	seen := map[string]bool{}
	for i, r := range refs {
		at := fmt.Sprintf("%s.%d.name", path, i)
		if !refName.MatchString(r.Name) {
			faults = append(faults, job.Fault{Path: at, Message: "want letters, digits, '-', '_' and '.'"})
		}
		if seen[r.Name] {
			faults = append(faults, job.Fault{Path: at, Message: "is there twice"})
		}
		seen[r.Name] = true
	}
	return faults
}

// Variable is a secret's name as a variable of the environment: "admin-password" is ADMIN_PASSWORD.
func Variable(name string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, name))
}
