package artifacts

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
)

// ErrNoFile: an archive has no file of this name.
var ErrNoFile = errors.New("no such file in the archive")

// ReplaceFile is a zip archive with another content of one of its files; all else stays byte for byte. It fails with ErrNoFile,
// or with zip's errors when it is none.
func ReplaceFile(archive []byte, name string, content []byte) ([]byte, error) {
	from, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	found := false
	for _, f := range from.File {
		if f.Name != name {
			if err := to.Copy(f); err != nil {
				return nil, fmt.Errorf("copy %s: %w", f.Name, err)
			}
			continue
		}
		found = true
		w, err := to.Create(name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, fmt.Errorf("%w: %s", ErrNoFile, name)
	}
	if err := to.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
