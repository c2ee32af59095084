//go:build unix

package browser

import (
	"os"
	"syscall"
)

// lockFile takes a lock that goes with the process.
func lockFile(path string, wait bool) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	how := syscall.LOCK_EX
	if !wait {
		how |= syscall.LOCK_NB
	}
	if err := syscall.Flock(int(f.Fd()), how); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func ownedByUs(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

// endProcess kills a process that does not answer any more.
func endProcess(pid int) { _ = syscall.Kill(pid, syscall.SIGKILL) }

// writable asks for the right to write, without writing.
func writable(dir string) bool { return syscall.Access(dir, 2) == nil }
