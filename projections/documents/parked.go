package documents

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// parkedEvery is how often parked streams are looked for.
const parkedEvery = time.Second

// ParkedLister lists all parked streams; projections.Set does.
type ParkedLister interface {
	ParkedStreams(ctx context.Context, yield func(tenant string, stream uuid.UUID)) error
}

// Parked knows which streams are parked, by asking once a second: the documents of such a stream do not move while
// their checkpoints do. Its lister must be allowed to see all tenants' streams. It is safe for concurrent use.
type Parked struct {
	lister  ParkedLister
	streams atomic.Pointer[map[Key]struct{}]
}

// NewParked returns a Parked that knows of no stream until Run is called.
func NewParked(lister ParkedLister) *Parked { return &Parked{lister: lister} }

// Has reports whether a projection has parked the stream. It is for ReaderConfig.Parked.
func (p *Parked) Has(key Key) bool {
	streams := p.streams.Load()
	if streams == nil {
		return false
	}
	_, ok := (*streams)[key]
	return ok
}

// Run keeps the streams up to date until ctx ends. A database that does not answer leaves them as they were.
func (p *Parked) Run(ctx context.Context) error {
	tick := time.NewTicker(parkedEvery)
	defer tick.Stop()
	for {
		p.refresh(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (p *Parked) refresh(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 5*parkedEvery)
	defer cancel()
	streams := make(map[Key]struct{})
	if p.lister.ParkedStreams(ctx, func(tenant string, stream uuid.UUID) { streams[Key{tenant, stream}] = struct{}{} }) == nil {
		p.streams.Store(&streams)
	}
}
