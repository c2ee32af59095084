package e2e

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leftIn are the files of sessions and browsers below a recorder's folder, without its locks.
func leftIn(t *testing.T, scratch string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(scratch, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name := d.Name(); name != "guard" && !strings.HasSuffix(name, ".lock") {
			names = append(names, path)
		}
		return nil
	})
	require.NoError(t, err)
	return names
}
