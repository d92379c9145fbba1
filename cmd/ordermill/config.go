package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
)

// config is everything that can be set. The table settings says what each field means; nothing else reads the
// environment.
type config struct {
	DatabaseURL  string        `env:"DATABASE_URL"`
	RedisURL     string        `env:"REDIS_URL"`
	WriteAddr    string        `env:"WRITE_ADDR" envDefault:"127.0.0.1:8080"`
	ReadAddr     string        `env:"READ_ADDR" envDefault:"127.0.0.1:8081"`
	WriteURL     string        `env:"WRITE_URL"`
	ReadURL      string        `env:"READ_URL"`
	AdminAddr    string        `env:"ADMIN_ADDR" envDefault:"127.0.0.1:9090"`
	DevDir       string        `env:"DEV_DIR"`
	PGBin        string        `env:"PG_BIN"`
	JWTJWKSURL   string        `env:"JWT_JWKS_URL"`
	JWTKeyFile   string        `env:"JWT_KEY_FILE"`
	JWTIssuer    string        `env:"JWT_ISSUER"`
	JWTAudience  string        `env:"JWT_AUDIENCE" envDefault:"ordermill"`
	JWTTypes     []string      `env:"JWT_TYPES" envDefault:"at+jwt"`
	TenantClaim  string        `env:"JWT_TENANT_CLAIM" envDefault:"tenant"`
	ClientClaim  string        `env:"JWT_CLIENT_CLAIM" envDefault:"client_id"`
	RoleClaim    string        `env:"JWT_ROLE_CLAIM" envDefault:"role"`
	ScopeClaim   string        `env:"JWT_SCOPE_CLAIM" envDefault:"scope"`
	MasterKey    string        `env:"MASTER_KEY"`
	OrderTTL     time.Duration `env:"ORDER_TTL" envDefault:"60m"`
	DrainDelay   time.Duration `env:"DRAIN_DELAY" envDefault:"1s"`
	DrainTimeout time.Duration `env:"DRAIN_TIMEOUT" envDefault:"10s"`
	Connections  int           `env:"DATABASE_CONNECTIONS" envDefault:"16"`
	UnsafeRole   bool          `env:"ALLOW_UNSAFE_ROLE" envDefault:"false"`
	NewerSchema  bool          `env:"ALLOW_NEWER_SCHEMA" envDefault:"false"`
	LogLevel     slog.Level    `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat    string        `env:"LOG_FORMAT" envDefault:"auto"`
}

// bareURL reports whether text is empty, or where a host is and nothing more.
func bareURL(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.User == nil && u.Path == "" && u.RawQuery == "" && u.Fragment == ""
}

const prefix = "ORDERMILL_"

// environment returns variables as a map. One that is empty counts as not set.
func environment(variables []string) map[string]string {
	values := env.ToMap(variables)
	for name, value := range values {
		if value == "" {
			delete(values, name)
		}
	}
	return values
}

// loadConfig reads and checks the configuration. Its error names every fault at once.
func loadConfig(environ map[string]string) (config, error) {
	var c config
	faults := misspelt(environ)
	unread := make(map[string]bool) // variables whose values could not be read at all
	err := env.ParseWithOptions(&c, env.Options{Environment: environ, Prefix: prefix})
	var several env.AggregateError
	switch {
	case errors.As(err, &several):
		for _, fault := range several.Errors {
			name, err := readable(fault, environ)
			faults, unread[name] = append(faults, err), true
		}
	case err != nil:
		faults = append(faults, err)
	}
	if c.DevDir == "" {
		if c.DevDir, err = defaultDevDir(environ, os.Geteuid() == 0); err != nil {
			faults = append(faults, err)
		}
	}
	faults = append(faults, c.check(unread)...)
	if len(faults) == 0 {
		return c, nil
	}
	return c, faulty(faults)
}

// faulty is one error that names every fault of the configuration.
func faulty(faults []error) error {
	var lines strings.Builder
	for _, fault := range faults {
		lines.WriteString("\n  " + fault.Error())
	}
	return usagef("the configuration cannot be used:%s", lines.String())
}

// readable names the variable, where the library names the field.
func readable(fault error, environ map[string]string) (name string, err error) {
	var parse env.ParseError
	if !errors.As(fault, &parse) {
		return "", fault
	}
	for _, s := range settings {
		if s.field == parse.Name {
			return s.name, fmt.Errorf("%s=%q: %s", prefix+s.name, environ[prefix+s.name], s.wants)
		}
	}
	return "", fault
}

// check returns what is wrong with values that could be read; unread are those that could not.
func (c *config) check(unread map[string]bool) []error {
	var faults []error
	wrong := func(name, format string, args ...any) {
		if unread[name] {
			return // said already
		}
		faults = append(faults, fmt.Errorf(prefix+name+": "+format, args...))
	}
	if c.DatabaseURL != "" {
		pool, err := pgxpool.ParseConfig(c.DatabaseURL)
		if err != nil || !readableURL(c.DatabaseURL) {
			wrong("DATABASE_URL", "write it like postgres://user:password@host:5432/database%s", cause(c.DatabaseURL, err))
		} else if err := checkExecMode(pool.ConnConfig); err != nil {
			wrong("DATABASE_URL", "%v", err)
		}
	}
	if c.RedisURL != "" {
		if _, err := redis.ParseURL(c.RedisURL); err != nil || !readableURL(c.RedisURL) {
			wrong("REDIS_URL", "write it like redis://user:password@host:6379/0%s", cause(c.RedisURL, err))
		}
	}
	for _, a := range []struct{ name, address string }{{"WRITE_ADDR", c.WriteAddr}, {"READ_ADDR", c.ReadAddr}, {"ADMIN_ADDR", c.AdminAddr}} {
		if err := checkAddress(a.address); err != nil {
			wrong(a.name, "%v", err)
		}
	}
	faults = append(faults, c.checkTokens()...)
	for _, a := range []struct{ name, url string }{{"WRITE_URL", c.WriteURL}, {"READ_URL", c.ReadURL}} {
		if !bareURL(a.url) {
			wrong(a.name, "write it like https://orders.example, without a path")
		}
	}
	if c.OrderTTL < time.Minute {
		wrong("ORDER_TTL", "%s is too short to pay; give 1m or more", c.OrderTTL)
	}
	if c.DrainTimeout <= 0 {
		wrong("DRAIN_TIMEOUT", "%s is not a time to wait; give one such as 15s", c.DrainTimeout)
	}
	if c.DrainDelay < 0 {
		wrong("DRAIN_DELAY", "%s is negative; give 0s or more", c.DrainDelay)
	}
	if c.Connections < 4 || c.Connections > 1000 {
		wrong("DATABASE_CONNECTIONS", "%d is not 4 to 1000", c.Connections)
	}
	switch c.LogFormat {
	case "auto", "json", "text":
	default:
		wrong("LOG_FORMAT", "%q is not auto, json or text", c.LogFormat)
	}
	if c.MasterKey != "" {
		if _, err := parseMasterKeys(c.MasterKey); err != nil {
			wrong("MASTER_KEY", "%v", err)
		}
	}
	return faults
}

// cause says why a connection string cannot be used, without any of it: what a parser of URLs complains about may be half
// a password.
func cause(text string, err error) string {
	if strings.Contains(text, "://") && !readableURL(text) {
		return ", with special characters in the password as %23 for #, %25 for %, %2F for /, %3A for :, %40 for @"
	}
	var parse *pgconn.ParseConfigError
	if errors.As(err, &parse) {
		said := parse.Error() // cannot parse `CONNECTION STRING`: which part (why)
		return fmt.Sprintf(" (%s)", said[strings.LastIndex(said, "`: ")+len("`: "):])
	}
	if err == nil {
		return ""
	}
	return fmt.Sprintf(" (%v)", err)
}

func checkAddress(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("%q is not host:port, such as 127.0.0.1:8080 or :8080", address)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("%q has no port of 0 to 65535 (0 is any free one)", address)
	}
	return nil
}

// defaultDevDir is where dev keeps its data: below a user's own data; for root outside its home, which Postgres, run
// as another user, could not enter.
func defaultDevDir(environ map[string]string, root bool) (string, error) {
	if root {
		return "/var/lib/ordermill/dev", nil
	}
	base := environ["XDG_DATA_HOME"]
	if base == "" {
		if environ["HOME"] == "" {
			return "", errors.New(prefix + "DEV_DIR: neither HOME nor XDG_DATA_HOME is set; name a directory for the data of ordermill dev")
		}
		base = filepath.Join(environ["HOME"], ".local", "share")
	}
	return filepath.Join(base, "ordermill", "dev"), nil
}
