// Package caseexport writes test cases as files for other programs: a workbook, also a template of somebody's own that is
// filled in, CSV, Markdown and Gherkin. The cases' texts come from pages and documents of strangers: each format escapes
// them, so that they are read as the texts that they are.
package caseexport
