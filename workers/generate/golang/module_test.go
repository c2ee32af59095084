package golang_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/domain/recording"
	"tapedeck/workers/generate/golang"
)

// unpack writes files into a folder.
func unpack(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, data := range files {
		at := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(at), 0o755))
		require.NoError(t, os.WriteFile(at, data, 0o600))
	}
}

// goTool runs the go command in a module, with what has been downloaded for our own.
func goTool(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(append(os.Environ(), "GOFLAGS=-mod=readonly", "GOPROXY=off", "GOWORK=off", "GOTOOLCHAIN=local"), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestModulesCompile has go vet look at a package for each of the recordings: that of every action, hostile ones, odd ones.
func TestModulesCompile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := write(t, everything(), golang.Options{})
	unpack(t, dir, first.Files)
	n := 0
	add := func(p golang.Project) {
		n++
		for name, data := range p.Files {
			if path.Dir(name) == "tests" {
				unpack(t, dir, map[string][]byte{fmt.Sprintf("t%d/%s", n, path.Base(name)): data})
			}
		}
	}
	add(write(t, account(), golang.Options{Cases: accountCases(), Proves: []string{"tc-9\")"}}))
	add(write(t, texts(), golang.Options{}))
	for _, name := range []string{"main", "", "GOOS linux windows amd64", "v2", "vendor", "7 tapes", "Тест"} {
		doc := account()
		doc.Name = name
		add(write(t, doc, golang.Options{Cases: accountCases()}))
	}
	for _, steps := range odd() {
		add(write(t, recording.Document{ID: "r1", Name: "x", Steps: steps}, golang.Options{}))
	}
	rapid.Check(t, func(rt *rapid.T) {
		if n > 60 { // the rest is held against the shape of the first
			return
		}
		cases := accountCases()
		for i := range cases {
			for _, s := range []*string{&cases[i].ID, &cases[i].Title, &cases[i].Trial.Field, &cases[i].Trial.Text} {
				*s = hostile.Draw(rt, "text")
			}
		}
		doc := drawn(rt)
		if n%2 == 0 {
			doc.Steps = account().Steps
		}
		add(write(rt, doc, golang.Options{Cases: cases, Proves: []string{hostile.Draw(rt, "text")}}))
	})
	// Tests of two recordings can stand in one folder.
	for name, data := range write(t, account(), golang.Options{Cases: accountCases()}).Files {
		if strings.HasPrefix(name, "tests/") {
			unpack(t, dir, map[string][]byte{name: data})
		}
	}
	out, err := goTool(t.Context(), dir, nil, "vet", "./...")
	require.NoError(t, err, "%s", out)
	out, err = goTool(t.Context(), dir, nil, "list", "-f", "{{len .TestGoFiles}} {{.ImportPath}}", "./...")
	require.NoError(t, err, "%s", out)
	require.Equal(t, n+1, strings.Count(out, "\n"), "each is a package")
	require.NotContains(t, out, "\n1 ", "no file is passed over")
	require.Contains(t, out, "4 test/buy-a-tape-e2e/tests\n")
}

// TestTheModuleRequiresWhatWeDo: the recorder's driver serves generated tests too.
func TestTheModuleRequiresWhatWeDo(t *testing.T) {
	t.Parallel()
	ours, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	p := write(t, everything(), golang.Options{})
	var required int
	for line := range strings.Lines(string(p.Files["go.mod"])) {
		if line = strings.TrimPrefix(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), "// indirect")), "require "); strings.HasPrefix(line, "github.com/") {
			required++
			require.Contains(t, string(ours), "\t"+line)
		}
	}
	require.Equal(t, 4, required)
}
