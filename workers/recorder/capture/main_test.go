package capture_test

import (
	"flag"
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"tapedeck/internal/browsertest"
	"tapedeck/workers/recorder/capture"
)

// The tests share one browser and one reading of the engine.
var (
	browser *browsertest.Browser
	script  capture.Script
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if browser, err = browsertest.Launch(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	dir, err := browsertest.DriverDir()
	if err == nil {
		script, err = capture.LoadScript(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := browser.Close(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}
