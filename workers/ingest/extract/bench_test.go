package extract_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/extract"
)

// BenchmarkExtract says how many pages a second are read, where a page is 2000 bytes of Markdown.
func BenchmarkExtract(b *testing.B) {
	row := "Schlüssel;2,50;Ein Text, der etwas länger ist\n"
	large := map[string]extract.File{
		"docx": file("a.docx", docx(b, paragraphs(20_000))),
		"html": file("a.html", "<html><body>"+strings.Repeat("<h2>Titel</h2><p>Ein <b>Absatz</b> mit Text.</p>", 10_000)),
		"txt":  file("a.txt", strings.Repeat("Ein Absatz mit Text.\n\n", 20_000)),
		"csv":  file("a.csv", strings.Repeat(row, 5000)),
		"json": file("a.json", "["+strings.Repeat(`{"id":1,"name":"Schlüssel"},`, 4000)+`{"id":2,"name":"x"}]`),
	}
	for _, name := range []string{"handbook.pdf", "handbook.odt", "prices.xlsx", "talk.pptx"} {
		large[name] = office(b, name)
	}
	if raw, err := os.ReadFile(os.Getenv("EXTRACT_BENCH_FILE")); err == nil {
		large["given"] = file("given", string(raw))
	}
	for name, f := range large {
		b.Run(name, func(b *testing.B) {
			one(b, f)
			written := 0
			for b.Loop() {
				documents, faults := all(b, shared(), f)
				require.Empty(b, faults)
				written += len(documents[0].Markdown)
			}
			b.ReportMetric(float64(written)/2000/b.Elapsed().Seconds(), "pages/s")
		})
	}
}
