package jira_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/jira"
)

func TestWikiMarkupBecomesMarkdown(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("testdata/story.wiki")
	require.NoError(t, err)
	golden(t, "wiki.md", jira.Wiki(string(raw)))
}

func TestWikiPhrases(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"*bold* _em_ -gone- +new+ x ^2^ ~3~ ??who??": "**bold** *em* ~~gone~~ <u>new</u> x <sup>2</sup> <sub>3</sub> *who*",
		"*_both_*":                                     "***both***",
		"snake_case_name, 2*3*4, a-b-c":                `snake_case_name, 2\*3\*4, a-b-c`,
		"{{a_b *c*}}":                                  "`a_b *c*`",
		"in{*}side{*}word":                             "in**side**word",
		"[Docs|https://example.com/a_b]":               "[Docs](https://example.com/a_b)",
		"[https://example.com]":                        "<https://example.com>",
		"[bad|javascript:alert(1)]":                    "bad (javascript:alert(1))",
		"[~ada] [^a.txt] [TODO]":                       "@ada a.txt [TODO]",
		"see https://x.example/_a_*b*.":                `see https://x.example/_a_%2Ab\*.`,
		"!pic.png|width=3! wow!":                       "![pic.png]() wow!",
		"no! really! yes":                              "no! really! yes",
		`one\\two \*plain\*`:                           "one\\\ntwo \\*plain\\*",
		"{color:red}red{color} {unknown}":              "red {unknown}",
		"a\nb":                                         "a\\\nb",
		"{code}open":                                   "{code}open",
		"{quote}a{quote}b":                             "> a\n\nb",
		"* a\n** b\n*# c\n* d\nmore":                   "- a\n  - b\n  1. c\n- d\\\n  more",
		"# a\n# b\n## c":                               "1. a\n2. b\n   1. c",
		"- a\n- b":                                     "- a\n- b",
		"|a|b|\n|c|[x|https://e.com]|":                 "| | |\n| --- | --- |\n| a | b |\n| c | [x](https://e.com) |",
		"||h||i||\n|a\nb|c|\n||r|d|":                   "| h | i |\n| --- | --- |\n| a<br>b | c |\n| **r** | d |",
		"{warning:title=T}x{warning}":                  "> **Warning:** **T**\n>\n> x",
		"{panel:title=T|bgColor=#fff}\nh2. x\n{panel}": "> **T**\n>\n> ## x",
		"":   "",
		"{}": "{}",
	} {
		got := jira.Wiki(in)
		requireTidy(t, got)
		require.Equal(t, want, got, "%q", in)
	}
}

func TestLongWikiTextStaysCheap(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"{code:x}", "*a ", "[a", "!a.", "{{", "|", "* ", "{quote}", "{color:", "a\\", "||", "??b "} {
		requireTidy(t, jira.Wiki(strings.Repeat(part, 200_000/len(part))))
	}
}
