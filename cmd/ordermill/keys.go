package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

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

// masterKeyError says what to do about master keys that are not those of the database.
func masterKeyError(err error) error {
	if !errors.Is(err, eventstore.ErrMasterKey) {
		return err
	}
	return fmt.Errorf("%w; set %[2]sMASTER_KEY to the key that the database was used with; a new one needs an id of its own before a colon, "+
		"and the old one after a comma: %[2]sMASTER_KEY=new:…,old:…", err, prefix)
}
