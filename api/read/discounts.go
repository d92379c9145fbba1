package read

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/api/httpx"
	"github.com/ordermill/ordermill/api/resource"
	"github.com/ordermill/ordermill/domain/pricing"
	"github.com/ordermill/ordermill/domain/promotion"
	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/projections/documents"
)

// VisitListDiscountsResponse implements the generated response.
func (p page) VisitListDiscountsResponse(w http.ResponseWriter) error { return p.write(w) }

// VisitGetDiscountResponse implements the generated response.
func (p page) VisitGetDiscountResponse(w http.ResponseWriter) error { return p.write(w) }

// ListDiscounts serves GET /v1/settings/discounts.
func (s *server) ListDiscounts(ctx context.Context, _ ListDiscountsRequestObject) (ListDiscountsResponseObject, error) {
	call := httpx.CallOf(ctx)
	found, now, err := s.settingsOf(ctx, call)
	if err != nil {
		return nil, err
	}
	data, now, err := s.withUses(ctx, call.Identity.Tenant, found.Rules.Discounts(), now)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, now, httpx.Marshal(map[string]any{"data": data})), nil
}

// GetDiscount serves GET /v1/settings/discounts/{discount_id}.
func (s *server) GetDiscount(ctx context.Context, request GetDiscountRequestObject) (GetDiscountResponseObject, error) {
	call := httpx.CallOf(ctx)
	found, now, err := s.settingsOf(ctx, call)
	if err != nil {
		return nil, err
	}
	discount, ok := found.Rules.Discount(request.DiscountId)
	if !ok {
		return nil, httpx.Errorf(codeSettingNotFound, "There is no discount with this id.")
	}
	data, now, err := s.withUses(ctx, call.Identity.Tenant, []pricing.DiscountRule{*discount}, now)
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, now, data[0]), nil
}

// withUses renders discounts, limited ones with how often they were used. The uses are read after the settings, so that
// the answer stands where these do.
func (s *server) withUses(ctx context.Context, tenant string, discounts []pricing.DiscountRule, now current) ([]json.RawMessage, current, error) {
	var limited []string
	for i := range discounts {
		if discounts[i].UsageLimit > 0 {
			limited = append(limited, discounts[i].ID)
		}
	}
	used, err := s.memory().uses.of(ctx, s.events, tenant, limited)
	if err != nil {
		return nil, now, err
	}
	out := make([]json.RawMessage, len(discounts))
	for i := range discounts {
		d := &discounts[i]
		out[i] = resource.Discount(d)
		if d.UsageLimit > 0 {
			n := used[d.ID]
			usage := httpx.Marshal(map[string]int64{"used": n, "limit": d.UsageLimit, "left": max(0, d.UsageLimit-n)})
			out[i] = append(append(out[i][:len(out[i])-1:len(out[i])-1], `,"usage":`...), append(usage, '}')...)
		}
	}
	return out, now, nil
}

// maxUses is how many counts are kept in memory.
const maxUses = 10_000

// uses knows how far the counts of discounts were read, so that only what came since is read again. It is safe for
// concurrent use.
type uses struct {
	mu    sync.Mutex
	known map[documents.Key]use
}

// use is how many orders had a discount at a version of its stream.
type use struct {
	version eventstore.Version
	used    int64
}

func newUses() *uses { return &uses{known: make(map[documents.Key]use)} }

// of returns how many orders have each of a tenant's discounts now.
func (u *uses) of(ctx context.Context, events *eventstore.TenantLog, tenant string, discounts []string) (map[string]int64, error) {
	streams := make([]eventstore.StreamAfter, len(discounts))
	found, ids := make(map[uuid.UUID]use, len(discounts)), make(map[string]uuid.UUID, len(discounts))
	u.mu.Lock()
	for i, id := range discounts {
		ids[id] = promotion.StreamID(tenant, id)
		found[ids[id]] = u.known[documents.Key{Tenant: tenant, Stream: ids[id]}]
		streams[i] = eventstore.StreamAfter{Stream: ids[id], After: found[ids[id]].version}
	}
	u.mu.Unlock()
	recorded, err := events.LoadMany(ctx, tenant, streams)
	if err != nil {
		return nil, err
	}
	for i := range recorded {
		e := &recorded[i]
		event, err := eventstore.Decode(e, promotion.Decode)
		if err != nil {
			return nil, err
		}
		now := use{version: e.Version}
		switch event := event.(type) { // each says how many there are
		case promotion.Redeemed:
			now.used = event.Used
		case promotion.GivenBack:
			now.used = event.Used
		}
		found[e.Stream] = now
	}
	u.keep(tenant, found)
	out := make(map[string]int64, len(discounts))
	for id, stream := range ids {
		out[id] = found[stream].used
	}
	return out, nil
}

func (u *uses) keep(tenant string, found map[uuid.UUID]use) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.known) > maxUses {
		clear(u.known)
	}
	for stream, now := range found {
		key := documents.Key{Tenant: tenant, Stream: stream}
		if now.version > u.known[key].version {
			u.known[key] = now
		}
	}
}
