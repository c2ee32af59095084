package projections

import (
	"fmt"

	"zombiezen.com/go/sqlite"
)

// exec runs one statement, prepared once for each connection, and calls each, unless it is nil, for
// every row. Arguments are int64, int, string, []byte, bool or float64.
func exec(conn *sqlite.Conn, query string, each func(*sqlite.Stmt) error, args ...any) error {
	stmt, err := conn.Prepare(query)
	if err != nil {
		return err
	}
	return run(stmt, each, args)
}

// ask is exec for a query that was put together from what somebody asks for: it is not kept.
func ask(conn *sqlite.Conn, query string, each func(*sqlite.Stmt) error, args ...any) error {
	stmt, _, err := conn.PrepareTransient(query)
	if err != nil {
		return err
	}
	err = run(stmt, each, args)
	if err2 := stmt.Finalize(); err == nil {
		err = err2
	}
	return err
}

func run(stmt *sqlite.Stmt, each func(*sqlite.Stmt) error, args []any) error {
	for i, arg := range args {
		bind(stmt, i+1, arg)
	}
	for {
		row, err := stmt.Step()
		if err == nil && row && each != nil {
			err = each(stmt)
		}
		if err != nil {
			_ = stmt.Reset() // repeats the error of the step
			return err
		}
		if !row {
			return stmt.Reset()
		}
	}
}

func bind(stmt *sqlite.Stmt, i int, arg any) {
	switch arg := arg.(type) {
	case int64:
		stmt.BindInt64(i, arg)
	case int:
		stmt.BindInt64(i, int64(arg))
	case string:
		stmt.BindText(i, arg)
	case []byte:
		stmt.BindBytes(i, arg)
	default:
		panic(fmt.Sprintf("bind: %T", arg))
	}
}

func columnBytes(stmt *sqlite.Stmt, col int) []byte {
	b := make([]byte, stmt.ColumnLen(col))
	stmt.ColumnBytes(col, b)
	return b
}

// transaction runs f between BEGIN and COMMIT, or ROLLBACK when it fails.
func transaction(conn *sqlite.Conn, f func() error) error {
	if err := exec(conn, "BEGIN", nil); err != nil {
		return err
	}
	err := f()
	if err == nil {
		err = exec(conn, "COMMIT", nil)
	}
	if err != nil && !conn.AutocommitEnabled() {
		interrupt := conn.SetInterrupt(nil) // the rollback must not fail with the ctx that ended f
		_ = exec(conn, "ROLLBACK", nil)
		conn.SetInterrupt(interrupt)
	}
	return err
}
