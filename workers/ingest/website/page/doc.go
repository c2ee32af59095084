// Package page turns HTML into what is kept of a page: its text as Markdown, its
// title, dates and links, and what it says to crawlers.
//
// A library (readability) says where the main content is; the whole of that
// region is converted. What such libraries leave out as noise (tables of
// parameters, short lists, code) is what a documentation page is about.
package page
