//go:build !linux

package browser

func inMemory(string) bool { return false }

func freeBytes(string) (int64, bool) { return 0, false }
