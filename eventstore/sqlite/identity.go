package sqlite

import (
	"fmt"
	"os"
	"sync/atomic"

	"tapedeck/eventstore"
)

// identity knows the file that was opened. When the path leads elsewhere later (the data folder was
// removed, another file was moved there), what is written to the open file would be lost with the
// process: the store refuses everything from then on (TestFileTakenAway).
type identity struct {
	path string
	info os.FileInfo
	lost atomic.Bool
}

// claim makes the file when it does not exist, readable by nobody else; SQLite gives its WAL the same
// permissions.
func claim(path string) (*identity, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	return &identity{path: path, info: info}, err
}

// check looks at the path. It fails with eventstore.ErrEpoch, and then for good.
func (i *identity) check() error {
	if !i.lost.Load() {
		info, err := os.Stat(i.path)
		if err == nil && os.SameFile(info, i.info) {
			return nil
		}
		i.lost.Store(true)
	}
	return i.known()
}

// known is check without a look.
func (i *identity) known() error {
	if i.lost.Load() {
		return fmt.Errorf("%w: %s is no longer the file that was opened", eventstore.ErrEpoch, i.path)
	}
	return nil
}
