package capture

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/recording"
)

func said(kind string, id int, more ...func(*seen)) seen {
	s := seen{name: "page", by: "person", at: time.Unix(1, 0)}
	s.Kind, s.Doc, s.Count = kind, "d", 1
	s.Element = &element{ID: id, Candidates: []recording.Candidate{{By: "css", Selector: fmt.Sprintf("#e%d", id), Matches: 1}}, Facts: recording.Facts{Tag: "p", Text: fmt.Sprint(id)}}
	for _, f := range more {
		f(&s)
	}
	return s
}

func count(n int) func(*seen) { return func(s *seen) { s.Count = n } }

func value(text string, fresh bool) func(*seen) {
	return func(s *seen) { s.Value, s.Fresh = text, fresh }
}

func elsewhere(name string) func(*seen) { return func(s *seen) { s.name = name } }

// TestFolderJoinsWhatIsOneStep lists for each message the id of the step that it made or changed.
func TestFolderJoinsWhatIsOneStep(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		say  []seen
		want string
	}{
		"two clicks on one element":         {[]seen{said("click", 1), said("click", 1)}, "1 2"},
		"a double click":                    {[]seen{said("click", 1), said("click", 1, count(2))}, "1 1*"},
		"a triple click":                    {[]seen{said("click", 1), said("click", 1, count(2)), said("click", 1, count(3))}, "1 1* 1*"},
		"a double click on something else":  {[]seen{said("click", 1), said("click", 2, count(2))}, "1 2"},
		"a double click on another page":    {[]seen{said("click", 1), said("click", 1, count(2), elsewhere("page2"))}, "1 2"},
		"a double click with a key between": {[]seen{said("click", 1), said("press", 1), said("click", 1, count(2))}, "1 2 3"},
		"typing":                            {[]seen{said("fill", 1, value("a", true)), said("fill", 1, value("ab", false))}, "1 1*"},
		"a second visit":                    {[]seen{said("fill", 1, value("a", true)), said("fill", 1, value("ab", true))}, "1 2"},
		"two fields by turns":               {[]seen{said("fill", 1, value("a", true)), said("fill", 2, value("b", true)), said("fill", 1, value("c", false))}, "1 2 3"},
		"choosing more":                     {[]seen{said("select", 1), said("select", 1)}, "1 1*"},
		"scrolling on":                      {[]seen{said("scroll", 1), said("scroll", 1)}, "1 1*"},
		"a drop without a drag":             {[]seen{said("drop", 1)}, ""},
		"dragging":                          {[]seen{said("dragstart", 1), said("drop", 2)}, "1"},
		"what nobody knows":                 {[]seen{said("dance", 1)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := 0
			f := newFolder(func() string { n++; return fmt.Sprint(n) }, time.Now)
			var got []string
			for _, s := range c.say {
				for _, a := range f.add(s) {
					id := a.Step.ID
					if a.Replaces != "" {
						require.Equal(t, id, a.Replaces)
						id += "*"
					}
					got = append(got, id)
				}
			}
			require.Equal(t, c.want, strings.Join(got, " "))
		})
	}
}

func TestAmendingDoesNotChangeWhatWasTold(t *testing.T) {
	t.Parallel()
	f := newFolder(func() string { return "1" }, time.Now)
	first := f.add(said("click", 1))[0].Step
	require.Empty(t, first.Evidence.Navigated)
	s := said("", 0)
	s.URL = "http://localhost/b"
	led := f.ledTo(s)
	require.Equal(t, "http://localhost/b", led[0].Step.Evidence.Navigated)
	require.Empty(t, first.Evidence.Navigated)
	require.Len(t, f.add(said("click", 1, count(2))), 1)
	require.Zero(t, first.Count)
}

func TestLiteralReadsJavaScriptStrings(t *testing.T) {
	t.Parallel()
	got, err := literal(`x; const source = 'a\n\'b\' \\d "q" \x41é\/ é'; y`, "source = '")
	require.NoError(t, err)
	require.Equal(t, "a\n'b' \\d \"q\" Aé/ é", got)
	for _, bad := range []string{`nothing`, `source = 'open`, `source = 'a\`, `source = '\x4`, `source = '\uzzzz'`} {
		_, err := literal(bad, "source = '")
		require.Error(t, err, bad)
	}
}

func TestLoadScriptNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := LoadScript(t.TempDir())
	require.ErrorContains(t, err, "read the browser driver's selector engine")
	_, err = Attach(nil, Options{})
	require.ErrorContains(t, err, "Options.Script is needed")
	require.ErrorContains(t, err, "Options.OnAction is needed")
}

func TestQueueKeepsOrderAndEnds(t *testing.T) {
	t.Parallel()
	q := newQueue()
	var got []int
	for i := range 3 {
		require.True(t, q.push(func() { got = append(got, i) }))
	}
	q.close()
	require.False(t, q.push(func() {}))
	for task, ok := q.next(); ok; task, ok = q.next() {
		task()
	}
	require.Equal(t, []int{0, 1, 2}, got)
}

func TestUnreadableMessageIsAnError(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{", `{"kind":1}`, `[]`} {
		_, err := parseMessage(bad)
		require.Error(t, err, bad)
	}
}
