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
