package jira_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"

	"tapedeck/workers/ingest/jira"
)

func TestDocumentsBecomeMarkdown(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.adf.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".adf.json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(file)
			require.NoError(t, err)
			text, notes, err := jira.Markdown(raw)
			require.NoError(t, err)
			requireTidy(t, text)
			requireWords(t, raw, text)
			golden(t, name+".md", text)
			golden(t, name+".notes", strings.Join(notes, "\n"))
		})
	}
}

// requireTidy checks what holds for every text.
func requireTidy(t require.TestingT, text string) {
	require.True(t, utf8.ValidString(text))
	require.True(t, norm.NFC.IsNormalString(text), "%q", text)
	require.NotContains(t, text, "\r")
	require.NotContains(t, text, "\x00")
	for l := range strings.SplitSeq(text, "\n") {
		require.Equal(t, strings.TrimRight(l, " \t"), l)
	}
}

var ascii = regexp.MustCompile(`[A-Za-z0-9]+`)

// requireWords checks that each word of each text node came through. A letter before another script may become one
// with it, so that only what is plain ASCII is looked for.
func requireWords(t require.TestingT, raw []byte, text string) {
	var root any
	if json.Unmarshal(raw, &root, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return
	}
	var visit func(v any)
	visit = func(v any) {
		n, _ := v.(map[string]any)
		if s, _ := n["text"].(string); n["type"] == "text" && !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) {
			for _, w := range ascii.FindAllString(s, -1) {
				require.Contains(t, text, w)
			}
		}
		content, _ := n["content"].([]any)
		for _, c := range content {
			visit(c)
		}
	}
	visit(root)
}

func TestMalformedDocumentsKeepWhatWasRead(t *testing.T) {
	t.Parallel()
	whole := `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"kept"}]},{"type":"paragraph","content":[{"type":"text","text":"also"}`
	for raw, want := range map[string]string{
		whole:                "kept\n\nalso",
		whole[:len(whole)-8]: "kept",
		whole + "]}]}":       "kept\n\nalso",
		`{"type":"doc","content":[{"type":"text","text":"a"}]} x`: "a",
		"":    "",
		"[1]": "",
		`{"type":"doc","content":[{"type":"text","text":"a"},` + strings.Repeat(`{"content":[`, 80) + strings.Repeat(`]}`, 80) + `,{"type":"text","text":"b"}]}`: "",
	} {
		text, _, err := jira.Markdown([]byte(raw))
		if raw == whole+"]}]}" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "malformed document")
		}
		if want != "" {
			require.Equal(t, want, text)
		}
	}
	_, _, err := jira.Markdown(bytes.Repeat([]byte(" "), 5<<20))
	require.ErrorContains(t, err, "at most")
	text, _, err := jira.Markdown([]byte("null"))
	require.NoError(t, err)
	require.Empty(t, text)
}

func TestTextIsNotReadAsMarkup(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"# no heading":        `\# no heading`,
		"- no item":           `\- no item`,
		"12. no item":         `12\. no item`,
		"> no quote":          `\> no quote`,
		"---":                 `\---`,
		"a\n---":              "a\n\\---",
		"`code`":              "\\`code\\`",
		"snake_case stays":    "snake_case stays",
		"[REQ-1] stays":       "[REQ-1] stays",
		"(a) [b](c) [d]:":     `(a) [b\](c) [d\]:`,
		"a < b & c":           "a < b & c",
		"<script>":            `\<script>`,
		"\u1fefx\u1fef":       "\\`x\\`", // NFC makes backticks of these
		"~~no~~ ~5":           `\~\~no\~\~ ~5`,
		"a\u0000b\r\nc\u2028": "ab\nc",
		"   indented":         "indented",
	} {
		raw, err := json.Marshal(doc(para(in)))
		require.NoError(t, err)
		text, _, err := jira.Markdown(raw)
		require.NoError(t, err)
		require.Equal(t, want, text)
	}
}

func TestLargeDocumentsStayCheap(t *testing.T) {
	t.Parallel()
	breaks := strings.Repeat(`{"type":"hardBreak"},{"type":"text","text":"x"},`, 20_000) + `{"type":"text","text":"end"}`
	cell := `{"type":"tableCell","attrs":{"colspan":1000000,"rowspan":1000000},"content":[{"type":"text","text":"x"}]},`
	row := `{"type":"tableRow","content":[` + strings.Repeat(cell, 20) + `{"type":"tableCell"}]},`
	for name, content := range map[string]string{
		"quotes": strings.Repeat(`{"type":"blockquote","content":[`, 60) + breaks + strings.Repeat(`]}`, 60),
		"lists":  strings.Repeat(`{"type":"orderedList","attrs":{"order":99999},"content":[{"type":"listItem","content":[`, 30) + breaks + strings.Repeat(`]}]}`, 30),
		"spans":  `{"type":"table","content":[` + strings.Repeat(row, 500) + `{"type":"tableRow"}]}`,
		"marks":  strings.Repeat(`{"type":"text","text":"x","marks":[{"type":"strong"},{"type":"em"},{"type":"link","attrs":{"href":"https://e.com"}}]},`, 20_000) + `{"type":"rule"}`,
	} {
		text, _, err := jira.Markdown([]byte(`{"type":"doc","content":[` + content + `]}`))
		require.NoError(t, err, name)
		require.Less(t, len(text), 32<<20, name)
	}
}
