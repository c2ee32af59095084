// Package jira reads issues from Jira, Cloud (REST v3, bodies in the Atlassian
// Document Format) and Data Center (REST v2, bodies in wiki markup), and turns
// each into a draft document in Markdown. It only reads, and it knows nothing
// of jobs: a caller pages through Client.Search with a State that it can store,
// and makes a Document of each Issue.
//
// The files are named for their roles: config, client (which Jira it is),
// request (limits, waits, retries), fault (typed errors), jql (what is asked
// for), search (paging), preview (what a filter would bring), field and value
// (custom fields), issue (what an answer says), comment, attachment, document;
// adf, adfblock, adfinline and adftable (the document format), wiki, wikiblock
// and wikiinline (wiki markup), markdown (what both write).
//
// What Jira answers is data of strangers: it is bounded in size and depth, links
// keep only http, https and mailto, and neither errors nor String methods carry
// credentials.
package jira
