//go:build !unix

package browser

import (
	"errors"
	"os"
)

func lockFile(string, bool) (*os.File, error) {
	return nil, errors.New("recording needs flock, which this system does not have")
}

func ownedByUs(os.FileInfo) bool { return false }

func endProcess(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}

func writable(string) bool { return false }
