package config_test

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tapedeck/config"
)

// The example file names every setting, with its default.
func TestEnvExampleIsComplete(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../deployments/.env.example")
	require.NoError(t, err)
	example := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^#([A-Z_]+)=(.*)$`).FindAllStringSubmatch(string(text), -1) {
		example[m[1]] = m[2]
	}

	defaults := reflect.ValueOf(config.Default())
	for i := range defaults.NumField() {
		tag := defaults.Type().Field(i).Tag.Get("env")
		if tag == "" {
			continue
		}
		name, aliases, _ := strings.Cut(tag, ",")
		value, named := example[name]
		require.True(t, named, "%s is missing in deployments/.env.example", name)
		require.Equal(t, plain(defaults.Field(i).Interface()), value, name)
		for alias := range strings.SplitSeq(aliases, ",") {
			require.Contains(t, string(text), alias)
		}
		delete(example, name)
	}
	for _, other := range []string{"TAPEDECK_CONFIG", "CELERY_RESULT_BACKEND", "ENABLE_STREAMLIT_ADMIN"} {
		delete(example, other)
	}
	require.Empty(t, example, "deployments/.env.example names settings that do not exist")
}

// plain writes a default as a person would: 1m, not 1m0s, 2h, not 2h0m; no brackets around a list.
func plain(v any) string {
	switch v := v.(type) {
	case time.Duration:
		s := v.String()
		if strings.HasSuffix(s, "m0s") {
			s = strings.TrimSuffix(s, "0s")
		}
		if strings.HasSuffix(s, "h0m") {
			s = strings.TrimSuffix(s, "0m")
		}
		return s
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}
