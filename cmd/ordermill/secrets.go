package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
)

// secrets are what a process trusts and signs with.
type secrets struct {
	masters []eventstore.MasterKey
	auth    httpx.AuthConfig
}

// tokens returns the maker of consistency tokens and cursors. Their secret is the oldest master key, so that a new one
// does not invalidate what clients hold.
func (s *secrets) tokens() (*httpx.Tokens, error) {
	return httpx.NewTokens(s.masters[len(s.masters)-1].Key[:])
}

// devSecrets returns the secrets of a dev's directory, which are made if they are not there.
func devSecrets(c config, now func() time.Time, log *slog.Logger) (*secrets, *httpx.Issuer, error) {
	issuer, err := devIssuer(c.DevDir, now)
	if err != nil {
		return nil, nil, err
	}
	s := &secrets{}
	if s.auth, err = issuer.AuthConfig(); err != nil {
		return nil, nil, err
	}
	s.auth.Log = log
	text := c.MasterKey
	if text == "" {
		if text, err = devMasterKeyOf(c.DevDir); err != nil {
			return nil, nil, err
		}
	}
	if s.masters, err = parseMasterKeys(text); err != nil {
		return nil, nil, err
	}
	return s, issuer, nil
}

// productionSecrets returns what the configuration names and refuses what belongs to a dev.
func productionSecrets(c config, r roles, environ map[string]string, log *slog.Logger) (*secrets, error) {
	claims, _ := c.claims() // loadConfig has refused faulty ones
	s := &secrets{auth: httpx.AuthConfig{
		Issuer: c.JWTIssuer, Audience: c.JWTAudience, JWKSURL: c.JWTJWKSURL, Types: c.JWTTypes, Claims: claims, Log: log,
	}}
	if !r.write && !r.read {
		return s, nil
	}
	var faults []error
	wrong := func(name, format string, args ...any) {
		faults = append(faults, fmt.Errorf(prefix+name+": "+format, args...))
	}
	known := knownDevs(c, environ)
	switch masters, err := parseMasterKeys(c.MasterKey); {
	case c.MasterKey == "":
		wrong("MASTER_KEY", "set the key that personal data is encrypted under; make one with: openssl rand -base64 32")
	case err != nil:
		wrong("MASTER_KEY", "%w", err)
	default:
		s.masters = masters
		if slices.ContainsFunc(masters, known.hasMaster) {
			wrong("MASTER_KEY", "this is the key of an ordermill dev; make another one with: openssl rand -base64 32")
		}
	}
	if (c.JWTJWKSURL == "") == (c.JWTKeyFile == "") {
		wrong("JWT_JWKS_URL", "set this, or "+prefix+"JWT_KEY_FILE, and not both")
	}
	switch c.JWTIssuer {
	case "":
		wrong("JWT_ISSUER", "set the issuer (iss) of the access tokens")
	case httpx.DevelopmentIssuer:
		wrong("JWT_ISSUER", "this is the issuer of development tokens, which anybody can make")
	}
	if c.JWTKeyFile != "" {
		keys, err := httpx.LoadKeys(c.JWTKeyFile)
		if err != nil {
			wrong("JWT_KEY_FILE", "%w", err)
		}
		for _, key := range keys {
			if key.Development(known.tokens) {
				wrong("JWT_KEY_FILE", "%s has a development key, for which anybody on its machine can make tokens", c.JWTKeyFile)
			}
		}
		s.auth.Keys = keys
	}
	s.auth.Refused = known.tokens
	if len(faults) > 0 {
		return nil, faulty(faults)
	}
	return s, nil
}

// devKeys are keys of devs on this machine, which are known by their content, whatever they are called elsewhere.
type devKeys struct {
	tokens  []httpx.Key
	masters []eventstore.MasterKey
}

// knownDevs reads the keys of all directories that may be a dev's. What cannot be read is none of this user's.
func knownDevs(c config, environ map[string]string) devKeys {
	dirs := []string{c.DevDir, filepath.Dir(c.JWTKeyFile)}
	for _, root := range []bool{true, false} {
		if dir, err := defaultDevDir(environ, root); err == nil {
			dirs = append(dirs, dir)
		}
	}
	var known devKeys
	for _, dir := range dirs {
		if private, err := httpx.LoadDevelopmentKey(filepath.Join(dir, devJWTKey)); err == nil {
			if key, err := httpx.NewKey("", private.Public()); err == nil {
				known.tokens = append(known.tokens, key)
			}
		}
		text, err := os.ReadFile(filepath.Join(dir, devMasterKey))
		if masters, faulty := parseMasterKeys(strings.TrimSpace(string(text))); err == nil && faulty == nil {
			known.masters = append(known.masters, masters...)
		}
	}
	return known
}

func (d devKeys) hasMaster(key eventstore.MasterKey) bool {
	return key.ID == devMasterID || slices.ContainsFunc(d.masters, func(known eventstore.MasterKey) bool { return known.Key == key.Key })
}
