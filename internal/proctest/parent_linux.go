package proctest

import "syscall"

// dieWithParent makes the kernel kill the process when the test binary dies, so
// that a killed or timed-out test leaves nothing behind.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
