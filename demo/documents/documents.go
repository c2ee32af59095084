// Package documents holds what the demo shop should do, as a product team
// writes it: in Markdown, Word, Excel, HTML and Gherkin, to be ingested like
// any other documents. Each requirement has an id such as SHOP-12.
//
// The Word and Excel files are made from the text files in office.
package documents

import "embed"

//go:generate go run ./office

// Files are the documents, by their names.
//
//go:embed *.md *.docx *.xlsx *.html *.feature
var Files embed.FS
