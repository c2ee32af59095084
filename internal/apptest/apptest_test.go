package apptest_test

import (
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/internal/apptest"
)

func get(t require.TestingT, url string) string {
	resp, err := http.Get(url)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	require.NoError(t, resp.Body.Close())
	require.Equal(t, http.StatusOK, resp.StatusCode, "%s", body)
	return string(body)
}

func TestApplicationsServeTheirPage(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *apptest.App{
		"TiddlyWiki": apptest.TiddlyWiki, "Verdaccio": apptest.Verdaccio, "Node-RED": apptest.NodeRED,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, strings.ToLower(get(t, start(t).URL+"/")), "<html")
		})
	}
}

func TestMailDevTakesMail(t *testing.T) {
	t.Parallel()
	app := apptest.MailDev(t)
	msg := "From: a@example.org\r\nTo: b@example.org\r\nSubject: Hello tape\r\n\r\nbody\r\n"
	require.Eventually(t, func() bool {
		return smtp.SendMail(app.SMTP, nil, "a@example.org", []string{"b@example.org"}, []byte(msg)) == nil
	}, 30*time.Second, 50*time.Millisecond)
	require.Eventually(t, func() bool { return strings.Contains(get(t, app.URL+"/email"), "Hello tape") }, 10*time.Second, 50*time.Millisecond)
}
