// Package knowledge decides what is known of a product: sources (a Jira filter, a site, a set of files, a bucket) with
// their documents, each split into passages that anything can cite. Pure, in the manner of package job.
//
// A source has a stream of its own (see SourceStream): how it is configured, and what each of its runs found, stored and
// missed, batch by batch, so that a run that was killed goes on where it stopped. A document has one too (see
// DocumentStream), one event for each version; its text is not in the event but in the artefact store, by its digest.
//
// What is ingested is data and nothing else: no text of a document changes a setting, a prompt or an action.
package knowledge
