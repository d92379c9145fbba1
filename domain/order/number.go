package order

import (
	"encoding/binary"

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
