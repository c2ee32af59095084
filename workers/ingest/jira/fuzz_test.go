package jira_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/jira"
)

// Whatever a document is, the text is tidy, and no word of a well-formed one is lost.
func FuzzMarkdown(f *testing.F) {
	files, err := filepath.Glob("testdata/*.adf.json")
	require.NoError(f, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		text, notes, err := jira.Markdown(raw)
		requireTidy(t, text)
		require.LessOrEqual(t, len(notes), 100)
		if err == nil {
			requireWords(t, raw, text)
		}
	})
}

// Whatever the markup is, the text is tidy.
func FuzzWiki(f *testing.F) {
	raw, err := os.ReadFile("testdata/story.wiki")
	require.NoError(f, err)
	f.Add(string(raw))
	f.Add("||a||\n|[b|c]|{code}d{code}|\n*# e\n{panel:title=x}\nf{panel} {*}g{*} !h.png!")
	f.Fuzz(func(t *testing.T, raw string) { requireTidy(t, jira.Wiki(raw)) })
}
