package httpx

import (
	"bufio"
	"crypto/rand"
	"sync"

	"github.com/google/uuid"
)

// maxRequestID bounds a request id that a client chose.
const maxRequestID = 128

// ids makes UUIDs of version 7 from buffered randomness, since asking the system for each is most of the cost.
type ids struct{ pool sync.Pool }

func newIDs() *ids {
	return &ids{sync.Pool{New: func() any { return bufio.NewReaderSize(rand.Reader, 1024) }}}
}

// next never fails: the system's randomness does not.
func (i *ids) next() string {
	reader, _ := i.pool.Get().(*bufio.Reader) // the pool holds nothing else
	id, err := uuid.NewV7FromReader(reader)
	i.pool.Put(reader)
	if err != nil {
		return uuid.NewString()
	}
	return id.String()
}

// request returns the id of a request: the client's if it is short and plain, else a new one.
func (i *ids) request(client []string) string {
	if len(client) == 1 && saneID(client[0]) {
		return client[0]
	}
	return i.next()
}

func saneID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	for j := range len(s) {
		c := s[j]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.', c == ':', c == '/', c == '+', c == '=':
		default:
			return false
		}
	}
	return true
}
