package documents

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// Buckets is the number of buckets that a log's documents are spread over in Redis. Stored keys depend on it.
const Buckets = 64

// layout names the keys of one log's part of a generation. Log and bucket are the hash tag, so that a bucket's keys are
// on one node of a cluster:
//
//	ordermill:{1/17}:order_cache.3                    the checkpoint of bucket 17 of log 1 in generation 3
//	ordermill:{1/17}:order_cache.3:tenant:stream-id   a document
type layout struct {
	name       string
	log        eventstore.LogID
	generation projections.Generation
}

// bucketOf returns the bucket of a stream. Stored keys depend on it.
func bucketOf(stream uuid.UUID) int {
	h := fnv.New32a()
	_, _ = h.Write(stream[:]) // never fails
	return int(h.Sum32() % Buckets)
}

func (l layout) checkpoint(bucket int) string {
	return fmt.Sprintf("ordermill:{%d/%d}:%s.%d", l.log, bucket, l.name, l.generation)
}

func (l layout) checkpoints() []string {
	keys := make([]string, Buckets)
	for i := range keys {
		keys[i] = l.checkpoint(i)
	}
	return keys
}

func (l layout) document(key Key) string {
	return documentKey(l.checkpoint(bucketOf(key.Stream))+":", key)
}

// documentKey names a document whose bucket's prefix is known.
func documentKey(prefix string, key Key) string {
	return prefix + key.Tenant + ":" + key.Stream.String()
}

// key reads the name of a document back.
func (l layout) key(name string) (Key, bool) {
	const idLength = 36
	cut := len(name) - idLength
	if cut < 1 {
		return Key{}, false
	}
	stream, err := uuid.Parse(name[cut:])
	if err != nil {
		return Key{}, false
	}
	tenant, ok := strings.CutPrefix(name[:cut-1], l.checkpoint(bucketOf(stream))+":")
	key := Key{tenant, stream}
	return key, ok && l.document(key) == name
}

// valueFormat begins every value. Scripts know the head too.
const valueFormat = "2"

// encodeValue writes a document as Redis keeps it under name: a head with the log's epoch, the document's position and
// version, and the name, and then the body. Without a body it is a tombstone.
func encodeValue(name string, epoch int64, d Document) []byte {
	return appendValue(make([]byte, 0, 48+len(name)+len(d.Body)), name, epoch, d)
}

func appendValue(b []byte, name string, epoch int64, d Document) []byte {
	b = append(b, valueFormat...)
	for _, n := range [...]int64{epoch, int64(d.Position), int64(d.Version)} {
		b = strconv.AppendInt(append(b, ' '), n, 10)
	}
	b = append(append(b, ' '), name...)
	return append(append(b, '\n'), d.Body...)
}

// decodeValue reads the value under name back. What it cannot read, belongs to another epoch, or was written under another
// name, which has the tenant, the stream, the log and the generation in it, counts as absent.
func decodeValue(name string, epoch int64, value string) (Document, bool) {
	head, body, ok := strings.Cut(value, "\n")
	fields := strings.SplitN(head, " ", 5)
	if !ok || len(fields) != 5 || fields[0] != valueFormat || fields[4] != name {
		return Document{}, false
	}
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseInt(fields[i+1], 10, 64); err != nil {
			return Document{}, false
		}
	}
	if n[0] != epoch || n[1] < 1 || n[2] < 1 {
		return Document{}, false
	}
	return Document{Position: eventstore.Position(n[1]), Version: eventstore.Version(n[2]), Body: []byte(body)}, true
}

// encodeCheckpoint writes a bucket's checkpoint: epoch, position, event and the fence of its writer.
func encodeCheckpoint(c projections.Checkpoint, fence int64) string {
	return fmt.Sprintf("%d %d %s %d", c.Epoch, c.Position, c.Event, fence)
}

// decodeCheckpoint reads a bucket's checkpoint back, without the fence. What it cannot read counts as absent.
func decodeCheckpoint(value string) (c projections.Checkpoint, ok bool) {
	fields := strings.Split(value, " ")
	if len(fields) != 4 {
		return c, false
	}
	epoch, err1 := strconv.ParseInt(fields[0], 10, 64)
	position, err2 := strconv.ParseInt(fields[1], 10, 64)
	event, err3 := uuid.Parse(fields[2])
	_, err4 := strconv.ParseInt(fields[3], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || err4 != nil {
		return c, false
	}
	return projections.Checkpoint{Epoch: epoch, Position: eventstore.Position(position), Event: event}, true
}

// sameDocument says whether two documents are the same, byte for byte.
func sameDocument(a, b Document) bool {
	return a.Version == b.Version && a.Position == b.Position && bytes.Equal(a.Body, b.Body)
}
