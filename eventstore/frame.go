package eventstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
)

// ErrBadFrame says that bytes are not a frame that this build can read. The same bytes never become one: read the
// positions from the log instead.
var ErrBadFrame = errors.New("eventstore: not a frame")

// Frame is a run of events of one log without holes, at least one event long. It is how events travel: one message
// carries one frame. Its events are shared with other readers and not to be changed.
type Frame struct {
	Log    LogID
	Epoch  int64 // of the log; positions of different epochs cannot be compared
	First  Position
	Last   Position
	Events []Recorded // First to Last
}

// After returns the part of f after a position, and whether there is any. A consumer uses it to drop what its
// checkpoint says it already has.
func (f Frame) After(position Position) (Frame, bool) {
	switch {
	case position < f.First:
		return f, true
	case position >= f.Last:
		return Frame{}, false
	}
	f.Events = f.Events[position-f.First+1:]
	f.First = position + 1
	return f, true
}

// The encoded frame, with every number a varint and every name and body preceded by its length:
//
//	'O' 'F' 1, log, epoch, first position, number of events, number of names, the names, and for each event:
//	stream (16 bytes), id (16 bytes), the numbers of its tenant's, stream type's and type's names, version,
//	schema, occurred at, recorded at (microseconds, each less that of the event before), data, metadata.
const (
	frameMagic    = "OF"
	frameVersion  = 1
	minEventBytes = 41 // with every number small and every body empty
)

// Marshal encodes f. It fails when f breaks the promises that Frame makes.
func (f Frame) Marshal() ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	size := 32
	numbers := make(map[string]uint64, 8)
	var names []string
	for i := range f.Events {
		e := &f.Events[i]
		size += len(e.Data) + len(e.Metadata) + 72
		for _, name := range [...]string{e.Tenant, e.StreamType, e.Type} {
			if _, known := numbers[name]; !known {
				numbers[name] = uint64(len(names))
				names = append(names, name)
				size += len(name) + 2
			}
		}
	}
	b := append(make([]byte, 0, size), frameMagic...)
	b = append(b, frameVersion)
	for _, n := range [...]uint64{uint64(f.Log), uint64(f.Epoch), uint64(f.First), uint64(len(f.Events)), uint64(len(names))} { //nolint:gosec // checked
		b = binary.AppendUvarint(b, n)
	}
	for _, name := range names {
		b = append(binary.AppendUvarint(b, uint64(len(name))), name...)
	}
	var occurred, recorded int64
	for i := range f.Events {
		e := &f.Events[i]
		b = append(append(b, e.Stream[:]...), e.ID[:]...)
		b = binary.AppendUvarint(b, numbers[e.Tenant])
		b = binary.AppendUvarint(b, numbers[e.StreamType])
		b = binary.AppendUvarint(b, numbers[e.Type])
		b = binary.AppendVarint(b, int64(e.Version))
		b = binary.AppendVarint(b, int64(e.Schema))
		b = binary.AppendVarint(b, e.OccurredAt.UnixMicro()-occurred)
		b = binary.AppendVarint(b, e.RecordedAt.UnixMicro()-recorded)
		occurred, recorded = e.OccurredAt.UnixMicro(), e.RecordedAt.UnixMicro()
		b = append(binary.AppendUvarint(b, uint64(len(e.Data))), e.Data...)
		b = append(binary.AppendUvarint(b, uint64(len(e.Metadata))), e.Metadata...)
	}
	return b, nil
}

func (f Frame) check() error {
	n := Position(len(f.Events))
	if f.Log < 1 || f.Epoch < 0 || n == 0 || f.First < 1 || f.Last != f.First+n-1 || f.Last < f.First {
		return fmt.Errorf("%w: log %d, epoch %d, positions %d to %d with %d events", ErrBadFrame, f.Log, f.Epoch, f.First, f.Last, n)
	}
	for i := range f.Events {
		if e := &f.Events[i]; e.Log != f.Log || e.Position != f.First+Position(i) {
			return fmt.Errorf("%w: position %d of log %d stands at %d of log %d", ErrBadFrame, e.Position, e.Log, f.First+Position(i), f.Log)
		}
	}
	return nil
}

// UnmarshalFrame decodes what Marshal has made. The frame's bodies are parts of b, which must not change afterwards.
// Every error matches ErrBadFrame.
func UnmarshalFrame(b []byte) (Frame, error) {
	if len(b) < len(frameMagic)+1 || string(b[:len(frameMagic)]) != frameMagic {
		return Frame{}, fmt.Errorf("%w: it does not begin like one", ErrBadFrame)
	}
	if v := b[len(frameMagic)]; v != frameVersion {
		return Frame{}, fmt.Errorf("%w: version %d, this build reads %d: update the consumers before the publishers", ErrBadFrame, v, frameVersion)
	}
	r := frameReader{rest: b[len(frameMagic)+1:]}
	f := Frame{Log: LogID(r.uint(math.MaxInt32)), Epoch: int64(r.uint(math.MaxInt64)), First: Position(r.uint(math.MaxInt64))} //nolint:gosec // bounded
	count := r.uint(uint64(len(r.rest) / minEventBytes))
	names := make([]string, r.uint(uint64(len(r.rest))))
	for i := range names {
		names[i] = string(r.bytes())
	}
	if r.failed || count == 0 || uint64(f.First) > math.MaxInt64-count { //nolint:gosec // bounded
		return Frame{}, fmt.Errorf("%w: its head is damaged", ErrBadFrame)
	}
	f.Last = f.First + Position(count) - 1 //nolint:gosec // bounded
	f.Events = make([]Recorded, count)
	for i := range f.Events {
		r.event(&f.Events[i], names)
		f.Events[i].Log, f.Events[i].Position = f.Log, f.First+Position(i)
	}
	if r.failed || len(r.rest) > 0 {
		return Frame{}, fmt.Errorf("%w: it is cut off or damaged", ErrBadFrame)
	}
	return f, f.check()
}

// frameReader takes values off the front of rest. After the first that is not there it has failed, and all others are
// zero.
type frameReader struct {
	rest               []byte
	failed             bool
	occurred, recorded int64
}

func (r *frameReader) event(e *Recorded, names []string) {
	e.Stream, e.ID = r.uuid(), r.uuid()
	e.Tenant, e.StreamType, e.Type = r.name(names), r.name(names), r.name(names)
	e.Version = Version(r.int())
	schema := r.int()
	if schema < math.MinInt16 || schema > math.MaxInt16 {
		r.fail()
		return
	}
	e.Schema = int16(schema)
	r.occurred += r.int()
	r.recorded += r.int()
	e.OccurredAt, e.RecordedAt = time.UnixMicro(r.occurred).UTC(), time.UnixMicro(r.recorded).UTC()
	e.Data, e.Metadata = r.bytes(), r.bytes()
}

func (r *frameReader) fail() { r.failed, r.rest = true, nil }

func (r *frameReader) uint(most uint64) uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 || v > most {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *frameReader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail()
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *frameReader) bytes() []byte {
	n := r.uint(uint64(len(r.rest)))
	if n > uint64(len(r.rest)) { // the length itself took some of them
		r.fail()
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

func (r *frameReader) uuid() (id uuid.UUID) {
	if len(r.rest) < len(id) {
		r.fail()
		return id
	}
	r.rest = r.rest[copy(id[:], r.rest):]
	return id
}

func (r *frameReader) name(names []string) string {
	i := r.uint(math.MaxInt32)
	if i >= uint64(len(names)) {
		r.fail()
		return ""
	}
	return names[i]
}
