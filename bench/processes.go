package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// process is what the kernel says of one.
type process struct {
	pid, parent int
	name        string
	cpu         time.Duration // its own, and of children that ended
}

// ticksPerSecond is the kernel's unit of CPU time for programs, on every machine that Linux runs on today.
const ticksPerSecond = 100

// processesBelow are a process and all of its descendants.
func processesBelow(root int) (found []process) {
	all := map[int]process{}
	children := map[int][]int{}
	paths, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		p, ok := parseStat(string(data))
		if ok {
			all[p.pid] = p
			children[p.parent] = append(children[p.parent], p.pid)
		}
	}
	for todo := []int{root}; len(todo) > 0; todo = todo[1:] {
		if p, ok := all[todo[0]]; ok {
			found = append(found, p)
		}
		todo = append(todo, children[todo[0]]...)
	}
	return found
}

// parseStat reads /proc/PID/stat. The name stands in brackets and may hold anything.
func parseStat(line string) (p process, ok bool) {
	open, end := strings.IndexByte(line, '('), strings.LastIndexByte(line, ')')
	if open < 0 || end < open {
		return p, false
	}
	fields := strings.Fields(line[end+1:])
	const parent, cpu = 1, 11 // of what follows the name; utime, stime, cutime, cstime stand in a row
	if len(fields) < cpu+4 {
		return p, false
	}
	p.pid, _ = strconv.Atoi(strings.TrimSpace(line[:open]))
	p.parent, _ = strconv.Atoi(fields[parent])
	p.name = line[open+1 : end]
	for _, f := range fields[cpu : cpu+4] {
		ticks, _ := strconv.Atoi(f)
		p.cpu += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	return p, true
}

// pss is its memory in MB, what it shares with others divided between them.
func (p process) pss() float64 {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", p.pid))
	if err != nil {
		return 0 // it ended
	}
	for line := range strings.Lines(string(data)) {
		var kB float64
		if _, err := fmt.Sscanf(line, "Pss: %f kB", &kB); err == nil {
			return kB / 1000
		}
	}
	return 0
}

// cpuBelow is the CPU time that a process and its descendants have used. Unlike rates and durations it hardly depends on
// what else the machine does.
func cpuBelow(root int) (sum time.Duration) {
	for _, p := range processesBelow(root) {
		sum += p.cpu
	}
	return sum
}
