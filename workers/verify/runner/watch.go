package runner

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// watchEvery is how often memory and processes are looked at.
const watchEvery = 250 * time.Millisecond

// watch ends an invocation whose processes are too many or too large together, measured by their resident pages (shared
// ones count for each). Systems without /proc are not watched.
func watch(ctx context.Context, pid int, l Limits, end context.CancelCauseFunc) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, bytes := family(pid)
		switch {
		case bytes > l.Memory:
			end(fmt.Errorf("%w: it took more than %d MB of memory", ErrLimit, l.Memory>>20))
			return
		case n > l.Processes:
			end(fmt.Errorf("%w: it ran more than %d processes", ErrLimit, l.Processes))
			return
		}
	}
}

// family counts a process and all that descend from it, and their memory.
func family(pid int) (n int, size int64) {
	parents := map[int]int{}
	memory := map[int]int64{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		// What stands in parentheses may hold anything.
		at := bytes.LastIndexByte(b, ')')
		fields := strings.Fields(string(b[at+1:]))
		if at < 0 || len(fields) < 22 {
			continue
		}
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		parents[id], _ = strconv.Atoi(fields[1])
		pages, _ := strconv.ParseInt(fields[21], 10, 64)
		memory[id] = pages * int64(os.Getpagesize())
	}
	for id := range parents {
		at := id
		for range 64 {
			if at == pid {
				n++
				size += memory[id]
				break
			}
			parent, ok := parents[at]
			if !ok || parent == 0 {
				break
			}
			at = parent
		}
	}
	return n, size
}
