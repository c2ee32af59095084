// Package profile keeps logins: the storage state that a browser has after somebody signed in, so that recorder, crawler
// and test runs can begin signed in. A state is as good as the password it was made with: it is encrypted with a key
// from the settings, in a folder of its own, and never an artefact, an event or a log line.
package profile

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tapedeck/domain/job"
)

var (
	// ErrNotFound: no profile with this name.
	ErrNotFound = errors.New("no such login profile")
	// ErrNoKey: the settings hold no key, so that profiles cannot be kept.
	ErrNoKey = errors.New("login profiles need a key: set PROFILE_KEY (or PROFILE_KEY_FILE) to 32 random bytes, for example from `openssl rand -hex 32`")
	// ErrKey: the file was changed, or written with another key.
	ErrKey = errors.New("the login profile cannot be decrypted: it was saved with another PROFILE_KEY; record the login again")
	// ErrName: a profile's name must be 1–64 of a–z, 0–9, '.', '_', '-'.
	ErrName = errors.New("a login profile's name has 1–64 of a–z, 0–9, '.', '_', '-'")
)

// Info is what may be shown of a profile.
type Info struct {
	Project string `json:"project"`
	Name    string `json:"name"`
	// RecordingID is the recording of the login: running it again refreshes the profile.
	RecordingID string `json:"recordingId"`
	// URL is where the login begins. A page that leads back there says that the profile is signed out.
	URL     string    `json:"url"`
	SavedAt time.Time `json:"savedAt"`
	// ExpiresAt is when the login is expected to end: see Expiry. Zero is not known.
	ExpiresAt time.Time `json:"expiresAt,omitzero"`
}

// Expired says whether the login's time is over.
func (i Info) Expired(now time.Time) bool { return !i.ExpiresAt.IsZero() && !now.Before(i.ExpiresAt) }

// file is a profile on disk. Its info is authenticated with the state, which is sealed.
type file struct {
	Format string         `json:"format"`
	Info   jsontext.Value `json:"info"`
	Nonce  []byte         `json:"nonce"`
	State  []byte         `json:"state"`
}

const format = "tapedeck.profile/1"

// Store is a folder of profiles. It is safe for concurrent use, also by several processes.
type Store struct {
	dir  string
	aead cipher.AEAD
}

// Open returns the Store in a folder, which is made when the first profile is saved. The key is what the settings say;
// empty opens a Store that can list and remove, and fails with ErrNoKey otherwise. A key of less than 16 bytes is refused.
func Open(dir, key string) (*Store, error) {
	s := &Store{dir: dir}
	if key == "" {
		return s, nil
	}
	if len(key) < 16 {
		return nil, errors.New("PROFILE_KEY is too short: want at least 16 bytes, better 32 random ones")
	}
	derived, err := hkdf.Key(sha256.New, []byte(key), nil, format, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	s.aead, err = cipher.NewGCM(block)
	return s, err
}

// Save encrypts a storage state, as Playwright's StorageState gives it, and replaces the profile with the same name.
// SavedAt and ExpiresAt are set.
func (s *Store) Save(info Info, state []byte, now time.Time) (Info, error) {
	if s.aead == nil {
		return info, ErrNoKey
	}
	path, err := s.path(info.Project, info.Name)
	if err != nil {
		return info, err
	}
	info.SavedAt, info.ExpiresAt = now.UTC(), Expiry(state)
	public, err := json.Marshal(info, json.Deterministic(true))
	if err != nil {
		return info, err
	}
	f := file{Format: format, Info: public, Nonce: make([]byte, s.aead.NonceSize())}
	if _, err := rand.Read(f.Nonce); err != nil {
		return info, err
	}
	f.State = s.aead.Seal(nil, f.Nonce, state, public)
	text, err := json.Marshal(f)
	if err != nil {
		return info, err
	}
	return info, s.write(path, text)
}

// write replaces a file whole, or leaves the old one.
func (s *Store) write(path string, text []byte) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return fmt.Errorf("save login profile: %w", err)
	}
	temp, err := os.CreateTemp(s.dir, ".saving-*")
	if err != nil {
		return fmt.Errorf("save login profile: %w", err)
	}
	_, err = temp.Write(text)
	if err == nil {
		err = temp.Sync()
	}
	err = errors.Join(err, temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(temp.Name())
		return fmt.Errorf("save login profile: %w", err)
	}
	return nil
}

// Load returns a profile with its storage state. It fails with ErrNotFound, ErrNoKey or ErrKey.
func (s *Store) Load(project, name string) (Info, []byte, error) {
	path, err := s.path(project, name)
	if err != nil {
		return Info{}, nil, err
	}
	f, info, err := read(path)
	if err != nil {
		return Info{}, nil, err
	}
	if s.aead == nil {
		return info, nil, ErrNoKey
	}
	if len(f.Nonce) != s.aead.NonceSize() {
		return info, nil, ErrKey
	}
	state, err := s.aead.Open(nil, f.Nonce, f.State, f.Info)
	if err != nil {
		return info, nil, ErrKey
	}
	return info, state, nil
}

// List returns a project's profiles by name; project "" is all. Files that are no profiles are passed over.
func (s *Store) List(project string) ([]Info, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list login profiles: %w", err)
	}
	var out []Info
	for _, e := range entries {
		if filepath.Ext(e.Name()) != suffix {
			continue
		}
		if _, info, err := read(filepath.Join(s.dir, e.Name())); err == nil && (project == "" || info.Project == project) {
			out = append(out, info)
		}
	}
	slices.SortFunc(out, func(a, b Info) int {
		return strings.Compare(a.Project+"/"+a.Name, b.Project+"/"+b.Name)
	})
	return out, nil
}

// Remove forgets a profile. It fails with ErrNotFound.
func (s *Store) Remove(project, name string) error {
	path, err := s.path(project, name)
	if err != nil {
		return err
	}
	err = os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNotFound
	}
	return err
}

const suffix = ".profile"

// path is a digest, so that no name can lead out of the folder or fall together with another one's.
func (s *Store) path(project, name string) (string, error) {
	if !job.ValidName(project) || !job.ValidName(name) {
		return "", ErrName
	}
	sum := sha256.Sum256([]byte(project + "/" + name))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:16])+suffix), nil
}

func read(path string) (f file, info Info, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, info, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err == nil && f.Format != format {
		err = fmt.Errorf("format %q is not known", f.Format)
	}
	if err == nil {
		err = json.Unmarshal(f.Info, &info)
	}
	if err != nil {
		return f, info, fmt.Errorf("read login profile: %w", err)
	}
	return f, info, nil
}
