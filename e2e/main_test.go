package e2e

import (
	"fmt"
	"os"
	"testing"

	"tapedeck/internal/tapedecktest"
)

// slow leaves a test to `make slow`, which says SLOW=1: CI has a time limit, and a faster test looks at the same parts.
func slow(t *testing.T, instead string) {
	t.Helper()
	if os.Getenv("SLOW") == "" {
		t.Skip("slow: make slow runs it; here " + instead + " looks at the same parts")
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := closeBrowser(); err != nil {
		fmt.Fprintln(os.Stderr, "close the browser:", err)
		code = max(code, 1)
	}
	tapedecktest.Clean()
	os.Exit(code)
}
