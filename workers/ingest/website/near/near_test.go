package near_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"tapedeck/workers/ingest/website/near"
	"tapedeck/workers/ingest/website/page"
)

// realTexts are the texts of real pages by their files.
func realTexts(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../page/testdata/pages/*/*.html")
	require.NoError(t, err)
	texts := map[string]string{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		p, err := page.NewExtractor().Parse(string(b), &url.URL{Scheme: "https", Host: "a.example", Path: "/x"})
		require.NoError(t, err)
		texts[file] = p.Text
	}
	require.Len(t, texts, 10)
	return texts
}

// TestRealNearDuplicates: the same page with another date, another version number
// in one place, a banner before it, other punctuation.
func TestRealNearDuplicates(t *testing.T) {
	t.Parallel()
	for file, text := range realTexts(t) {
		a := near.Of(text)
		lines := strings.Split(text, "\n")
		for name, other := range map[string]string{
			"date":        text + "\nLast updated on 26 November 2026\n",
			"banner":      "New version available\n\n" + text,
			"case":        strings.ToUpper(text),
			"punctuation": strings.ReplaceAll(text, ",", " –"),
			"one line":    strings.Join(append(append([]string{}, lines[:len(lines)/2]...), lines[len(lines)/2+1:]...), "\n"),
		} {
			if a.Words < 300 && name != "case" && name != "punctuation" {
				continue // four words are much of a short page
			}
			require.True(t, near.Near(a, near.Of(other)), "%s: %s, %d words: %064b", file, name, a.Words, a.Hash^near.Of(other).Hash)
		}
	}
}

func TestDifferentPagesAreNotNear(t *testing.T) {
	t.Parallel()
	index := near.NewIndex()
	for file, text := range realTexts(t) {
		found, ok := index.Find(near.Of(text))
		require.False(t, ok, "%s and %s", file, found)
		index.Add(file, near.Of(text))
	}
}

// TestTemplatesWithOtherContentAreNotNear: pages that share their words around a
// short content are told apart.
func TestTemplatesWithOtherContentAreNotNear(t *testing.T) {
	t.Parallel()
	texts := realTexts(t)
	var parts []string
	for _, name := range []string{"requests/quickstart", "requests/advanced", "npm/package-json", "vis/dataset"} {
		words := strings.Fields(texts["../page/testdata/pages/"+name+".html"])
		parts = append(parts, strings.Join(words[100:200], " "))
	}
	frame := strings.Repeat("The same words stand at the top of every page of this site. ", 3)
	for i, a := range parts {
		for _, b := range parts[i+1:] {
			require.False(t, near.Near(near.Of(frame+a), near.Of(frame+b)))
		}
	}
}

func TestShortTextsMustBeTheSame(t *testing.T) {
	t.Parallel()
	require.True(t, near.Near(near.Of("Log in"), near.Of("log in!")))
	require.False(t, near.Near(near.Of("Log in"), near.Of("Log out")))
	require.False(t, near.Near(near.Of(""), near.Of("")))
}

// TestIndexFindsWhatComparingAllFinds: the bands lose nothing.
func TestIndexFindsWhatComparingAllFinds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		index, all := near.NewIndex(), []near.Print{}
		for i := range rapid.IntRange(1, 20).Draw(t, "n") {
			p := near.Print{Hash: rapid.Uint64().Draw(t, "hash"), Words: 100}
			index.Add(fmt.Sprint(i), p)
			all = append(all, p)
		}
		p := all[rapid.IntRange(0, len(all)-1).Draw(t, "which")]
		for range rapid.IntRange(0, 5).Draw(t, "flips") {
			p.Hash ^= 1 << rapid.IntRange(0, 63).Draw(t, "bit")
		}
		want := false
		for _, other := range all {
			want = want || near.Near(p, other)
		}
		_, got := index.Find(p)
		require.Equal(t, want, got)
	})
}

func BenchmarkOf(b *testing.B) {
	text := strings.Repeat("some words of a page that is not short, ", 200)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		near.Of(text)
	}
}
