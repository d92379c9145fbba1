package documents

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections"
)

// found is a document as verification met it.
type found struct {
	version  eventstore.Version
	position eventstore.Position
	proven   eventstore.Position
	digest   [sha256.Size]byte
}

// Verify implements projections.Backend: every document is compared with a fold of its stream to the position that it
// is proven at, which is its bucket's when it was read. One that is absent, or cannot be read, counts as equal, since
// readers then look elsewhere.
func (b *Backend) Verify(ctx context.Context, g projections.Generation, log eventstore.LogID, foldTo projections.FoldFunc) ([]projections.Difference, error) {
	l := b.layout(log, g)
	documents, last := make(map[Key]found), eventstore.Position(0)
	pattern := fmt.Sprintf("ordermill:{%d/*}:%s.%d:*", log, b.kind.cache, g)
	err := b.scan(ctx, pattern, func(ctx context.Context, node redis.Cmdable, names []string) error {
		for _, name := range names {
			key, ok := l.key(name)
			if !ok {
				continue
			}
			pair, err := node.MGet(ctx, l.checkpoint(bucketOf(key.Stream)), name).Result()
			if err != nil {
				return err
			}
			if d, proven, ok := interpret(name, pair, 0); ok {
				documents[key] = found{d.Version, d.Position, proven, sha256.Sum256(d.Body)}
				last = max(last, proven)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", b.Name(), err)
	}
	byStream := make(map[uuid.UUID]eventstore.Position, len(documents))
	for key, f := range documents {
		byStream[key.Stream] = f.proven
	}
	folded, err := foldTo(ctx, last, func(stream uuid.UUID) eventstore.Position { return byStream[stream] })
	if err != nil {
		return nil, fmt.Errorf("verify %s: %w", b.Name(), err)
	}
	want, ok := folded.(*fold)
	if !ok {
		return nil, fmt.Errorf("verify %s: %T is not a fold of %s documents", b.Name(), folded, b.kind.name)
	}
	return b.compare(documents, want)
}

// compare lists the documents that are not what the fold says.
func (b *Backend) compare(documents map[Key]found, want *fold) ([]projections.Difference, error) {
	var differences []projections.Difference
	held := make(map[Key]*folded, want.held.Len())
	for _, d := range want.held.All() {
		held[d.key] = d
	}
	for key, f := range documents {
		problem := "unexpected"
		if h := held[key]; h != nil {
			d, err := h.document()
			if err != nil {
				return nil, fmt.Errorf("verify %s: %w", b.Name(), err)
			}
			if d.Version == f.version && d.Position == f.position && sha256.Sum256(d.Body) == f.digest {
				continue
			}
			problem = "different"
		}
		differences = append(differences, projections.Difference{
			Projection: b.Name(), Table: b.kind.cache, Key: key.Tenant + "/" + key.Stream.String(), Position: f.proven, Problem: problem,
		})
	}
	return differences, nil
}

// interpret reads a bucket's checkpoint and the document under a name, got in one step: the document is what the log says at the
// proven position. With an epoch, those of another one count as absent.
func interpret(name string, pair []any, epoch int64) (d Document, proven eventstore.Position, ok bool) {
	at, ok := checkpointOf(pair, epoch)
	if !ok {
		return d, 0, false
	}
	value, ok := pair[1].(string)
	if !ok {
		return d, 0, false
	}
	if d, ok = decodeValue(name, at.Epoch, value); !ok {
		return d, 0, false
	}
	return d, max(at.Position, d.Position), true
}

func checkpointOf(pair []any, epoch int64) (projections.Checkpoint, bool) {
	if len(pair) != 2 {
		return projections.Checkpoint{}, false
	}
	text, ok := pair[0].(string)
	if !ok {
		return projections.Checkpoint{}, false
	}
	at, ok := decodeCheckpoint(text)
	return at, ok && (epoch == 0 || at.Epoch == epoch)
}
