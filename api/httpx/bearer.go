package httpx

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// bearer is an access token taken apart (RFC 7515, section 7.1). Nothing of it is trusted yet.
type bearer struct {
	header    map[string]any
	claims    map[string]any
	signed    string // what the signature is over
	signature []byte
}

// readBearer takes a token apart. Header and payload are read as strictly as commands are: names are what they are to the
// letter, and none stands twice, so that no two readers can see different claims in one token.
func readBearer(token string) (*bearer, error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, errors.New("it is no signed JWT: three parts with dots between them are needed")
	}
	t := &bearer{signed: token[:len(parts[0])+1+len(parts[1])]}
	var err error
	if t.header, err = bearerPart("header", parts[0]); err != nil {
		return nil, err
	}
	if t.claims, err = bearerPart("payload", parts[1]); err != nil {
		return nil, err
	}
	if t.signature, err = unbase64(parts[2]); err != nil {
		return nil, errors.New("its signature is not base64url")
	}
	return t, nil
}

func bearerPart(name, text string) (map[string]any, error) {
	data, err := unbase64(text)
	if err != nil {
		return nil, fmt.Errorf("its %s is not base64url", name)
	}
	object, err := parseObject(data)
	if err != nil {
		return nil, fmt.Errorf("its %s is not the JSON that is expected: %w", name, err)
	}
	return object, nil
}

// unbase64 decodes what RFC 7515 calls base64url: without padding, and without the line breaks that Go's decoder skips.
func unbase64(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, errors.New("a line break in base64url")
	}
	return base64.RawURLEncoding.Strict().DecodeString(text)
}

// parseObject is ParseStrict of an object that others have written: its numbers may be any, and those that are no 64-bit
// integers come as float64.
func parseObject(data []byte) (map[string]any, error) {
	s := strictParser{data: data, loose: true}
	value, err := s.value(0)
	if err == nil {
		if s.space(); s.pos < len(data) {
			err = s.fault("there is more after the value")
		}
	}
	if fault := new(Error); errors.As(err, &fault) {
		return nil, errors.New(fault.Detail)
	}
	object, ok := value.(map[string]any)
	if err == nil && !ok {
		err = errors.New("it is no object")
	}
	return object, err
}
