package apptest

import (
	"path/filepath"
	"testing"
)

// YUIDocSite is the folder of a real documentation site: that of YUIDoc, 36 pages of prose, tables, code and API
// reference as they were built for its visitors.
func YUIDocSite(t testing.TB) string {
	t.Helper()
	return filepath.Dir(installed(t, "yuidocjs/output/index.html"))
}
