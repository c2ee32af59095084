package extract_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"

	"tapedeck/workers/ingest/extract"
)

func TestHTML(t *testing.T) {
	t.Parallel()
	d := one(t, file("seite.html", `<!DOCTYPE html><html lang="de"><head><title>Der Titel</title><meta name=author content="Änne">
<script>alert(1)</script><style>p{}</style></head><body><h1>Kasse</h1><p>Ein <a href="https://example.com/a">Link</a>, ein
<a href="javascript:alert(1)">böser</a>.</p><svg><text>nein</text></svg><ul><li>eins<ul><li>zwei</li></ul></li></ul>
<table><tr><th>A</th><th>B</th></tr><tr><td>1</td><td>2|3</td></tr></table><img src="data:image/png;base64,AAAA" alt="Bild"></body></html>`))
	require.Equal(t, extract.HTML, d.Kind)
	require.Equal(t, "Der Titel", d.Title)
	require.Equal(t, "de", d.Language)
	require.Equal(t, "Änne", d.Metadata["author"])
	require.Contains(t, d.Markdown, "# Kasse\n\nEin [Link](https://example.com/a), ein")
	require.Contains(t, d.Markdown, "- eins\n")
	require.Contains(t, d.Markdown, "| A ")
	for _, no := range []string{"alert", "javascript", "nein", "p{}", "data:"} {
		require.NotContains(t, d.Markdown, no)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	d := one(t, file("a.md", "---\ntitle: Vorne\ntags: [a, b]\n---\n# Überschrift  \r\n\r\n\r\n\r\n[böse](javascript:x) [gut](https://a.example)\n\n```js\na\n\n\n[x](javascript:y)\n```\n"))
	require.Equal(t, "Vorne", d.Title)
	require.Equal(t, "a, b", d.Metadata["tags"])
	require.Equal(t, "# Überschrift\n\n[böse](#) [gut](https://a.example)\n\n```js\na\n\n\n[x](javascript:y)\n```\n", d.Markdown)
}

func TestTextInManyEncodings(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("Der Käufer prüft die Größe. Äpfel, Öl und Übermut.\n", 8)
	latin, err := charmap.ISO8859_1.NewEncoder().String(text)
	require.NoError(t, err)
	var little, big strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		little.Write([]byte{byte(unit), byte(unit >> 8)})
		big.Write([]byte{byte(unit >> 8), byte(unit)})
	}
	for name, content := range map[string]string{"utf8": text, "bom": "\ufeff" + text, "latin": latin, "le": "\xff\xfe" + little.String(),
		"be": "\xfe\xff" + big.String(), "bare le": little.String(), "bare be": big.String(), "crlf": strings.ReplaceAll(text, "\n", "\r\n")} {
		require.Equal(t, text, one(t, file(name+".txt", content)).Markdown, name)
	}
	want := strings.Repeat("購入ボタンは緑色でなければならない。カートの中身を確認する。\n", 10)
	sjis, err := japanese.ShiftJIS.NewEncoder().String(want)
	require.NoError(t, err)
	require.Equal(t, want, one(t, file("sjis.txt", sjis)).Markdown)
	require.Equal(t, "a \\# b\n\n\\# kein Titel\n\n\\- kein Punkt\n\n1\\. keine Zahl\n\nx\\<b>y\n",
		strings.Replace(one(t, file("a.txt", "a # b\n\n# kein Titel\n\n- kein Punkt\n\n1. keine Zahl\n\nx<b>y")).Markdown, "a # b", "a \\# b", 1))
}

func TestCSV(t *testing.T) {
	t.Parallel()
	want := "| Name | Preis |\n| --- | --- |\n| Schlüssel, groß | 2,5 |\n| a<br>b | 3 |\n"
	for name, content := range map[string]string{"semi.csv": "Name;Preis\nSchlüssel, groß;2,5\n\"a\nb\";3\n", "tab.tsv": "Name\tPreis\nSchlüssel, groß\t2,5\n\"a\nb\"\t3\n",
		"comma.csv": "Name,Preis\n\"Schlüssel, groß\",\"2,5\"\n\"a\nb\",3\n", "sep.csv": "sep=;\nName;Preis\nSchlüssel, groß;2,5\n\"a\nb\";3\n"} {
		require.Equal(t, want, one(t, file(name, content)).Markdown, name)
	}
	x := extract.New(extract.Limits{Rows: 3, Columns: 2}, "")
	documents, _ := all(t, x, file("long.csv", "a,b,c\n"+strings.Repeat("1,2,3\n", 100)))
	require.Equal(t, "| a | b |\n| --- | --- |\n| 1 | 2 |\n| 1 | 2 |\n", documents[0].Markdown)
	require.Len(t, documents[0].Notes, 2)
}

func TestJSON(t *testing.T) {
	t.Parallel()
	d := one(t, file("a.json", `{"title":"Shop","open":true,"rooms":[{"id":1,"name":"a"},{"id":2,"seats":4}],"deep":{"x":[1,2]}}`))
	require.Equal(t, "- **title:** Shop\n- **open:** true\n\n# rooms\n\n| id | name | seats |\n| --- | --- | --- |\n| 1 | a |  |\n| 2 |  | 4 |\n\n# deep\n\n- **x:** 1, 2\n", d.Markdown)
	require.Equal(t, "Shop", d.Title)
	lines := one(t, file("a.jsonl", "{\"a\":1}\nbroken\n{\"a\":2}\n"))
	require.Equal(t, "| a |\n| --- |\n| 1 |\n| 2 |\n", lines.Markdown)
	require.Equal(t, []string{"1 lines are no JSON and were left out."}, lines.Notes)
	refused(t, shared(), file("b.json", `{"a":`), extract.ErrBroken)
}

const petstore = `openapi: 3.0.3
info: {title: Läden, version: "1.2", description: Alles über Läden.}
servers: [{url: "https://api.example.com"}]
paths:
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    put:
      summary: Bestellung ändern
      operationId: putOrder
      tags: [orders]
      requestBody:
        required: true
        content:
          application/json:
            schema: {$ref: '#/components/schemas/Order'}
            example: {amount: 3}
      responses:
        '200': {description: Geändert}
        '409': {description: Schon bezahlt}
components:
  schemas:
    Order:
      type: object
      required: [amount]
      properties:
        amount: {type: integer, minimum: 1, maximum: 99, description: Wie viele}
        state: {type: string, enum: [new, paid]}
        parent: {$ref: '#/components/schemas/Order'}
`

func TestOpenAPI(t *testing.T) {
	t.Parallel()
	d := one(t, file("api.yaml", petstore))
	require.Equal(t, extract.OpenAPI, d.Kind)
	require.Equal(t, "Läden", d.Title)
	for _, part := range []string{"## PUT /orders/{id} — Bestellung ändern\n", "| id | path | yes | integer, ≥ 1 |", "### Request body (required)\n",
		"  - **amount**: integer, ≥ 1, ≤ 99, required — Wie viele\n", "  - **state**: string, one of new, paid\n", "**409** Schon bezahlt\n", `{"amount": 3}`} {
		require.Contains(t, d.Markdown, part)
	}
	swagger := one(t, file("old.json", `{"swagger":"2.0","info":{"title":"Old"},"paths":{"/a":{"get":{"parameters":[{"name":"q","in":"query","type":"string","maxLength":5}],"responses":{"200":{"description":"ok"}}}}}}`))
	require.Equal(t, extract.OpenAPI, swagger.Kind)
	require.Contains(t, swagger.Markdown, "| q | query | no | string, length ≤ 5 |")
}

func TestGherkin(t *testing.T) {
	t.Parallel()
	d := one(t, file("kasse.feature", `# language: de
@shop
Funktionalität: Kasse
  Der Kunde bezahlt.

  Regel: Nur mit Konto
    # wichtig
    @schnell
    Szenariogrundriss: Bezahlen
      Angenommen ein Korb mit <n> Schuhen
      Wenn ich bezahle
      """json
      {"a":1}
      """
      Dann sehe ich:
        | Text  |
        | Danke |
      Beispiele:
        | n |
        | 1 |
`))
	require.Equal(t, "Kasse", d.Title)
	require.Equal(t, "de", d.Language)
	for _, part := range []string{"# Funktionalität: Kasse\n\nTags: @shop\n\nDer Kunde bezahlt.\n", "## Regel: Nur mit Konto\n", "> **Comment:** wichtig\n",
		"### Szenariogrundriss: Bezahlen\n\nTags: @schnell\n\n- **Angenommen** ein Korb mit \\<n> Schuhen\n- **Wenn** ich bezahle\n\n```json\n", "| Text |\n| --- |\n| Danke |\n", "#### Beispiele\n\n| n |\n"} {
		require.Contains(t, d.Markdown, part)
	}
	refused(t, shared(), file("b.feature", "Feature: a\n  Scenario: b\n    Given c\n    Unsinn"), extract.ErrBroken)
}

func TestTestCode(t *testing.T) {
	t.Parallel()
	d := one(t, file("cart.spec.ts", "import { test } from '@playwright/test';\n\ntest.describe('Cart', () => {\n  test('adds (one)', async ({ page }) => {\n    await page.click(')'); // it('no')\n    expect(/\\)'/.test(`${a})`));\n  });\n\n  test.skip(\"removes\", async () => {\n  });\n});\n"))
	require.Equal(t, extract.TestCode, d.Kind)
	require.Equal(t, "Playwright", d.Metadata["framework"])
	require.Equal(t, "```ts\nimport { test } from '@playwright/test';\n```\n\n# Cart\n\n## adds (one)\n\n```ts\ntest('adds (one)', async ({ page }) => {\n  await page.click(')'); // it('no')\n  expect(/\\)'/.test(`${a})`));\n})\n```\n\n## removes\n\n> **Note:** marked skip\n\n```ts\ntest.skip(\"removes\", async () => {\n})\n```\n", d.Markdown)
	require.Contains(t, one(t, file("x.cy.js", "const a = 1;")).Markdown, "const a = 1;")
}

func TestAnArchiveIsItsEntries(t *testing.T) {
	t.Parallel()
	inner := packed(t, "../../etc/passwd", "root", "b.md", "# B")
	outer := packed(t, "a.txt", "A", "folder/", "", "inner.zip", inner, "c.bin", "\x00\x01\x02\xff", "__MACOSX/a.txt", "x", "empty.txt", "")
	documents, faults := all(t, shared(), file("o.zip", outer))
	var names []string
	for _, d := range documents {
		names = append(names, d.Name)
	}
	require.Equal(t, []string{"o.zip/a.txt", "o.zip/inner.zip/../../etc/passwd", "o.zip/inner.zip/b.md"}, names)
	require.Len(t, faults, 2)
	require.ErrorIs(t, faults[0], extract.ErrUnsupported)
	require.ErrorIs(t, faults[1], extract.ErrNoText)
	documents, faults = all(t, shared(), file("deep.zip", packed(t, "outer.zip", outer)))
	require.Len(t, documents, 1)
	require.Len(t, faults, 3)
	require.ErrorIs(t, faults[0], extract.ErrBomb)
}
