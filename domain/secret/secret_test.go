package secret_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"tapedeck/domain/job"
	"tapedeck/domain/secret"
)

func TestNamesOfSecretsAreChecked(t *testing.T) {
	t.Parallel()
	require.Empty(t, secret.CheckNames("secrets", []secret.Ref{{Name: "token", Ref: "TAPEDECK_SECRET_TOKEN"}, {Name: "a.b-c_1"}}))
	require.Equal(t, []job.Fault{
		{Path: "secrets.0.name", Message: "want letters, digits, '-', '_' and '.'"},
		{Path: "secrets.1.name", Message: "want letters, digits, '-', '_' and '.'"},
		{Path: "secrets.3.name", Message: "is there twice"},
	}, secret.CheckNames("secrets", []secret.Ref{{Name: ""}, {Name: "-x"}, {Name: "a"}, {Name: "a"}}))
}

func TestHeadersAreChecked(t *testing.T) {
	t.Parallel()
	refs := []secret.Ref{{Name: "token", Ref: "TAPEDECK_SECRET_TOKEN"}, {Name: "declared"}}
	for _, c := range []struct{ name, value, fault string }{
		{"X-Trace", "on", ""},
		{"Authorization", "Bearer ${secret:token}", ""},
		{"authorization", "Bearer abc", "would be written down"},
		{"COOKIE", "a=b", "would be written down"},
		{"hOST", "example.org", "belongs to the connection"},
		{"X Y", "a", "is no header line"},
		{"X-Y", "a\r\nb", "is no header line"},
		{"X-Y", "${secret:other}", `secret "other" is not in secrets`},
		{"X-Y", "${secret:declared}", `secret "declared" is not in secrets, or has no ref`},
	} {
		faults := secret.CheckHeaders("headers", map[string]string{c.name: c.value}, refs)
		if c.fault == "" {
			require.Empty(t, faults, "%s: %s", c.name, c.value)
			continue
		}
		require.Len(t, faults, 1, "%s: %s", c.name, c.value)
		require.Equal(t, "headers."+c.name, faults[0].Path)
		require.Contains(t, faults[0].Message, c.fault)
	}
}

func TestFaultsOfHeadersHaveAnOrder(t *testing.T) {
	t.Parallel()
	faults := secret.CheckHeaders("headers", map[string]string{"Te": "a", "Cookie": "b", "Host": "c"}, nil)
	require.Equal(t, []string{"headers.Cookie", "headers.Host", "headers.Te"}, []string{faults[0].Path, faults[1].Path, faults[2].Path})
}

func TestExpandPutsValuesIn(t *testing.T) {
	t.Parallel()
	values := map[string]string{"a": "1", "b": "${secret:a}"}
	got := secret.Expand("x ${secret:a} ${secret:b} ${secret:none}.", func(name string) string { return values[name] })
	require.Equal(t, "x 1 ${secret:a} .", got, "a value is not expanded again")
}
