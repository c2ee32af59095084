// Package ingest is what the kinds ingest.* share: a Run over a source, which knows what earlier runs stored, goes on
// where a killed attempt stopped, stores documents in batches, and in the end removes what is no longer there. Where
// documents come from, and what becomes Markdown of them, is below it, a folder each.
package ingest
