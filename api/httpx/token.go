package httpx

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/domain/money"
	"github.com/ordermill/ordermill/eventstore"
)

// Position is a place in a log's history, which a consistency token names. The token does not tell which event is there,
// since that may be another tenant's, but proves it to whoever knows.
type Position struct {
	Log      eventstore.LogID
	Epoch    int64
	Position eventstore.Position
	proof    [proofBytes]byte
}

const (
	tokenVersion  = 2
	quoteVersion  = 1
	macBytes      = 12
	proofBytes    = 8
	positionBytes = 1 + 4 + 8 + 8
	tokenBytes    = positionBytes + proofBytes + macBytes
)

// Tokens makes and reads what clients carry around for us: consistency tokens, cursors and quotes. All have a MAC, so
// that a client cannot make one up. It is safe for concurrent use.
type Tokens struct {
	positions, pasts, cursors, quotes []byte // keys
}

// NewTokens derives its keys from a secret of at least 16 bytes, which all processes share.
func NewTokens(secret []byte) (*Tokens, error) {
	if len(secret) < 16 {
		return nil, errors.New("tokens: the secret needs at least 16 bytes")
	}
	return &Tokens{mac(secret, []byte("consistency token")), mac(secret, []byte("past")), mac(secret, []byte("cursor")), mac(secret, []byte("quote"))}, nil
}

func mac(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}

// Position returns the token of a place of a log. The same place has the same token.
func (t *Tokens) Position(log eventstore.LogID, at eventstore.Place) string {
	raw := appendPosition(make([]byte, 0, tokenBytes), log, at.Epoch, at.Position)
	proof := t.proof(raw, at.Event)
	raw = append(raw, proof[:]...)
	raw = append(raw, mac(t.positions, raw)[:macBytes]...)
	return base64.RawURLEncoding.EncodeToString(raw)
}

func appendPosition(raw []byte, log eventstore.LogID, epoch int64, position eventstore.Position) []byte {
	raw = append(raw, tokenVersion)
	raw = binary.BigEndian.AppendUint32(raw, uint32(log))
	raw = binary.BigEndian.AppendUint64(raw, uint64(epoch))
	return binary.BigEndian.AppendUint64(raw, uint64(position))
}

// proof shows which event is at a position.
func (t *Tokens) proof(position []byte, event uuid.UUID) [proofBytes]byte {
	return [proofBytes]byte(mac(t.pasts, append(position[:len(position):len(position)], event[:]...)))
}

// Proves reports whether the token that p was read from is of the past in which the event is at its position.
func (t *Tokens) Proves(p Position, event uuid.UUID) bool {
	raw := appendPosition(make([]byte, 0, positionBytes+len(event)), p.Log, p.Epoch, p.Position)
	return p.proof == t.proof(raw, event)
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
		proof:    [proofBytes]byte(raw[positionBytes:]),
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
	return &Error{Code: CodeInvalidCursor, Detail: "Take the cursor from page.next_cursor or page.prev_cursor of an answer.", Faults: []Fault{{Parameter: "cursor", Code: CodeInvalidCursor, Detail: "is not one that this service gave out"}}, Cause: cause}
}

// A quote's token holds version, end and total, and is bound by its MAC to what was quoted for whom.
const quoteBytes = 1 + 8 + 8 + 3 + macBytes

// Quote returns a token for the total of a quote. Basis is all that the total depends on, and who may use it.
func (t *Tokens) Quote(basis []byte, total money.Amount, expires time.Time) string {
	raw := make([]byte, 0, quoteBytes)
	raw = append(raw, quoteVersion)
	raw = binary.BigEndian.AppendUint64(raw, uint64(expires.UnixMilli()))
	raw = binary.BigEndian.AppendUint64(raw, uint64(total.Minor))
	raw = append(raw, (total.Currency + "   ")[:3]...)
	return base64.RawURLEncoding.EncodeToString(append(raw, t.quoteMAC(raw, basis)...))
}

// ParseQuote returns the total that a quote's token stands for. The error is an *Error with a 422 that says whether the
// token is of another quote or too old.
func (t *Tokens) ParseQuote(basis []byte, token string, now time.Time) (money.Amount, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) != quoteBytes || raw[0] != quoteVersion || !hmac.Equal(t.quoteMAC(raw[:quoteBytes-macBytes], basis), raw[quoteBytes-macBytes:]) {
		return money.Amount{}, invalidQuote("is not of a quote for this customer, these lines, codes and this country; ask for a new quote")
	}
	if expires := time.UnixMilli(int64(binary.BigEndian.Uint64(raw[1:]))); !now.Before(expires) {
		return money.Amount{}, invalidQuote("ended at " + expires.UTC().Format(time.RFC3339) + "; ask for a new quote")
	}
	return money.Amount{Minor: int64(binary.BigEndian.Uint64(raw[9:])), Currency: string(raw[17:20])}, nil
}

func (t *Tokens) quoteMAC(raw, basis []byte) []byte {
	sum := sha256.Sum256(basis)
	return mac(t.quotes, append(raw[:len(raw):len(raw)], sum[:]...))[:macBytes]
}

func invalidQuote(detail string) error {
	return invalid([]Fault{{Pointer: "/quote_token", Code: CodeValidationFailed, Detail: detail}})
}
