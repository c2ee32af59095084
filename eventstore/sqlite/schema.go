package sqlite

import (
	"crypto/rand"
	"fmt"
	"strings"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// schema is the layout that user_version counts; migrations[n] brings version n to n+1.
//
// Positions are contiguous: log.pos is 1, 2, 3 … A stream's id is the position of its first event,
// so that new streams sort behind old ones in log_stream. Times are microseconds since 1970 by the
// store's clock. A message carries the stored bytes of the event at position event, or its own
// payload.
var migrations = []string{`
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE stream (
  name    TEXT PRIMARY KEY,
  id      INTEGER NOT NULL,
  version INTEGER NOT NULL,
  head    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE log (
  pos     INTEGER PRIMARY KEY,
  stream  INTEGER NOT NULL,
  version INTEGER NOT NULL,
  taken   INTEGER NOT NULL,
  stored  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX log_stream ON log (stream, version);

CREATE TABLE message (
  id       INTEGER PRIMARY KEY,
  topic    TEXT NOT NULL,
  uuid     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  event    INTEGER,
  payload  BLOB,
  metadata TEXT
) STRICT;

CREATE TABLE deadline (
  stream TEXT PRIMARY KEY,
  at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX deadline_at ON deadline (at, stream);

CREATE TABLE lease (
  stream  TEXT PRIMARY KEY,
  token   TEXT NOT NULL,
  counter INTEGER NOT NULL,
  ttl     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE watch (
  stream  TEXT NOT NULL,
  watcher TEXT NOT NULL,
  topic   TEXT NOT NULL,
  PRIMARY KEY (stream, watcher, topic)
) STRICT, WITHOUT ROWID;

CREATE TABLE paused (
  prefix TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`}

// migrate brings the file to this build's schema and makes the epoch of a new one.
func migrate(conn *sqlite.Conn) (err error) {
	end, err := sqlitex.ImmediateTransaction(conn)
	if err != nil {
		return err
	}
	defer end(&err)
	version, err := sqlitex.ResultInt(conn.Prep("PRAGMA user_version"))
	if err != nil {
		return err
	}
	if version > len(migrations) {
		return fmt.Errorf("schema version %d is newer than this build, which knows %d", version, len(migrations))
	}
	for _, m := range migrations[version:] {
		if err := sqlitex.ExecuteScript(conn, m, nil); err != nil {
			return err
		}
	}
	epoch := strings.ToLower(rand.Text()[:8])
	err = sqlitex.Execute(conn, "INSERT OR IGNORE INTO meta (key, value) VALUES ('epoch', ?)", &sqlitex.ExecOptions{Args: []any{epoch}})
	if err != nil {
		return err
	}
	return sqlitex.ExecuteTransient(conn, fmt.Sprintf("PRAGMA user_version = %d", len(migrations)), nil)
}
