package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is embedded is what the text files say now; go generate ./demo/documents makes it anew.
func TestFilesAreThoseOfTheTexts(t *testing.T) {
	t.Parallel()
	files, err := made()
	require.NoError(t, err)
	require.Len(t, files, 2)
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join("..", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, have), "%s is not what the text files say: go generate ./demo/documents", name)
	}
}
