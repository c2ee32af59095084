// Package tapedecktest runs the real tapedeck program for end-to-end tests: built once with the race
// detector if the test has it, on free loopback ports, killed and restarted at will.
package tapedecktest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
)

// Root is the repository's folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(Root(), "bin", fmt.Sprintf("e2e-%d", os.Getpid()), "tapedeck")
	args := []string{"build", "-o", path}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, "./cmd/tapedeck")...)
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// Binary is the path of the program, built when the first test asks for it. A package that uses it
// calls Clean at the end of its TestMain.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Clean removes what Binary built.
func Clean() {
	_ = os.RemoveAll(filepath.Join(Root(), "bin", fmt.Sprintf("e2e-%d", os.Getpid())))
}
