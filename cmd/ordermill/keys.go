package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/eventstore"
)

// devMasterID is the id of a dev's master key, which production refuses.
const devMasterID = "dev"

// parseMasterKeys reads ORDERMILL_MASTER_KEY: one key, or several separated by commas of which the first wraps new keys
// and the others open what they have wrapped. A key may have an id before a colon, by which it is known in the database.
func parseMasterKeys(text string) ([]eventstore.MasterKey, error) {
	var keys []eventstore.MasterKey
	for one := range strings.SplitSeq(text, ",") {
		id, encoded, named := strings.Cut(strings.TrimSpace(one), ":")
		if !named {
			id, encoded = "1", id
		}
		key := eventstore.MasterKey{ID: id}
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(raw) != len(key.Key) || id == "" {
			return nil, errors.New("a master key is 32 bytes in base64, such as `openssl rand -base64 32` prints, with or without an id before it (2026-11:…)")
		}
		copy(key.Key[:], raw)
		keys = append(keys, key)
	}
	return keys, nil
}

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
func devSecrets(c config, now func() time.Time) (*secrets, *httpx.Issuer, error) {
	issuer, err := devIssuer(c.DevDir, now)
	if err != nil {
		return nil, nil, err
	}
	s := &secrets{}
	if s.auth, err = issuer.AuthConfig(); err != nil {
		return nil, nil, err
	}
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
func productionSecrets(c config, r roles) (*secrets, error) {
	s := &secrets{auth: httpx.AuthConfig{Issuer: c.JWTIssuer, Audience: c.JWTAudience, JWKSURL: c.JWTJWKSURL}}
	if !r.write && !r.read {
		return s, nil
	}
	var faults []error
	if c.MasterKey == "" {
		faults = append(faults, errors.New(prefix+"MASTER_KEY: set the key that personal data is encrypted under; make one with: openssl rand -base64 32"))
	} else {
		var err error
		if s.masters, err = parseMasterKeys(c.MasterKey); err != nil {
			faults = append(faults, fmt.Errorf("%sMASTER_KEY: %w", prefix, err))
		}
	}
	for _, key := range s.masters {
		if key.ID == devMasterID {
			faults = append(faults, errors.New(prefix+"MASTER_KEY: this is the key of an ordermill dev; make another one with: openssl rand -base64 32"))
		}
	}
	if (c.JWTJWKSURL == "") == (c.JWTKeyFile == "") {
		faults = append(faults, errors.New(prefix+"JWT_JWKS_URL: set this, or "+prefix+"JWT_KEY_FILE, and not both"))
	}
	if c.JWTIssuer == "" {
		faults = append(faults, errors.New(prefix+"JWT_ISSUER: set the issuer (iss) of the access tokens"))
	}
	if c.JWTIssuer == httpx.DevelopmentIssuer {
		faults = append(faults, errors.New(prefix+"JWT_ISSUER: this is the issuer of development tokens, which anybody can make"))
	}
	if c.JWTKeyFile != "" {
		keys, err := httpx.LoadKeys(c.JWTKeyFile)
		if err != nil {
			faults = append(faults, fmt.Errorf("%sJWT_KEY_FILE: %w", prefix, err))
		}
		for _, key := range keys {
			if strings.HasPrefix(key.ID, "dev-") {
				faults = append(faults, fmt.Errorf("%sJWT_KEY_FILE: %q is a development key", prefix, key.ID))
			}
		}
		s.auth.Keys = keys
	}
	if len(faults) > 0 {
		return nil, faulty(faults)
	}
	return s, nil
}
