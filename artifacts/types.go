package artifacts

import (
	"path"
	"strings"
)

// TypeOf is the content type of a file by its name's extension, the same on every machine.
func TypeOf(name string) string {
	if t, ok := types[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return "application/octet-stream"
}

var types = map[string]string{
	".csv":    "text/csv; charset=utf-8",
	".css":    "text/css; charset=utf-8",
	".gif":    "image/gif",
	".gz":     "application/gzip",
	".har":    "application/json",
	".html":   "text/html; charset=utf-8",
	".jpeg":   "image/jpeg",
	".jpg":    "image/jpeg",
	".js":     "text/javascript; charset=utf-8",
	".json":   "application/json",
	".log":    "text/plain; charset=utf-8",
	".md":     "text/markdown; charset=utf-8",
	".mjs":    "text/javascript; charset=utf-8",
	".mp4":    "video/mp4",
	".ndjson": "application/x-ndjson",
	".pdf":    "application/pdf",
	".png":    "image/png",
	".svg":    "image/svg+xml",
	".tar":    "application/x-tar",
	".ts":     "text/plain; charset=utf-8",
	".txt":    "text/plain; charset=utf-8",
	".wasm":   "application/wasm",
	".webm":   "video/webm",
	".webp":   "image/webp",
	".xml":    "application/xml",
	".yaml":   "application/yaml",
	".yml":    "application/yaml",
	".zip":    "application/zip",
	".zst":    "application/zstd",
}
