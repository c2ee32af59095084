package artifacts_test

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"tapedeck/artifacts"
	"tapedeck/domain/event"
)

func TestUploadsAreAllOrNothing(t *testing.T) {
	t.Parallel()
	s, dir := open(t)
	u, err := s.PutUpload(t.Context(), strings.NewReader("what was given"), 14)
	require.NoError(t, err)
	require.EqualValues(t, 14, u.Size)
	require.Equal(t, event.Hash(sha256.Sum256([]byte("what was given"))), u.SHA256)
	r, err := s.OpenUpload(t.Context(), u.ID)
	require.NoError(t, err)
	raw, err := io.ReadAll(r)
	require.NoError(t, errors.Join(err, r.Close()))
	require.Equal(t, "what was given", string(raw))

	kept := files(t, dir)
	_, err = s.PutUpload(t.Context(), strings.NewReader("what was given"), 13)
	require.ErrorIs(t, err, artifacts.ErrTooLarge)
	broken := errors.New("the line went dead")
	_, err = s.PutUpload(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)), 100)
	require.ErrorIs(t, err, broken)
	require.Equal(t, kept, files(t, dir))

	require.NoError(t, s.DeleteUpload(t.Context(), u.ID))
	require.NoError(t, s.DeleteUpload(t.Context(), u.ID))
	_, err = s.OpenUpload(t.Context(), u.ID)
	require.ErrorIs(t, err, artifacts.ErrNotFound)
	for _, id := range []string{"", "..", "../texts/aa", strings.Repeat("G", 32)} {
		_, err = s.OpenUpload(t.Context(), id)
		require.ErrorIs(t, err, artifacts.ErrName, id)
		require.ErrorIs(t, s.DeleteUpload(t.Context(), id), artifacts.ErrName, id)
	}
}
