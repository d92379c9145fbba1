package order

import (
	"encoding/binary"
	"strings"

	"github.com/google/uuid"
)

// crockford is the alphabet of Crockford's base 32: no I, L, O and U, which are misread.
const crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Number returns the order number of an id: its low 60 bits as twelve Crockford base32 characters in groups of four,
// such as 7K3M-9QXZ-4T2B. In a UUIDv7 those bits are random, so numbers tell nobody how much is sold; that they are
// unique in a shop is for the caller to claim.
func Number(id uuid.UUID) string {
	bits := binary.BigEndian.Uint64(id[8:])
	var number [14]byte
	for i := len(number) - 1; i >= 0; i-- {
		if i == 4 || i == 9 {
			number[i] = '-'
			continue
		}
		number[i] = crockford[bits%32]
		bits /= 32
	}
	return string(number[:])
}

// asRead replaces what people write for digits of an order number, which has no such letters, and takes out what they
// write between them.
var asRead = strings.NewReplacer("O", "0", "I", "1", "L", "1", "-", "", "\u2010", "", "\u2011", "", "\u2012", "", "\u2013", "", " ", "", "\u00a0", "")

// NormalNumber returns an order number, or the beginning of one, as it is printed, from how people type it: in small
// letters, without hyphens, with an O for a zero. What cannot be one is returned as it is.
func NormalNumber(typed string) string {
	n := asRead.Replace(strings.ToUpper(typed))
	if len(n) > 12 || strings.Trim(n, crockford) != "" {
		return typed
	}
	var parts []string
	for ; len(n) > 4; n = n[4:] {
		parts = append(parts, n[:4])
	}
	return strings.Join(append(parts, n), "-")
}
