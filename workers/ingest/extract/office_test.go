package extract_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/extract"
)

func golden(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	return string(raw)
}

func flat(t *testing.T, name string) extract.File { return file(name, golden(t, name)) }

func TestATextDocumentKeepsItsStructure(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"handbook.docx", "handbook.odt", "handbook.fodt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var f extract.File
			if strings.HasSuffix(name, ".fodt") {
				f = flat(t, name)
			} else {
				f = office(t, name)
			}
			d := one(t, f)
			require.Equal(t, golden(t, "handbook.md"), d.Markdown)
			require.Equal(t, "Handbuch der Bestellung", d.Title)
			require.Equal(t, "de-DE", d.Language)
			require.Equal(t, "Jörg Müller", d.Metadata["author"])
			require.Contains(t, d.Metadata["created"], "2026-03-01T10:00:00")
			require.Empty(t, d.Notes)
		})
	}
}

func TestASpreadsheetIsATableForEachSheet(t *testing.T) {
	t.Parallel()
	for _, f := range []extract.File{flat(t, "prices.fods"), office(t, "prices.xlsx")} {
		d := one(t, f)
		require.Equal(t, golden(t, "prices.md"), d.Markdown, f.Name)
		require.Equal(t, "Preisliste", d.Title)
	}
}

func TestAPresentationIsASectionForEachSlide(t *testing.T) {
	t.Parallel()
	for _, f := range []extract.File{flat(t, "talk.fodp"), office(t, "talk.pptx")} {
		d := one(t, f)
		require.Equal(t, golden(t, "talk.md"), d.Markdown, f.Name)
		require.Len(t, d.Pages, 2)
		require.True(t, strings.HasPrefix(d.Markdown[d.Pages[1].Offset:], "## Zahlen"))
	}
}

func TestAPDFIsReadInOrder(t *testing.T) {
	t.Parallel()
	d := one(t, office(t, "handbook.pdf"))
	require.Equal(t, extract.PDF, d.Kind)
	require.Equal(t, "Handbuch der Bestellung", d.Title)
	require.Equal(t, "1", d.Metadata["pages"])
	require.Equal(t, []extract.Page{{Number: 1, Offset: 0}}, d.Pages)
	rest := d.Markdown
	for _, part := range []string{"# Handbuch der Bestellung\n", "## Überblick\n", "Effiziente Affen finden flink den Fluss; dieser Absatz ist lang genug, um in jedem Format über mehrere Zeilen zu laufen",
		"### Regeln \\<wichtig>\n", "- REQ-1: Der Preis muss angezeigt werden.\n  - Auch die Mehrwertsteuer.\n- REQ-2:", "1. Anmelden\n2. Bezahlen\n",
		"| Zahlart | Gebühr | Hinweis |\n| --- | --- | --- |\n| Karte | 1,50 € | a\\|b |\n", "## Ende\n"} {
		require.Contains(t, rest, part)
		rest = rest[strings.Index(rest, part)+len(part):]
	}
	talk := one(t, office(t, "talk.pdf"))
	require.Len(t, talk.Pages, 2)
	require.Contains(t, talk.Markdown[:talk.Pages[1].Offset], "Ziele für 2026")
	require.Contains(t, talk.Markdown[talk.Pages[1].Offset:], "März")
}

func TestAWrongExtensionIsNoted(t *testing.T) {
	t.Parallel()
	f := office(t, "handbook.docx")
	f.Name = "handbook.pdf"
	d := one(t, f)
	require.Equal(t, extract.DOCX, d.Kind)
	require.Equal(t, []string{"Its name ends in .pdf, but it is docx."}, d.Notes)
}

// Every document that is cut at some place, or damaged at one, is read or refused, and never stops the program.
func TestDamagedDocumentsEndInWords(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"handbook.docx", "handbook.odt", "handbook.pdf", "prices.xlsx", "talk.pptx"} {
		f := office(t, name)
		raw := make([]byte, f.Size)
		_, err := f.Content.ReadAt(raw, 0)
		require.NoError(t, err)
		for i := 1; i < 6; i++ {
			cut := string(raw[:len(raw)*i/6])
			_, faults := all(t, shared(), file(name, cut))
			if name != "handbook.pdf" { // whose reader repairs
				require.Len(t, faults, 1)
				require.ErrorIs(t, faults[0], extract.ErrBroken)
			}
			damaged := append([]byte{}, raw...)
			for at := len(raw) * i / 12; at < len(raw); at += 997 {
				damaged[at] ^= 0x55
			}
			all(t, shared(), file(name, string(damaged)))
		}
	}
}
