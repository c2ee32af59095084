package projections

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"zombiezen.com/go/sqlite"
)

// section is one part of the canonical dump: every row of a table in the order of its key, which is
// its first columns.
type section struct {
	name  string
	key   int
	query string
}

// jobSections cover everything that a query can see; the search index by its words. The count of
// skipped entries is left out: it depends on where a batch ended.
var jobSections = []section{
	{"job", 1, "SELECT num, id, project, kind, queue, priority, status, attempt, created, updated, finished, duration FROM job ORDER BY 1"},
	{"doc", 1, "SELECT num, doc FROM doc ORDER BY 1"},
	{"child", 2, "SELECT num, parent FROM child ORDER BY 1, 2"},
	{"label", 3, "SELECT num, key, value FROM label ORDER BY 1, 2, 3"},
	{"tally", 5, "SELECT project, kind, queue, priority, status, n FROM tally ORDER BY 1, 2, 3, 4, 5"},
	{"queue", 1, "SELECT name, doc FROM queue ORDER BY 1"},
	{"stat", 4, "SELECT width, start, project, kind, submitted, started, succeeded, failed, cancelled, dead, retried, hex(duration), hex(wait) FROM stat ORDER BY 1, 2, 3, 4"},
	{"text", 1, "SELECT rowid, submitted, error FROM job_text ORDER BY 1"},
	{"word", 1, "SELECT term, doc, cnt FROM temp.word ORDER BY 1"},
	{"recording", 1, "SELECT num, id, project, folder, name, status, removed, steps, duration, updated, doc FROM recording ORDER BY 1"},
	{"recording event", 2, "SELECT num, version, type, at, data FROM recording_event ORDER BY 1, 2"},
	{"environment", 2, "SELECT project, name, there, doc FROM environment ORDER BY 1, 2"},
	{"recording text", 1, "SELECT rowid, text FROM recording_text ORDER BY 1"},
}

// line is one row of a dump.
type line struct {
	section int
	key     []string
	text    string
}

func (l line) compare(m line) int {
	if l.section != m.section {
		return l.section - m.section
	}
	return slices.Compare(l.key, m.key)
}

// dump calls each for every line, in order.
func (m *model) dump(conn *sqlite.Conn, each func(line) error) error {
	err := exec(conn, "CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab (main, "+m.words+", row)", nil)
	if err != nil {
		return err
	}
	for i, sec := range m.sections {
		err := exec(conn, sec.query, func(s *sqlite.Stmt) error { return each(sec.line(i, s)) })
		if err != nil {
			return fmt.Errorf("dump %s: %w", sec.name, err)
		}
	}
	return nil
}

func (sec section) line(i int, s *sqlite.Stmt) line {
	l := line{section: i}
	var b strings.Builder
	b.WriteString(sec.name)
	for col := range s.ColumnCount() {
		value := s.ColumnText(col)
		key := value
		if s.ColumnType(col) == sqlite.TypeInteger {
			key = fmt.Sprintf("%020d", s.ColumnInt64(col))
		} else {
			value = strconv.Quote(value)
		}
		if col < sec.key {
			l.key = append(l.key, key)
		}
		b.WriteByte(' ')
		b.WriteString(value)
	}
	l.text = b.String()
	return l
}

// digest is the SHA-256 of a dump, line by line.
func (m *model) digest(conn *sqlite.Conn, w io.Writer) (string, error) {
	h := sha256.New()
	out := bufio.NewWriter(io.MultiWriter(h, w))
	err := m.dump(conn, func(l line) error {
		_, err := out.WriteString(l.text + "\n")
		return err
	})
	if err == nil {
		err = out.Flush()
	}
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// Dump writes everything that the read models hold as text in canonical order, and returns its
// SHA-256. Projectors at the same checkpoint of the same log give the same dump.
func (p *follower) Dump(ctx context.Context, w io.Writer) (hash string, err error) {
	err = p.read(ctx, func(conn *sqlite.Conn, at progress) error {
		_, err := fmt.Fprintf(w, "# %s\n", at.checkpoint)
		if err == nil {
			hash, err = p.model.digest(conn, w)
		}
		return err
	})
	return hash, err
}
