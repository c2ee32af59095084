// Package extract turns files into Markdown documents: office documents, PDF, spreadsheets, web pages, API
// descriptions, feature files, test code, and zip archives of all these.
//
// What a file is is told by its content; its name decides only between kinds of text. Everything in a file is data of
// a stranger: nothing in it is run, no address in it is opened, its names are only names, and links keep nothing but
// http, https and mailto. PDF is read by PDFium inside a WebAssembly sandbox without a file system.
//
// The Markdown has ATX headings, GFM tables, fenced code and one blank line between blocks; it is valid UTF-8 in NFC
// with LF alone. Every document that comes out has text. What was left out is said in its notes, what could not be read
// is a [*Fault] for that file alone.
//
// Memory is bounded by [Limits], not by files: parts of containers are streamed, and a format that has to be held whole
// is refused above a stated size.
package extract
