package projections

import (
	"errors"
	"fmt"
	"os"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"tapedeck/eventstore"
)

// model is what one file of read models consists of.
type model struct {
	name string // for operators
	// schema makes the tables beside meta.
	schema string
	// version names the tables and the meaning of what is in them: raise it with every change of the schema or of the
	// fold, and files of another version are built anew.
	version int64
	// tables folds events into a file; it keeps in memory what it needs again.
	tables func(conn *sqlite.Conn) tables
	// sections are the dump. words is the search index, whose words are dumped as temp.word.
	sections []section
	words    string
}

// tables folds events into one file. It is used by one goroutine at a time.
type tables interface {
	// begin begins a batch, which counts in at.
	begin(at *progress) batchFold
	// forget drops what is in memory: it may be ahead of the file.
	forget()
}

// batchFold takes one batch of events in memory and writes what came of it at its end.
type batchFold interface {
	event(e *eventstore.Recorded) error
	write() error
}

// progress is how far a file is.
type progress struct {
	epoch      string
	checkpoint eventstore.Cursor
	scanned    eventstore.Position
	skipped    int64
	rows       int64 // the highest number that was given to a row
}

const metaSchema = `CREATE TABLE meta (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	epoch      TEXT    NOT NULL,
	checkpoint TEXT    NOT NULL, -- the cursor of the last event folded
	scanned    TEXT    NOT NULL, -- the position of the last entry looked at, malformed ones too
	skipped    INTEGER NOT NULL,
	rows       INTEGER NOT NULL
);
`

// file is one set of read models: one writing connection, used by one goroutine at a time, and a pool
// of reading ones that it never blocks.
type file struct {
	path    string
	conn    *sqlite.Conn
	readers *sqlitex.Pool
	model   *model
	tables  tables
	at      progress
}

// readerCount is the number of queries that run at once; more wait for their turn.
const readerCount = 4

// openFile opens a file, or makes an empty one for the log with this epoch. A file of another schema
// or that cannot be read is made anew; why says so.
func openFile(m *model, path, epoch string) (f *file, why string, err error) {
	f, err = tryOpen(m, path)
	if err == nil && f.at.epoch == epoch {
		return f, "", nil
	}
	switch {
	case err == nil:
		why = fmt.Sprintf("they were of another log (%s, now %s)", f.at.epoch, epoch)
		f.close()
	case errors.Is(err, os.ErrNotExist):
		why = "there were none"
	default:
		why = err.Error()
	}
	f, err = createFile(m, path, epoch)
	return f, why, err
}

var errOtherSchema = errors.New("they were of another version of the program")

func tryOpen(m *model, path string) (*file, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	f := &file{path: path, model: m}
	err := f.connect()
	if err == nil {
		err = f.load()
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func createFile(m *model, path, epoch string) (*file, error) {
	if err := removeFile(path); err != nil {
		return nil, err
	}
	f := &file{path: path, model: m}
	err := f.connect()
	if err == nil {
		err = sqlitex.ExecuteScript(f.conn, metaSchema+m.schema+fmt.Sprintf("PRAGMA user_version = %d;", m.version), nil)
	}
	if err == nil {
		f.at = progress{epoch: epoch, checkpoint: eventstore.Start(epoch)}
		err = exec(f.conn, "INSERT INTO meta VALUES (1, ?, ?, ?, 0, 0)", nil, epoch, f.at.checkpoint.String(), f.at.scanned.String())
	}
	if err != nil {
		f.close()
		return nil, fmt.Errorf("make read models: %w", err)
	}
	return f, nil
}

// removeFile deletes a database with what SQLite keeps beside it.
func removeFile(path string) error {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// connect opens the writer and the readers. A power cut may take the last commits, which are then
// folded again, but cannot break the file: NORMAL syncs before each checkpoint of the WAL, not at each
// commit. An empty file needs not even that.
func (f *file) connect() error {
	var err error
	if f.conn, err = sqlite.OpenConn(f.path, sqlite.OpenReadWrite|sqlite.OpenCreate); err != nil {
		return err
	}
	err = pragmas(f.conn, "synchronous = OFF", "page_size = 8192", "journal_mode = WAL", "synchronous = NORMAL", "cache_size = -32768",
		"wal_autocheckpoint = 4000", "temp_store = MEMORY")
	if err != nil {
		return err
	}
	f.tables = f.model.tables(f.conn)
	f.readers, err = sqlitex.NewPool(f.path, sqlitex.PoolOptions{
		Flags: sqlite.OpenReadOnly, PoolSize: readerCount,
		PrepareConn: func(conn *sqlite.Conn) error {
			return pragmas(conn, "temp_store = MEMORY", "cache_size = -8192")
		},
	})
	return err
}

func pragmas(conn *sqlite.Conn, settings ...string) error {
	for _, s := range settings {
		if err := sqlitex.ExecuteTransient(conn, "PRAGMA "+s, nil); err != nil {
			return fmt.Errorf("set %s: %w", s, err)
		}
	}
	return nil
}

func (f *file) close() error {
	var errs []error
	if f.readers != nil {
		errs = append(errs, f.readers.Close())
	}
	if f.conn != nil {
		errs = append(errs, f.conn.Close())
	}
	return errors.Join(errs...)
}

func (f *file) load() error {
	version := int64(0)
	err := exec(f.conn, "PRAGMA user_version", func(s *sqlite.Stmt) error {
		version = s.ColumnInt64(0)
		return nil
	})
	if err == nil && version != f.model.version {
		return errOtherSchema
	}
	if err == nil {
		f.at, err = readProgress(f.conn)
	}
	return err
}

func readProgress(conn *sqlite.Conn) (p progress, err error) {
	found := false
	err = exec(conn, "SELECT epoch, checkpoint, scanned, skipped, rows FROM meta", func(s *sqlite.Stmt) error {
		found = true
		p.epoch = s.ColumnText(0)
		var err1, err2 error
		p.checkpoint, err1 = eventstore.ParseCursor(s.ColumnText(1))
		p.scanned, err2 = eventstore.ParsePosition(s.ColumnText(2))
		p.skipped, p.rows = s.ColumnInt64(3), s.ColumnInt64(4)
		return errors.Join(err1, err2)
	})
	if err == nil && !found {
		err = errors.New("read models without a checkpoint")
	}
	return p, err
}

func (p progress) write(conn *sqlite.Conn) error {
	return exec(conn, "UPDATE meta SET checkpoint = ?, scanned = ?, skipped = ?, rows = ?", nil,
		p.checkpoint.String(), p.scanned.String(), p.skipped, p.rows)
}
