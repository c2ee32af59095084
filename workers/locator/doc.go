// Package locator reads and writes Playwright's locators in the JavaScript and TypeScript of test projects, and writes them
// in Go too. It knows as much of the language as tells code from texts, comments and regular expressions. What it writes is
// made from what it has read, never copied: a text of a page stays within its quotes.
package locator
