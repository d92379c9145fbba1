package main

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caarlos0/env/v11"
)

func TestLoadConfig(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		environ map[string]string
		check   func(config) bool
	}{
		"defaults": {nil, func(c config) bool {
			return c.DatabaseURL == "" && c.WriteAddr == "127.0.0.1:8080" && c.ReadAddr == "127.0.0.1:8081" &&
				c.AdminAddr == "127.0.0.1:9090" && c.OrderTTL == time.Hour && c.LogLevel == slog.LevelInfo
		}},
		"addresses": {map[string]string{"WRITE_ADDR": ":1", "READ_ADDR": "[::1]:2", "ADMIN_ADDR": "localhost:0"}, func(c config) bool {
			return c.WriteAddr == ":1" && c.ReadAddr == "[::1]:2" && c.AdminAddr == "localhost:0"
		}},
		"times and numbers": {map[string]string{"ORDER_TTL": "90m", "DRAIN_DELAY": "0s", "DATABASE_CONNECTIONS": "40"}, func(c config) bool {
			return c.OrderTTL == 90*time.Minute && c.DrainDelay == 0 && c.Connections == 40
		}},
		"empty counts as not set": {map[string]string{"WRITE_ADDR": "", "ORDER_TTL": ""}, func(c config) bool {
			return c.WriteAddr == "127.0.0.1:8080" && c.OrderTTL == time.Hour
		}},
		"level and directory": {map[string]string{"LOG_LEVEL": "debug", "DEV_DIR": "/x"}, func(c config) bool {
			return c.LogLevel == slog.LevelDebug && c.DevDir == "/x"
		}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got, err := loadConfig(environWith(tt.environ))
			if err != nil || !tt.check(got) {
				t.Errorf("loadConfig = %+v, %v", got, err)
			}
		})
	}
}

// environWith returns an environment with a home and the given settings.
func environWith(values map[string]string) map[string]string {
	variables := []string{"HOME=/home/ada"}
	for name, value := range values {
		variables = append(variables, prefix+name+"="+value)
	}
	return environment(variables)
}

// One error names every faulty variable, what it should look like, and no password.
func TestLoadConfig_faults(t *testing.T) {
	t.Parallel()

	faulty := map[string]string{
		"DATABASE_URL": "postgres://ada:hunter2@host:port/x", "REDIS_URL": "redsi://x", "JWT_TENANT_CLAIM": "a..b", "JWT_TYPES": "at jwt", "WRITE_ADDR": "8080", "READ_ADDR": "127.0.0.1:99999",
		"ORDER_TTL": "soon", "DRAIN_TIMEOUT": "-1s", "DATABASE_CONNECTIONS": "2", "ALLOW_UNSAFE_ROLE": "perhaps", "LOG_LEVEL": "loud",
		"LOG_FORMAT": "xml", "MASTER_KEY": "short", "JWT_JWKS_URL": "login.example/jwks",
	}
	_, err := loadConfig(environWith(faulty))
	var usage *usageError
	if !errors.As(err, &usage) {
		t.Fatalf("loadConfig = %v, want a usage error", err)
	}
	lines := strings.Split(err.Error(), "\n")[1:]
	for name := range faulty {
		named := func(line string) bool { return strings.Contains(line, prefix+name) }
		if i := slices.IndexFunc(lines, named); i < 0 {
			t.Errorf("nothing is said of %s: %v", name, err)
		} else if slices.ContainsFunc(lines[i+1:], named) {
			t.Errorf("%s is named twice: %v", name, err)
		}
	}
	if len(lines) != len(faulty) {
		t.Errorf("%d faults, want %d: %v", len(lines), len(faulty), err)
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error shows a password: %v", err)
	}
}

// Every field has its line in the table, under its name, and an example of what it wants if not any text will do.
func TestSettings_complete(t *testing.T) {
	t.Parallel()

	params, err := env.GetFieldParams(&config{})
	if err != nil {
		t.Fatal(err)
	}
	var fields, described []string
	for _, param := range params {
		fields = append(fields, param.Key)
	}
	garbage := make(map[string]string)
	for _, s := range settings {
		described = append(described, s.name)
		garbage[prefix+s.name] = "\x00"
		if s.help == "" || s.flag() == "" {
			t.Errorf("%s has no help", s.name)
		}
	}
	if !slices.Equal(fields, described) {
		t.Errorf("config has %v, settings describe %v", fields, described)
	}
	var several env.AggregateError
	if err := env.ParseWithOptions(&config{}, env.Options{Environment: garbage, Prefix: prefix}); !errors.As(err, &several) {
		t.Fatalf("parse garbage: %v", err)
	}
	for _, fault := range several.Errors {
		if name, err := readable(fault, garbage); name == "" || strings.HasSuffix(err.Error(), ": ") {
			t.Errorf("unreadable: %v (%v)", err, fault)
		}
	}
}

func TestDefaultDevDir(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		environ map[string]string
		root    bool
		want    string
	}{
		"root":                {map[string]string{"HOME": "/root"}, true, "/var/lib/ordermill/dev"},
		"a user":              {map[string]string{"HOME": "/home/ada"}, false, "/home/ada/.local/share/ordermill/dev"},
		"a user's data":       {map[string]string{"HOME": "/home/ada", "XDG_DATA_HOME": "/data"}, false, "/data/ordermill/dev"},
		"a user without home": {nil, false, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got, err := defaultDevDir(tt.environ, tt.root); got != tt.want || (err == nil) != (tt.want != "") {
				t.Errorf("defaultDevDir = %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

// What dev writes is read back as it was, and fills only what is not set, for the same database.
func TestDevEnv(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	written := []variable{{prefix + "DATABASE_URL", "postgres://x?host=/it's here"}, {prefix + "REDIS_URL", "unix:///r"}}
	if err := writeDevEnv(dir, written); err != nil {
		t.Fatal(err)
	}
	file, err := readDevEnv(dir)
	if err != nil || file[written[0].name] != written[0].value || file[written[1].name] != written[1].value {
		t.Fatalf("readDevEnv = %v, %v", file, err)
	}
	tests := map[string]struct{ environ, want map[string]string }{
		"nothing set":          {map[string]string{}, file},
		"another Redis":        {map[string]string{prefix + "REDIS_URL": "redis://x"}, map[string]string{prefix + "DATABASE_URL": written[0].value, prefix + "REDIS_URL": "redis://x"}},
		"the same database":    {map[string]string{prefix + "DATABASE_URL": written[0].value}, file},
		"a database elsewhere": {map[string]string{prefix + "DATABASE_URL": "postgres://y"}, map[string]string{prefix + "DATABASE_URL": "postgres://y"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			got := maps.Clone(tt.environ)
			fillFromDev(got, file)
			if !maps.Equal(got, tt.want) {
				t.Errorf("fillFromDev = %v, want %v", got, tt.want)
			}
		})
	}
}
