package httpx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"github.com/ordermill/ordermill/eventstore"
)

// Position is a place in a log's history, which a consistency token names.
type Position struct {
	Log      eventstore.LogID
	Epoch    int64
	Position eventstore.Position
}

const (
	tokenVersion = 1
	macBytes     = 12
	tokenBytes   = 1 + 4 + 8 + 8 + macBytes
)

// Tokens makes and reads what clients carry around for us: consistency tokens and cursors. Both have a MAC, so that a
// client cannot make one up. It is safe for concurrent use.
type Tokens struct {
	positions, cursors []byte // keys
}

// NewTokens derives its keys from a secret of at least 16 bytes, which all processes share.
func NewTokens(secret []byte) (*Tokens, error) {
	if len(secret) < 16 {
		return nil, errors.New("tokens: the secret needs at least 16 bytes")
	}
	return &Tokens{mac(secret, []byte("consistency token")), mac(secret, []byte("cursor"))}, nil
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// Position returns the token of a position. The same position has the same token.
func (t *Tokens) Position(p Position) string {
	raw := make([]byte, 0, tokenBytes)
	raw = append(raw, tokenVersion)
	raw = binary.BigEndian.AppendUint32(raw, uint32(p.Log))
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Epoch))
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Position))
	raw = append(raw, mac(t.positions, raw)[:macBytes]...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParsePosition reads a token. The error is an *Error with a 400.
func (t *Tokens) ParsePosition(token string) (Position, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != tokenBytes || raw[0] != tokenVersion || !hmac.Equal(mac(t.positions, raw[:tokenBytes-macBytes])[:macBytes], raw[tokenBytes-macBytes:]) {
		return Position{}, &Error{
			Code: CodeInvalidHeader, Detail: "The consistency token is not one that this service gave out.",
			Faults: []Fault{{Header: HeaderConsistencyToken, Code: CodeInvalidHeader}}, Cause: err,
		}
	}
	return Position{
		Log:      eventstore.LogID(binary.BigEndian.Uint32(raw[1:])),
		Epoch:    int64(binary.BigEndian.Uint64(raw[5:])),
		Position: eventstore.Position(binary.BigEndian.Uint64(raw[13:])),
	}, nil
}

// maxCursorBytes bounds cursors before they are parsed.
const maxCursorBytes = 2 << 10

// Cursor returns an opaque form of where a page ends, bound to the query that it belongs to.
func (t *Tokens) Cursor(query, place string) string {
	filter := sha256.Sum256([]byte(query))
	raw := append(filter[:8:8], place...)
	raw = append(raw, mac(t.cursors, raw)[:macBytes]...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// ParseCursor returns the place that a cursor names. The error is an *Error with a 400: invalid_cursor for what was not
// made here, cursor_mismatch for the cursor of another query.
func (t *Tokens) ParseCursor(query, cursor string) (string, error) {
	if len(cursor) > maxCursorBytes {
		return "", invalidCursor(nil)
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil || len(raw) < 8+macBytes {
		return "", invalidCursor(err)
	}
	body, sum := raw[:len(raw)-macBytes], raw[len(raw)-macBytes:]
	if !hmac.Equal(mac(t.cursors, body)[:macBytes], sum) {
		return "", invalidCursor(nil)
	}
	filter := sha256.Sum256([]byte(query))
	if string(body[:8]) != string(filter[:8]) {
		return "", &Error{Code: CodeCursorMismatch, Detail: "The cursor belongs to other filters or another sort; begin again without it.", Faults: []Fault{{Parameter: "cursor", Code: CodeCursorMismatch}}}
	}
	return strings.Clone(string(body[8:])), nil
}

func invalidCursor(cause error) error {
	return &Error{Code: CodeInvalidCursor, Detail: "Take the cursor from page.next_cursor or page.prev_cursor of an answer.", Faults: []Fault{{Parameter: "cursor", Code: CodeInvalidCursor}}, Cause: cause}
}
