-- The read models. num counts jobs in the order of the log, so that it is the same in every rebuild.
-- Times are Unix nanoseconds; 0 is none. duration is in nanoseconds; -1 is none.
CREATE TABLE job (
	num      INTEGER PRIMARY KEY,
	id       TEXT    NOT NULL UNIQUE,
	project  TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	queue    TEXT    NOT NULL,
	priority INTEGER NOT NULL,
	status   INTEGER NOT NULL,
	attempt  INTEGER NOT NULL,
	created  INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	finished INTEGER NOT NULL,
	duration INTEGER NOT NULL
);
CREATE INDEX job_created ON job (created);
CREATE INDEX job_updated ON job (updated);
CREATE INDEX job_finished ON job (finished);
-- Each of these ends in num, the order that lists have unless they are asked for another one.
CREATE INDEX job_status ON job (status);
CREATE INDEX job_kind ON job (kind);

-- What a list shows of a job, as JSON. It stands apart so that a scan of job reads little.
CREATE TABLE doc (
	num INTEGER PRIMARY KEY,
	doc TEXT NOT NULL
);

CREATE TABLE child (
	parent TEXT    NOT NULL,
	num    INTEGER NOT NULL,
	PRIMARY KEY (parent, num)
) WITHOUT ROWID;

CREATE TABLE label (
	key   TEXT    NOT NULL,
	value TEXT    NOT NULL,
	num   INTEGER NOT NULL,
	PRIMARY KEY (key, value, num)
) WITHOUT ROWID;

-- Search. The rowid is the job's num.
CREATE VIRTUAL TABLE job_text USING fts5 (submitted, error, columnsize = 0, tokenize = 'unicode61 remove_diacritics 2');

CREATE TABLE tally (
	project  TEXT    NOT NULL,
	kind     TEXT    NOT NULL,
	queue    TEXT    NOT NULL,
	priority INTEGER NOT NULL,
	status   INTEGER NOT NULL,
	n        INTEGER NOT NULL,
	PRIMARY KEY (project, kind, queue, priority, status)
) WITHOUT ROWID;

CREATE TABLE queue (
	name TEXT PRIMARY KEY,
	doc  TEXT NOT NULL
) WITHOUT ROWID;

-- What happened in the width seconds from start on. The histograms are in histogram.go's encoding.
CREATE TABLE stat (
	width     INTEGER NOT NULL,
	start     INTEGER NOT NULL,
	project   TEXT    NOT NULL,
	kind      TEXT    NOT NULL,
	submitted INTEGER NOT NULL,
	started   INTEGER NOT NULL,
	succeeded INTEGER NOT NULL,
	failed    INTEGER NOT NULL,
	cancelled INTEGER NOT NULL,
	dead      INTEGER NOT NULL,
	retried   INTEGER NOT NULL,
	duration  BLOB    NOT NULL,
	wait      BLOB    NOT NULL,
	PRIMARY KEY (width, start, project, kind)
) WITHOUT ROWID;

-- Recordings. num counts them in the order of the log. What a list shows of one is in doc, as JSON.
CREATE TABLE recording (
	num      INTEGER PRIMARY KEY,
	id       TEXT    NOT NULL UNIQUE,
	project  TEXT    NOT NULL,
	folder   TEXT    NOT NULL,
	name     TEXT    NOT NULL,
	status   TEXT    NOT NULL,
	removed  INTEGER NOT NULL,
	steps    INTEGER NOT NULL,
	duration INTEGER NOT NULL,
	updated  INTEGER NOT NULL,
	doc      TEXT    NOT NULL
);
CREATE INDEX recording_updated ON recording (updated);

-- The events of recordings without their evidence: undoing an edit needs what was before.
CREATE TABLE recording_event (
	num     INTEGER NOT NULL,
	version INTEGER NOT NULL,
	type    TEXT    NOT NULL,
	at      INTEGER NOT NULL,
	data    TEXT    NOT NULL,
	PRIMARY KEY (num, version)
) WITHOUT ROWID;

-- Search over recordings. The rowid is the recording's num.
CREATE VIRTUAL TABLE recording_text USING fts5 (text, columnsize = 0, tokenize = 'unicode61 remove_diacritics 2');

-- Environments. One that was removed, and is not there now, stays: its stream may go on. What it is now is in doc, as JSON.
CREATE TABLE environment (
	project TEXT    NOT NULL,
	name    TEXT    NOT NULL,
	there   INTEGER NOT NULL,
	doc     TEXT    NOT NULL,
	PRIMARY KEY (project, name)
) WITHOUT ROWID;
