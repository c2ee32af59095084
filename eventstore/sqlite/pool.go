package sqlite

import (
	"context"
	"errors"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// pool lends connections that only read. Reads are short, so that they need no interrupt.
type pool struct {
	free    chan *sqlite.Conn
	size    int
	file    *identity
	closing chan struct{}
}

// openPool returns a pool of the connections that it could open, also with an error.
func openPool(path string, size int, file *identity, closing chan struct{}) (*pool, error) {
	p := &pool{free: make(chan *sqlite.Conn, size), file: file, closing: closing}
	for range size {
		conn, err := sqlite.OpenConn(path, sqlite.OpenReadOnly)
		if err != nil {
			return p, err
		}
		p.size++
		p.free <- conn
	}
	return p, nil
}

// read runs f with a connection.
func (p *pool) read(ctx context.Context, f func(*sqlite.Conn) error) error {
	if err := errors.Join(ctx.Err(), p.file.known()); err != nil {
		return err
	}
	select {
	case <-p.closing:
		return eventstore.ErrClosed
	default:
	}
	select {
	case conn := <-p.free:
		defer func() { p.free <- conn }()
		return storeError(f(conn))
	case <-p.closing:
		return eventstore.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// close waits for the reads under way.
func (p *pool) close() error {
	var errs []error
	for range p.size {
		errs = append(errs, (<-p.free).Close())
	}
	return errors.Join(errs...)
}
