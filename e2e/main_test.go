package e2e

import (
	"fmt"
	"os"
	"testing"

	"tapedeck/internal/tapedecktest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := closeBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, "close the browser:", err)
		code = max(code, 1)
	}
	tapedecktest.Clean()
	os.Exit(code)
}
