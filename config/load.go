package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

// ignored are names of the replaced system that are accepted and have no effect, with what to say.
var ignored = map[string]string{
	"CELERY_RESULT_BACKEND":  "results are events of the job's tape",
	"ENABLE_STREAMLIT_ADMIN": "the admin pages are part of the web page",
}

// Flags adds one flag for each setting; their help says the environment's names.
func Flags(set *pflag.FlagSet) {
	defaults := reflect.ValueOf(Default())
	for f, value := range fields(defaults) {
		name := f.Tag.Get("koanf")
		usage := fmt.Sprintf("%s [%s]", f.Tag.Get("usage"), f.Tag.Get("env"))
		switch v := value.Interface().(type) {
		case string:
			set.String(name, v, usage)
		case int:
			set.Int(name, v, usage)
		case bool:
			set.Bool(name, v, usage)
		case []string:
			set.StringSlice(name, v, usage)
		default:
			set.Duration(name, value.Interface().(durationValue), usage)
		}
	}
	set.String("config", "", "YAML file with settings [TAPEDECK_CONFIG]")
}

// Load reads the settings. An unknown key in the file and a value of the wrong type are errors, and
// so is every fault that Validate finds.
func Load(set *pflag.FlagSet, environ []string) (Config, error) {
	k, c := koanf.New("/"), Default()
	getenv := lookup(environ)
	path, _ := set.GetString("config")
	if path == "" {
		path = getenv("TAPEDECK_CONFIG")
	}
	if path != "" {
		if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
			return c, fmt.Errorf("settings file %s: %w", path, err)
		}
	}
	fromEnv, warnings, err := environment(environ)
	if err != nil {
		return c, err
	}
	provider := env.Provider("/", env.Opt{
		EnvironFunc:   func() []string { return fromEnv },
		TransformFunc: func(k, v string) (string, any) { return k, v },
	})
	if err := k.Load(provider, nil); err != nil {
		return c, fmt.Errorf("environment: %w", err)
	}
	flags := posflag.ProviderWithFlag(set, "/", k, func(f *pflag.Flag) (string, any) {
		if !f.Changed || !known(f.Name) {
			return "", nil
		}
		return f.Name, posflag.FlagVal(set, f)
	})
	if err := k.Load(flags, nil); err != nil {
		return c, fmt.Errorf("flags: %w", err)
	}
	err = k.UnmarshalWithConf("", &c, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		Result: &c, WeaklyTypedInput: true, ErrorUnused: true, TagName: "koanf",
		DecodeHook: mapstructure.ComposeDecodeHookFunc(
			mapstructure.StringToTimeDurationHookFunc(), mapstructure.StringToSliceHookFunc(",")),
	}})
	if err != nil {
		return c, fmt.Errorf("settings: %w", err)
	}
	c.Warnings = warnings
	return c, c.Validate()
}

// environment renames variables to setting keys: the first name of a setting that is set wins, and
// NAME_FILE names a file that holds the value.
func environment(environ []string) (out, warnings []string, err error) {
	getenv := lookup(environ)
	var errs []error
	for f := range fields(reflect.ValueOf(Default())) {
		for name := range strings.SplitSeq(f.Tag.Get("env"), ",") {
			value := getenv(name)
			if path := getenv(name + "_FILE"); path != "" && value == "" {
				b, err := os.ReadFile(path)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s_FILE: %w", name, err))
				}
				value = strings.TrimRight(string(b), "\r\n")
			}
			if value != "" {
				out = append(out, f.Tag.Get("koanf")+"="+value)
				break
			}
		}
	}
	for name, why := range ignored {
		if getenv(name) != "" {
			warnings = append(warnings, name+" is ignored: "+why)
		}
	}
	slices.Sort(warnings)
	return out, warnings, errors.Join(errs...)
}

func lookup(environ []string) func(string) string {
	m := make(map[string]string, len(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		m[name] = value
	}
	return func(name string) string { return m[name] }
}
