package stock

import (
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// cursor reads what the append functions below have written. At the first thing that cannot be it turns bad and from
// then on returns zero values.
type cursor struct {
	rest []byte
	bad  bool
}

func (c *cursor) fail() {
	c.bad, c.rest = true, nil
}

// bytes reads n bytes in place.
func (c *cursor) bytes(n uint64) []byte {
	if n > uint64(len(c.rest)) {
		c.fail()
		return nil
	}
	b := c.rest[:n:n]
	c.rest = c.rest[n:]
	return b
}

func (c *cursor) byte() byte {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uvarint() uint64 {
	n, size := binary.Uvarint(c.rest)
	if size <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

func (c *cursor) varint() int64 {
	n, size := binary.Varint(c.rest)
	if size <= 0 {
		c.fail()
		return 0
	}
	c.rest = c.rest[size:]
	return n
}

// count reads how many things of at least size bytes follow.
func (c *cursor) count(size int) int {
	n := c.uvarint()
	if n > uint64(len(c.rest)/size) {
		c.fail()
		return 0
	}
	return int(n)
}

func (c *cursor) uuid() (id uuid.UUID) {
	copy(id[:], c.bytes(uint64(len(id))))
	return id
}

func (c *cursor) text() string { return string(c.bytes(c.uvarint())) }

func (c *cursor) time() time.Time {
	seconds, nanos := c.varint(), c.uvarint()
	if nanos >= uint64(time.Second) {
		c.fail()
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanos)).UTC()
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte {
	return binary.AppendUvarint(binary.AppendVarint(b, t.Unix()), uint64(t.Nanosecond()))
}
