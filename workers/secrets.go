package workers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Secrets finds the value behind a secretRef. An error must not hold the value.
type Secrets interface {
	Resolve(ctx context.Context, ref string) (string, error)
}

// ErrSecret is wrapped by every error about a secretRef.
var ErrSecret = errors.New("secret cannot be resolved")

// minSecret is the shortest value that can be masked without masking half of the log.
const minSecret = 4

// EnvSecrets resolves a reference NAME from the environment: the variable NAME, or else the file that
// NAME_FILE names (one trailing newline is cut). Only names that begin with one of Prefixes or are in
// Names are looked at, so that a job cannot read the rest of the process's environment.
type EnvSecrets struct {
	// Prefixes defaults to TAPEDECK_SECRET_.
	Prefixes []string
	// Names are allowed too, for example JIRA_API_TOKEN.
	Names []string
	// Getenv defaults to os.Getenv.
	Getenv func(string) string
}

// Resolve implements Secrets.
func (s EnvSecrets) Resolve(_ context.Context, ref string) (string, error) {
	if !s.allowed(ref) {
		return "", fmt.Errorf("%w: %q is not an allowed name", ErrSecret, ref)
	}
	getenv := s.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	value := getenv(ref)
	if file := getenv(ref + "_FILE"); value == "" && file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", fmt.Errorf("%w: %s_FILE cannot be read", ErrSecret, ref)
		}
		value = strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	}
	if value == "" {
		return "", fmt.Errorf("%w: neither %s nor %s_FILE is set", ErrSecret, ref, ref)
	}
	return value, nil
}

func (s EnvSecrets) allowed(ref string) bool {
	for i := range len(ref) {
		c := ref[i]
		if c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	if strings.HasSuffix(ref, "_FILE") {
		return false
	}
	prefixes := s.Prefixes
	if prefixes == nil {
		prefixes = []string{"TAPEDECK_SECRET_"}
	}
	return slices.Contains(s.Names, ref) || slices.ContainsFunc(prefixes, func(p string) bool {
		return p != "" && strings.HasPrefix(ref, p) && len(ref) > len(p)
	})
}
