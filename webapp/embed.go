// Package webapp carries the built single-page app inside the binary.
package webapp

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built page: index.html, hashed files below assets/, and what public/ holds.
// It has no index.html when the page was not built before the binary.
func Files() fs.FS {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a constant, valid path
	}
	return files
}
