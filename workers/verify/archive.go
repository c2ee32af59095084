package verify

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"tapedeck/workers"
)

// Bounds of a project.
const (
	maxProjectFiles = 5_000
	maxProjectBytes = 200 << 20
)

// CodeProject is the error's code when the project is to blame.
const CodeProject = "bad_project"

func badProject(format string, args ...any) error {
	return workers.Permanent(CodeProject, fmt.Errorf(format, args...))
}

// unpack lays a project's zip into a folder. Names that lead out of it, links and devices are refused.
func unpack(path, dir string) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return badProject("the project is no zip archive: %w", err)
	}
	defer func() { _ = z.Close() }()
	if len(z.File) > maxProjectFiles {
		return badProject("the project has %d files; at most %d are taken (leave node_modules and results out)", len(z.File), maxProjectFiles)
	}
	left := int64(maxProjectBytes)
	for _, f := range z.File {
		name := filepath.FromSlash(strings.ReplaceAll(f.Name, `\`, "/"))
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		if !filepath.IsLocal(name) {
			return badProject("%q leads out of the project", f.Name)
		}
		if !f.Mode().IsRegular() {
			return badProject("%q is no plain file", f.Name)
		}
		n, err := unpackFile(f, filepath.Join(dir, name), left)
		if err != nil {
			return err
		}
		left -= n
	}
	return nil
}

func unpackFile(f *zip.File, path string, left int64) (int64, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, badProject("%q: its folder is a file", f.Name)
	}
	in, err := f.Open()
	if err != nil {
		return 0, badProject("%q cannot be read: %w", f.Name, err)
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return 0, badProject("%q is there twice", f.Name)
	}
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(out, io.LimitReader(in, left+1))
	err = errors.Join(err, out.Close())
	switch {
	case n > left:
		return n, badProject("the project has more than %d MB", maxProjectBytes>>20)
	case err != nil:
		return n, badProject("%q cannot be unpacked: %w", f.Name, err)
	}
	return n, nil
}
