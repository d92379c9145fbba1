package main

import (
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setting describes a field of config for people.
type setting struct {
	name   string // of the variable, without prefix
	field  string // of config
	help   string
	wants  string // what a value looks like, if not any text will do
	secret bool   // never shown
}

// flag is the name of the command line flag that overrides the variable.
func (s setting) flag() string { return strings.ReplaceAll(strings.ToLower(s.name), "_", "-") }

const (
	aDuration = "give a duration such as 500ms, 15s or 60m"
	aBool     = "give true or false"
	aClaim    = "a claim, claims inside each other with dots, or a JSON Pointer"
)

// settings describe config field by field, in the sequence in which they are shown.
var settings = []setting{
	{name: "DATABASE_URL", field: "DatabaseURL", help: "PostgreSQL; without it dev starts a private server"},
	{name: "REDIS_URL", field: "RedisURL", help: "Redis; without it dev starts a private server, and serve goes without"},
	{name: "WRITE_ADDR", field: "WriteAddr", help: "host:port of the write API"},
	{name: "READ_ADDR", field: "ReadAddr", help: "host:port of the read API"},
	{name: "WRITE_URL", field: "WriteURL", help: "where clients reach the write API, such as https://write.example; the contract then names it"},
	{name: "READ_URL", field: "ReadURL", help: "where clients reach the read API, such as https://read.example; writes then name it in Location"},
	{name: "ADMIN_ADDR", field: "AdminAddr", help: "host:port of /livez, /readyz, /metrics and /debug/pprof; keep it private"},
	{name: "DEV_DIR", field: "DevDir", help: "directory of dev's data, keys and env file"},
	{name: "PG_BIN", field: "PGBin", help: "directory of initdb and postgres, for dev"},
	{name: "JWT_JWKS_URL", field: "JWTJWKSURL", help: "where the keys of access tokens are published"},
	{name: "JWT_KEY_FILE", field: "JWTKeyFile", help: "file with public keys of access tokens (PEM), instead of a JWKS URL"},
	{name: "JWT_ISSUER", field: "JWTIssuer", help: "issuer (iss) that access tokens must have"},
	{name: "JWT_AUDIENCE", field: "JWTAudience", help: "audience (aud) that access tokens must have"},
	{name: "JWT_TYPES", field: "JWTTypes", help: "values of typ that access tokens may have: at+jwt, or at+jwt,JWT"},
	{name: "JWT_TENANT_CLAIM", field: "TenantClaim", help: "where tokens name the shop: " + aClaim},
	{name: "JWT_CLIENT_CLAIM", field: "ClientClaim", help: "where tokens name the client, such as client_id,azp"},
	{name: "JWT_ROLE_CLAIM", field: "RoleClaim", help: "where tokens name the role or roles, such as realm_access.roles"},
	{name: "JWT_SCOPE_CLAIM", field: "ScopeClaim", help: "where tokens name scopes, such as scope,scp"},
	{name: "MASTER_KEY", field: "MasterKey", help: "32 bytes in base64 that wrap the keys of personal data", secret: true},
	{name: "ORDER_TTL", field: "OrderTTL", help: "how long an order stays pending before it may expire", wants: aDuration},
	{name: "DRAIN_DELAY", field: "DrainDelay", help: "at the end: how long requests are still taken after readiness is off", wants: aDuration},
	{name: "DRAIN_TIMEOUT", field: "DrainTimeout", help: "at the end: how long running work may take", wants: aDuration},
	{name: "DATABASE_CONNECTIONS", field: "Connections", help: "most connections of each role", wants: "give a number of 4 to 1000"},
	{name: "ALLOW_UNSAFE_ROLE", field: "UnsafeRole", help: "let serve use a database account with too many rights", wants: aBool},
	{name: "ALLOW_NEWER_SCHEMA", field: "NewerSchema", help: "work on the schema of a newer release, to go back to this one", wants: aBool},
	{name: "LOG_LEVEL", field: "LogLevel", help: "debug, info, warn or error", wants: "give debug, info, warn or error"},
	{name: "LOG_FORMAT", field: "LogFormat", help: "json, text, or auto: text on a terminal"},
}

// addSettingFlags adds a flag for every setting. They stay empty here: what is given is laid over the environment.
func addSettingFlags(flags *pflag.FlagSet) {
	for _, s := range settings {
		if s.secret {
			continue // the command line is readable for everybody on the machine
		}
		flags.String(s.flag(), "", s.help+" ("+prefix+s.name+")")
		_ = flags.MarkHidden(s.flag()) // they would bury a command's own; it exists
	}
}

// settingsTopic is what `ordermill help settings` prints: every setting with its variable and its flag.
func (p *program) settingsTopic() *cobra.Command {
	var text strings.Builder
	text.WriteString("Every setting is a variable of the environment, and a flag of every command that overrides it. A secret has no flag.\n" +
		"`ordermill config` shows the values that hold here.\n")
	for _, s := range settings {
		flag := "--" + s.flag()
		if s.secret {
			flag = ""
		}
		fmt.Fprintf(&text, "\n  %-38s %s\n%s\n", prefix+s.name, flag, indented(s.help, 4, helpWidth))
	}
	return &cobra.Command{Use: "settings", Short: "The variables and flags that all commands share", Long: text.String()}
}

// helpWidth is how many columns a help text has at most.
const helpWidth = 80

// indented breaks a text into lines of at most so many columns.
func indented(words string, by, width int) string {
	var out strings.Builder
	column := 0
	for word := range strings.FieldsSeq(words) {
		switch {
		case column == 0:
			out.WriteString(strings.Repeat(" ", by))
			column = by
		case column+1+utf8.RuneCountInString(word) > width:
			out.WriteString("\n" + strings.Repeat(" ", by))
			column = by
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += utf8.RuneCountInString(word)
	}
	return out.String()
}

// Sources of a value, for people.
const (
	fromDefault = "default"
	fromEnv     = "environment"
	fromFlag    = "flag"
	fromDev     = "dev" // the file that a running dev has written
)

// configure returns the configuration of a command: flags before environment before defaults.
func (p *program) configure(cmd *cobra.Command) (config, error) {
	environ, _ := p.overlay(cmd)
	return loadConfig(environ)
}

// configureBeside is configure for commands that run beside a dev: what neither flags nor environment say is what the
// dev of the same directory uses.
func (p *program) configureBeside(cmd *cobra.Command) (config, error) {
	environ, _ := p.overlay(cmd)
	c, err := loadConfig(environ)
	if err != nil {
		return c, err
	}
	file, err := readDevEnv(c.DevDir)
	if err != nil {
		return c, err
	}
	if fillFromDev(environ, file) {
		return loadConfig(environ)
	}
	return c, nil
}

// fillFromDev adds the values of a dev's file that environ does not have, unless environ is about another database.
func fillFromDev(environ, file map[string]string) bool {
	const database = prefix + "DATABASE_URL"
	if len(file) == 0 || environ[database] != "" && environ[database] != file[database] {
		return false
	}
	for name, value := range file {
		if environ[name] == "" {
			environ[name] = value
		}
	}
	return true
}

// overlay returns the environment with the flags laid over it, and where each value comes from.
func (p *program) overlay(cmd *cobra.Command) (environ, source map[string]string) {
	environ, source = maps.Clone(p.environ), make(map[string]string, len(settings))
	for _, s := range settings {
		source[s.name] = fromDefault
		if environ[prefix+s.name] != "" {
			source[s.name] = fromEnv
		}
		if flag := cmd.Flag(s.flag()); flag != nil && flag.Changed {
			environ[prefix+s.name], source[s.name] = flag.Value.String(), fromFlag
		}
	}
	return environ, source
}

// defaults returns the default of every variable.
func defaults() (map[string]string, error) {
	params, err := env.GetFieldParamsWithOptions(&config{}, env.Options{Prefix: prefix})
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(params))
	for _, param := range params {
		values[param.Key] = param.DefaultValue
	}
	return values, nil
}

// shown returns a value as it may be printed.
func (s setting) shown(value string) string {
	if value == "" {
		return ""
	}
	if s.secret {
		return "(secret)"
	}
	if strings.HasSuffix(s.name, "_URL") {
		return withoutSecrets(value)
	}
	return value
}
