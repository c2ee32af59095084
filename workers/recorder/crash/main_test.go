package crash_test

import (
	"fmt"
	"os"
	"testing"

	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/capture"
)

// The tests share one browser and one reading of the selector engine.
var (
	browser *browsertest.Browser
	script  capture.Script
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := browsertest.DriverDir()
	if err == nil {
		script, err = capture.LoadScript(dir)
	}
	if err == nil {
		browser, err = browsertest.Launch()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		return 1
	}
	code := m.Run()
	if err := browser.Close(); err != nil {
		fmt.Fprintln(os.Stderr, "crash: close the browser:", err)
		return 1
	}
	return code
}
