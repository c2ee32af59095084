package sqlite

import (
	"context"
	"fmt"
	"time"

	"zombiezen.com/go/sqlite"

	"tapedeck/eventstore"
)

// Renew implements eventstore.Leases.
func (s *Store) Renew(ctx context.Context, stream, token string) (uint64, error) {
	var version uint64 // belongs to the writer until write returns without error
	err := s.write(ctx, func(tx *tx) (func(), error) {
		l, ok, err := leaseOf(tx.lease, stream)
		if err != nil {
			return nil, err
		}
		if !ok || l.Token != token {
			return nil, fmt.Errorf("%w: %s", eventstore.ErrLeaseLost, stream)
		}
		head, err := tx.headOf(stream)
		if err != nil {
			return nil, err
		}
		version = head.version
		if err := tx.exec(tx.touchLease, stream); err != nil {
			return nil, err
		}
		return nil, tx.exec(tx.putDeadline, stream, tx.clock.now()+l.TTL.Microseconds())
	})
	if err != nil {
		return 0, err
	}
	return version, nil
}

// LeaseOf implements eventstore.Leases.
func (s *Store) LeaseOf(ctx context.Context, stream string) (l eventstore.Lease, ok bool, err error) {
	err = s.pool.read(ctx, func(conn *sqlite.Conn) error {
		l, ok, err = leaseOf(conn.Prep("SELECT token, counter, ttl FROM lease WHERE stream = ?"), stream)
		return err
	})
	return l, ok, err
}

func leaseOf(query *sqlite.Stmt, stream string) (l eventstore.Lease, ok bool, err error) {
	ok, err = row(query, func(r *sqlite.Stmt) {
		l = eventstore.Lease{
			Stream: stream, Token: r.ColumnText(0), Counter: uint64(r.ColumnInt64(1)), TTL: time.Duration(r.ColumnInt64(2)),
		}
	}, stream)
	return l, ok, err
}
