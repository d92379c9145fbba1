package eventstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Metadata of a message that carries a frame, all decimal numbers.
const (
	MetadataLog   = "log"
	MetadataEpoch = "epoch"
	MetadataFirst = "first" // position
	MetadataLast  = "last"  // position
)

// MessageOf returns a Watermill message with f as its payload. Its UUID tells which frame it is, so a frame that is
// sent twice has the same one.
func MessageOf(f Frame) (*message.Message, error) {
	payload, err := f.Marshal()
	if err != nil {
		return nil, err
	}
	return wrap(f, payload), nil
}

// LocalMessageOf is MessageOf for consumers of this process that use FrameOf: the message carries the frame in its
// context only, which saves encoding it once a consumer. Its payload is empty, so it must not be sent on to a broker.
func LocalMessageOf(f Frame) (*message.Message, error) { return wrap(f, nil), nil }

func wrap(f Frame, payload []byte) *message.Message {
	log, epoch := strconv.FormatInt(int64(f.Log), 10), strconv.FormatInt(f.Epoch, 10)
	first, last := strconv.FormatInt(int64(f.First), 10), strconv.FormatInt(int64(f.Last), 10)
	msg := message.NewMessage(log+"/"+epoch+"/"+first+"-"+last, payload)
	msg.Metadata = message.Metadata{MetadataLog: log, MetadataEpoch: epoch, MetadataFirst: first, MetadataLast: last}
	msg.SetContext(withFrame(context.Background(), f))
	return msg
}

type frameKey struct{}

func withFrame(ctx context.Context, f Frame) context.Context {
	return context.WithValue(ctx, frameKey{}, f)
}

// FrameOf returns the frame that a message carries: the decoded one when the message comes from a Feed of this process,
// else that of its payload, as from a broker. Its error matches ErrBadFrame.
func FrameOf(msg *message.Message) (Frame, error) {
	if f, ok := msg.Context().Value(frameKey{}).(Frame); ok {
		return f, nil
	}
	f, err := UnmarshalFrame(msg.Payload)
	if err != nil {
		return Frame{}, fmt.Errorf("message %s: %w", msg.UUID, err)
	}
	return f, nil
}
