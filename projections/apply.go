package projections

import (
	"fmt"

	"tapedeck/eventstore"
)

// apply folds a batch and the checkpoint behind it in one transaction. Entries that were folded
// before are passed over. After an error the file is as it was.
func (f *file) apply(b eventstore.Batch) error {
	at := f.at
	err := transaction(f.conn, func() error {
		d := f.tables.begin(&at)
		if err := at.take(d, b); err != nil {
			return err
		}
		if err := d.write(); err != nil {
			return err
		}
		return at.write(f.conn)
	})
	if err != nil {
		f.tables.forget()
		return fmt.Errorf("fold events behind %s: %w", f.at.scanned, err)
	}
	f.at = at
	return nil
}

func (p *progress) take(d batchFold, b eventstore.Batch) error {
	for i := range b.Events {
		e := &b.Events[i]
		if !e.Position.After(p.scanned) {
			continue
		}
		if err := d.event(e); err != nil {
			return fmt.Errorf("event %s (%s): %w", e.ID, e.Type, err)
		}
		p.checkpoint, p.scanned = e.Cursor(p.epoch), e.Position
	}
	if b.Next.After(p.scanned) {
		p.scanned = b.Next
	}
	p.skipped += int64(b.Malformed)
	return nil
}
