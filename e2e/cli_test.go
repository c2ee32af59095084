package e2e

import (
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"

	"tapedeck/internal/browsertest"
	"tapedeck/internal/tapedecktest"
)

// TestCommandLine runs the scripts in testdata/cli, each against a server of its own.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	bin := tapedecktest.Binary(t)
	driver, err := browsertest.DriverDir()
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/cli",
		Setup: func(env *testscript.Env) error {
			server := tapedecktest.Start(env.T().(testing.TB), "serve")
			env.Setenv("TAPEDECK_URL", server.URL())
			env.Setenv("DATA", server.Dir)
			env.Setenv("PLAYWRIGHT_DRIVER_PATH", driver) // the doctor looks for it
			env.Setenv("VERIFY_KIT_PATH", filepath.Join(tapedecktest.Root(), "deployments", "playwright-test"))
			env.Setenv("PATH", bin[:len(bin)-len("/tapedeck")]+":"+env.Getenv("PATH"))
			return nil
		},
		RequireExplicitExec: true,
	})
}
