package httpx

import (
	"bytes"
	"context"
	"crypto"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/MicahParks/keyfunc/v3"
)

// parsedSet is what a JWK set holds for us, and why the rest of it was left out.
type parsedSet struct {
	keys    []Key
	ignored []error
}

// parseKeySet reads a JWK set (RFC 7517, section 5): members that are unknown, broken, or for something else than
// signatures are left out and never make the others unusable. It fails on what is no JWK set at all.
func parseKeySet(data []byte) (*parsedSet, error) {
	members, err := setMembers(data)
	if err != nil {
		return nil, err
	}
	set := &parsedSet{}
	for i, member := range members {
		key, err := parseJWK(member)
		if err != nil {
			set.ignored = append(set.ignored, fmt.Errorf("key %d of the set: %w", i+1, err))
			continue
		}
		set.keys = append(set.keys, key)
	}
	return set, nil
}

// setMembers returns what stands in the one member keys of an object.
func setMembers(data []byte) (members []json.RawMessage, err error) {
	in := json.NewDecoder(bytes.NewReader(data))
	if start, err := in.Token(); err != nil || start != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	for found := false; in.More(); {
		name, err := in.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := in.Decode(&value); err != nil {
			return nil, err
		}
		if name != "keys" {
			continue
		}
		if found || json.Unmarshal(value, &members) != nil || members == nil {
			return nil, errors.New("not one list named keys")
		}
		found = true
	}
	if _, err := in.Token(); err != nil {
		return nil, err
	}
	if members == nil {
		return nil, errors.New("no list named keys")
	}
	return members, nil
}

// parseJWK reads a public key for signatures. Of a private one it takes the public half.
func parseJWK(data []byte) (Key, error) {
	jwk, err := parseObject(data)
	if err != nil {
		return Key{}, err
	}
	id, _ := jwk["kid"].(string)
	if jwk["kid"] != nil && id == "" {
		return Key{}, errors.New("its kid is no text")
	}
	if use, there := jwk["use"]; there && use != "sig" {
		return Key{}, fmt.Errorf("key %s is for the use %s, not sig", shown(id), shown(use))
	}
	if operations, there := jwk["key_ops"]; there {
		if list, ok := operations.([]any); !ok || !slices.Contains(list, any("verify")) {
			return Key{}, fmt.Errorf("key %s is for the operations %s, not verify", shown(id), shown(operations))
		}
	}
	public, err := keyMaterial(jwk)
	if err != nil {
		return Key{}, fmt.Errorf("key %s of the kind %s: %w", shown(id), shown(jwk["kty"]), err)
	}
	key, err := NewKey(id, public)
	if err != nil {
		return Key{}, err
	}
	if alg, there := jwk["alg"]; there {
		if name, ok := alg.(string); !ok || keyAlgorithm(name) != key.Algorithm {
			return Key{}, fmt.Errorf("key %s is for the algorithm %s, which is not used with such a key here", shown(id), shown(alg))
		}
	}
	return key, nil
}

// keyMaterial decodes the public key itself, whatever else the JWK says.
func keyMaterial(jwk map[string]any) (crypto.PublicKey, error) {
	bare := make(map[string]string)
	for _, name := range [...]string{"kty", "crv", "x", "y", "n", "e"} {
		if text, ok := jwk[name].(string); ok {
			bare[name] = text
		}
	}
	set, err := keyfunc.NewJWKSetJSON(Marshal(map[string]any{"keys": []any{bare}}))
	if err != nil {
		return nil, errors.New("it is unknown here, or broken")
	}
	stored, err := set.Storage().KeyReadAll(context.Background()) // from memory
	if err != nil || len(stored) != 1 {
		return nil, errors.New("it is unknown here, or broken")
	}
	return stored[0].Key(), nil
}
