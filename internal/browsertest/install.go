package browsertest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tapedeck/workers/recorder/browser"
)

// places are those of the product, and this checkout's.
func places() (browser.Places, error) {
	root, err := moduleRoot()
	return browser.Places{
		Driver: os.Getenv("PLAYWRIGHT_DRIVER_PATH"), Chromium: os.Getenv("CHROMIUM_PATH"),
		Browsers: os.Getenv("PLAYWRIGHT_BROWSERS_PATH"), Roots: []string{root},
	}, err
}

// DriverDir is where `make deps-test` puts the driver, or PLAYWRIGHT_DRIVER_PATH.
func DriverDir() (string, error) {
	dir, _, err := find()
	return dir, err
}

// Installed is where the driver and the browser are, for a test that starts them in a process of its own.
func Installed() (driverDir, chromium string, err error) { return find() }

// find returns the driver's folder and the browser.
func find() (driverDir, chromium string, err error) {
	where, err := places()
	if err != nil {
		return "", "", err
	}
	driver, err := where.FindDriver()
	if err != nil {
		return "", "", fmt.Errorf("%w; `make deps-test` does it all", err)
	}
	if chromium, err = where.FindChromium(false); err != nil {
		return "", "", fmt.Errorf("%w; `make deps-test` does it all", err)
	}
	return driver.Dir, chromium, nil
}

// moduleRoot is the folder of go.mod above the test's working directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working directory")
		}
		dir = filepath.Dir(dir)
	}
}
