-- What is known: sources, documents and their passages. num counts sources and documents in the order of the log; times
-- are Unix nanoseconds, 0 is none.
CREATE TABLE source (
	num     INTEGER PRIMARY KEY,
	id      TEXT    NOT NULL UNIQUE,
	project TEXT    NOT NULL,
	kind    TEXT    NOT NULL,
	removed INTEGER NOT NULL,
	doc     TEXT    NOT NULL
);

CREATE TABLE document (
	num          INTEGER PRIMARY KEY,
	id           TEXT    NOT NULL UNIQUE,
	source       TEXT    NOT NULL,
	project      TEXT    NOT NULL,
	kind         TEXT    NOT NULL,
	url          TEXT    NOT NULL,
	title        TEXT    NOT NULL,
	removed      INTEGER NOT NULL,
	updated      INTEGER NOT NULL,
	changed      INTEGER NOT NULL, -- at its source, or when it was stored
	requirements INTEGER NOT NULL,
	fault        TEXT    NOT NULL, -- why it has no passages
	doc          TEXT    NOT NULL
);
CREATE INDEX document_source ON document (source);
CREATE INDEX document_url ON document (url);
CREATE INDEX document_fault ON document (fault) WHERE fault <> '';

CREATE TABLE document_version (
	document INTEGER NOT NULL,
	version  INTEGER NOT NULL,
	doc      TEXT    NOT NULL,
	PRIMARY KEY (document, version)
) WITHOUT ROWID;

CREATE TABLE document_label (
	label    TEXT    NOT NULL,
	document INTEGER NOT NULL,
	PRIMARY KEY (label, document)
) WITHOUT ROWID;

CREATE TABLE relation (
	document INTEGER NOT NULL,
	seq      INTEGER NOT NULL,
	type     TEXT    NOT NULL,
	target   TEXT    NOT NULL, -- the other's id, if it is of the same source
	url      TEXT    NOT NULL,
	doc      TEXT    NOT NULL,
	PRIMARY KEY (document, seq)
) WITHOUT ROWID;
CREATE INDEX relation_target ON relation (target);
CREATE INDEX relation_url ON relation (url);

CREATE TABLE passage (
	num         INTEGER PRIMARY KEY,
	id          TEXT    NOT NULL UNIQUE,
	document    INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	requirement TEXT    NOT NULL,
	doc         TEXT    NOT NULL -- all but its text
);
CREATE INDEX passage_document ON passage (document, seq);

-- rowid is the passage's num.
CREATE VIRTUAL TABLE passage_text USING fts5 (title, headings, text, tokenize = 'porter unicode61 remove_diacritics 2', prefix = '2 3');

-- Sets of test cases, and what their cases cite of documents. num counts on in the order of the log.
CREATE TABLE case_set (
	num       INTEGER PRIMARY KEY,
	id        TEXT    NOT NULL UNIQUE,
	project   TEXT    NOT NULL,
	recording TEXT    NOT NULL,
	complete  INTEGER NOT NULL,
	doc       TEXT    NOT NULL -- without its cases
);
CREATE INDEX case_set_newest ON case_set (project, complete, recording, num);

CREATE TABLE test_case (
	owner    INTEGER NOT NULL, -- the set
	id       TEXT    NOT NULL,
	seq      INTEGER NOT NULL,
	standing TEXT    NOT NULL,
	doc      TEXT    NOT NULL,
	PRIMARY KEY (owner, id)
) WITHOUT ROWID;

-- Where a case cites a passage: once for each of its places. step is empty for the case as a whole.
CREATE TABLE citation (
	owner     INTEGER NOT NULL,
	test_case TEXT    NOT NULL,
	passage   TEXT    NOT NULL,
	step      TEXT    NOT NULL,
	expected  INTEGER NOT NULL, -- 1: by the step's expected result
	asserted  INTEGER NOT NULL, -- 1: by one that the recording shows as well
	seq       INTEGER NOT NULL,
	document  TEXT    NOT NULL,
	doc       TEXT    NOT NULL, -- the citation
	PRIMARY KEY (owner, test_case, passage, step, expected)
) WITHOUT ROWID;
CREATE INDEX citation_passage ON citation (passage);
CREATE INDEX citation_document ON citation (document);
