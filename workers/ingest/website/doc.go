// Package website crawls a site: breadth first from its starts and sitemaps, as
// its robots.txt and the pace of its host allow, and tells a Handler of each
// address that it found, fetched, skipped or could not fetch.
//
// The crawl keeps no files. Whoever folds its events into a Frontier can stop it
// at any moment, by a crash too, and go on from there.
//
// One goroutine owns the queue and calls the Handler; others fetch and convert.
package website
