package main

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/ordermill/ordermill/api"
	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/read"
	"github.com/ordermill/ordermill/projections"
	"github.com/ordermill/ordermill/projections/documents"
)

// Bounds of reading.
const (
	readRedisTimeout = 250 * time.Millisecond // the reader gives up sooner by itself
	missConnections  = 8                      // of reads that neither memory nor Redis answers
	parkedEvery      = time.Second
	parkedLimit      = 10_000 // streams; more is not bad events but bad code, and the projection has stopped
)

// buildReadHost builds the read API and what it answers from.
func (p *process) buildReadHost(ctx context.Context, tokens *httpx.Tokens, host httpx.HostConfig) error {
	var err error
	if p.readPool, err = p.openPool(ctx, readRole, p.config.Connections); err != nil {
		return err
	}
	misses, err := p.openPool(ctx, readRole, missConnections)
	if err != nil {
		return err
	}
	p.parked = &parkedStreams{set: p.set}
	config := documents.ReaderConfig{Postgres: misses, Positions: p.set.Positions(p.store.Log()), Places: p.store, Parked: p.parked.has}
	if p.config.RedisURL != "" {
		client, err := documents.Connect(p.config.RedisURL, readRedisTimeout)
		if err != nil {
			return err
		}
		p.closers = append(p.closers, func(context.Context) error { return client.Close() })
		config.Redis = client
	}
	if p.reader, err = documents.NewReader(config); err != nil {
		return err
	}
	p.readHost, err = read.New(read.Config{
		Store: p.store, Pool: p.readPool, Reader: p.reader, Set: p.set, Vault: p.vault, Auth: p.auth, Tokens: tokens, Now: p.now, Host: host,
		CacheBytes: p.memory.documents,
		Servers:    api.Servers{Write: cmp.Or(p.config.WriteURL, "http://"+p.config.WriteAddr), Read: p.config.ReadURL},
	})
	return err
}

// startReading starts what keeps the read API's memory current.
func (p *process) startReading(ctx context.Context) {
	p.group.start(ctx, "document reader", p.reader.Run)
	p.group.start(ctx, "parked streams", p.parked.run)
	p.group.start(ctx, "answers in memory", p.readHost.Run)
}

// parkedStreams knows the streams whose documents are not current, because an event of theirs could not be applied.
type parkedStreams struct {
	set   *projections.Set
	known atomic.Pointer[map[documents.Key]struct{}]
}

func (s *parkedStreams) has(key documents.Key) bool {
	known := s.known.Load()
	if known == nil {
		return false
	}
	_, parked := (*known)[key]
	return parked
}

// run asks the database now and then. When it does not answer, what was known stays.
func (s *parkedStreams) run(ctx context.Context) error {
	for {
		if list, err := s.set.Parked(ctx, parkedLimit); err == nil {
			known := make(map[documents.Key]struct{}, len(list))
			for _, stream := range list {
				known[documents.Key{Tenant: stream.Tenant, Stream: stream.Stream}] = struct{}{}
			}
			s.known.Store(&known)
		}
		if !pause(ctx, parkedEvery) {
			return nil
		}
	}
}
