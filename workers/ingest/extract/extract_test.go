package extract_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/workers/ingest/extract"
)

// readers is a folder with the compiled PDF reader: compiling it takes half a minute under the race detector.
var readers string

func TestMain(m *testing.M) {
	var err error
	if readers, err = os.MkdirTemp("", "tapedeck-extract"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := os.RemoveAll(readers); err != nil {
		panic(err)
	}
	os.Exit(code)
}

// patience is how long a test waits: a busy machine is not a failure.
const patience = 10 * time.Minute

// shared reads all the tests' files.
var shared = sync.OnceValue(func() *extract.Extractor { return extract.New(extract.Limits{Time: patience}, readers) })

func file(name, content string) extract.File {
	return extract.File{Name: name, Content: strings.NewReader(content), Size: int64(len(content))}
}

// all is what the documents of a file are, and the faults.
func all(t testing.TB, x *extract.Extractor, f extract.File) (documents []extract.Document, faults []error) {
	t.Helper()
	for d, err := range x.Documents(t.Context(), f) {
		if err != nil {
			var fault *extract.Fault
			require.ErrorAs(t, err, &fault)
			require.NotEmpty(t, fault.Detail)
			require.NotContains(t, err.Error(), "\n")
			faults = append(faults, err)
			continue
		}
		documents = append(documents, d)
	}
	return documents, faults
}

func one(t testing.TB, f extract.File) extract.Document {
	t.Helper()
	documents, faults := all(t, shared(), f)
	require.Empty(t, faults)
	require.Len(t, documents, 1)
	return documents[0]
}

func refused(t testing.TB, x *extract.Extractor, f extract.File, reason error) {
	t.Helper()
	documents, faults := all(t, x, f)
	require.Empty(t, documents)
	require.Len(t, faults, 1)
	require.ErrorIs(t, faults[0], reason)
	require.Contains(t, faults[0].Error(), f.Name)
}

// packed is a zip with these names and contents in turn.
func packed(t testing.TB, namesAndContents ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(namesAndContents); i += 2 {
		w, err := z.Create(namesAndContents[i])
		require.NoError(t, err)
		_, err = io.WriteString(w, namesAndContents[i+1])
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	return b.String()
}

// converted are the bytes of a source in testdata that LibreOffice saved in other formats, by source and format, made
// once for all tests.
var converted = sync.OnceValues(func() (map[string]string, error) {
	program, err := exec.LookPath("soffice")
	if err != nil {
		return nil, errors.New("LibreOffice is missing: run make deps-test")
	}
	dir, err := os.MkdirTemp("", "converted-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files := map[string]string{}
	for format, sources := range map[string][]string{"docx": {"handbook.fodt"}, "odt": {"handbook.fodt"},
		"pdf": {"handbook.fodt", "talk.fodp"}, "xlsx": {"prices.fods"}, "pptx": {"talk.fodp"}} {
		args := []string{"-env:UserInstallation=file://" + dir + "/profile", "--headless", "--convert-to", format, "--outdir", dir}
		for _, source := range sources {
			args = append(args, filepath.Join("testdata", source))
		}
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			return nil, errors.New("soffice: " + err.Error() + ": " + string(out))
		}
		for _, source := range sources {
			name := strings.TrimSuffix(source, filepath.Ext(source)) + "." + format
			raw, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				return nil, err
			}
			files[name] = string(raw)
		}
	}
	return files, nil
})

// office is a document that LibreOffice made.
func office(t testing.TB, name string) extract.File {
	t.Helper()
	files, err := converted()
	require.NoError(t, err)
	require.Contains(t, files, name)
	return file(name, files[name])
}
