package browser

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Names below the base: each process has a folder and beside it a lock, which
// must outlive the folder while that is wiped. The guard keeps a folder that is
// being made from being taken for one that was left.
const (
	scratchPrefix = "w-"
	lockSuffix    = ".lock"
	guardName     = "guard"
)

// Scratch is this process's private folder for what must not outlive it.
type Scratch struct {
	dir  string
	base string
	lock *os.File
}

// DefaultScratchBase is where scratch folders go when nothing is set: memory
// where the system offers it, and a warning where it does not.
func DefaultScratchBase() (base, warning string) {
	name := "tapedeck-" + strconv.Itoa(os.Getuid())
	if inMemory("/dev/shm") {
		return filepath.Join("/dev/shm", name), ""
	}
	base = filepath.Join(os.TempDir(), name)
	return base, "temporary files of recordings lie in " + base + ", which is not in memory: set RECORDER_TMP_DIR to a folder on a tmpfs"
}

// newScratch makes a folder of this process's own below base and removes those
// of processes that are gone.
func newScratch(base string) (*Scratch, error) {
	if err := privateDir(base); err != nil {
		return nil, err
	}
	guard, err := lockFile(filepath.Join(base, guardName), true)
	if err != nil {
		return nil, fmt.Errorf("folder for temporary files: %w", err)
	}
	defer func() { _ = guard.Close() }()
	sweep(base)
	dir, err := os.MkdirTemp(base, scratchPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, fmt.Errorf("folder for temporary files: %w", err)
	}
	lock, err := lockFile(dir+lockSuffix, false)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("folder for temporary files: %w", err), os.RemoveAll(dir))
	}
	return &Scratch{dir: dir, base: base, lock: lock}, nil
}

// privateDir makes a folder that nobody else can look into. One that is there
// must be ours already: in a shared folder anybody may have made it.
func privateDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return fmt.Errorf("folder for temporary files: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("folder for temporary files: %w", err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("folder for temporary files: %w", err)
	}
	if !info.IsDir() || !ownedByUs(info) {
		return fmt.Errorf("folder for temporary files: %s is somebody else's: set RECORDER_TMP_DIR to another", dir)
	}
	if info.Mode().Perm() != 0o700 {
		if err := os.Chmod(dir, 0o700); err != nil {
			return fmt.Errorf("folder for temporary files: %w", err)
		}
	}
	return nil
}

// sweep removes the folders below base whose processes are gone; the guard is held.
func sweep(base string) {
	found, _ := filepath.Glob(filepath.Join(base, scratchPrefix+"*"))
	for _, path := range found {
		dir := strings.TrimSuffix(path, lockSuffix)
		lock, err := lockFile(dir+lockSuffix, false)
		if err != nil {
			continue // its process lives
		}
		wipe(dir)
		_ = os.Remove(dir + lockSuffix)
		_ = lock.Close()
	}
}

// Sweep removes what killed processes left.
func (s *Scratch) Sweep() {
	guard, err := lockFile(filepath.Join(s.base, guardName), true)
	if err != nil {
		return
	}
	defer func() { _ = guard.Close() }()
	sweep(s.base)
}

// wipe removes a folder whatever the modes inside are.
func wipe(dir string) {
	if os.RemoveAll(dir) == nil {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	_ = os.RemoveAll(dir)
}

// Dir makes a fresh folder inside; remove it after use.
func (s *Scratch) Dir(name string) (string, error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return "", fmt.Errorf("folder for temporary files: %w", err)
	}
	dir, err := os.MkdirTemp(s.dir, name+"-")
	if err != nil {
		return "", fmt.Errorf("folder for temporary files: %w", err)
	}
	return dir, nil
}

func (s *Scratch) close() {
	wipe(s.dir)
	_ = os.Remove(s.dir + lockSuffix)
	_ = s.lock.Close()
}
