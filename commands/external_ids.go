package commands

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
)

const (
	rememberedClaims = 8192        // that were seen to be taken, at least
	trustedClaim     = time.Minute // how long that is believed: the log may be restored
	waryClaims       = 4096        // are looked up before they are decided on after one that was taken
)

// externalIDs keeps commands whose external id is taken away from the states: such a command is decided for nothing, and what
// others have decided on top of it has to be decided again. In one process those with the same external id come one after
// the other, and what is known to be taken is refused at once. It is an optimisation: the append decides. It is safe for
// concurrent use.
type externalIDs struct {
	mu         sync.Mutex
	running    map[claimID]chan struct{} // closed when the command has its answer
	young, old map[claimID]takenClaim
	wary       int // claims that are still to be looked up first
}

type claimID struct{ tenant, scope, value string }

type takenClaim struct {
	owner uuid.UUID
	at    time.Time
}

func newExternalIDs() *externalIDs {
	return &externalIDs{running: make(map[claimID]chan struct{}), young: make(map[claimID]takenClaim)}
}

// forget drops all that is known to be taken.
func (x *externalIDs) forget() {
	x.mu.Lock()
	defer x.mu.Unlock()
	clear(x.young)
	x.old = nil
}

// claimer is a command that makes an external id an order's own.
type claimer interface {
	externalID() (claim eventstore.Claim, ok bool)
}

func (c PlaceOrder) externalID() (eventstore.Claim, bool) {
	return eventstore.Claim{Scope: scopeExternalID + c.Channel, Value: c.ExternalID, Owner: c.OrderID}, c.ExternalID != ""
}

func (c DraftOrder) externalID() (eventstore.Claim, bool) { return c.Order.externalID() }

// enter waits for the turn of a command with an external id, and returns who has that already. leave ends the turn; stored
// says that the id is the command's order's now.
func (x *externalIDs) enter(ctx context.Context, store *eventstore.Store, r *Request) (taken *eventstore.ClaimedError, leave func(stored bool)) {
	command, ok := r.Command.(claimer)
	if !ok || r.DryRun {
		return nil, func(bool) {}
	}
	claim, ok := command.externalID()
	if !ok {
		return nil, func(bool) {}
	}
	id := claimID{r.Tenant, claim.Scope, claim.Value}
	own, wary := x.turn(ctx, id)
	leave = func(stored bool) { x.leave(id, claim.Owner, own, stored) }
	owner, known := x.owner(id)
	if !known && wary {
		var err error
		if owner, known, err = store.Claimed(ctx, r.Tenant, claim.Scope, claim.Value); err != nil {
			known = false // the append finds out
		} else if known {
			x.took(id, owner)
		}
	}
	if !known || owner == claim.Owner {
		return nil, leave
	}
	return &eventstore.ClaimedError{Owner: owner, Scope: claim.Scope, Value: claim.Value}, leave
}

// turn waits until no other command runs that claims the same, or ctx ends: then the turn is not the command's own. It
// says whether to look the claim up.
func (x *externalIDs) turn(ctx context.Context, id claimID) (own, wary bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for x.running[id] != nil && ctx.Err() == nil {
		other := x.running[id]
		x.mu.Unlock()
		select {
		case <-other:
		case <-ctx.Done():
		}
		x.mu.Lock()
	}
	if own = x.running[id] == nil; own {
		x.running[id] = make(chan struct{})
	}
	if wary = x.wary > 0; wary {
		x.wary--
	}
	return own, wary
}

func (x *externalIDs) leave(id claimID, owner uuid.UUID, own, stored bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if stored {
		x.remember(id, owner)
	}
	if own {
		close(x.running[id])
		delete(x.running, id)
	}
}

// owner returns who is known to have a claim.
func (x *externalIDs) owner(id claimID) (uuid.UUID, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	t, ok := x.young[id]
	if !ok {
		t, ok = x.old[id]
	}
	return t.owner, ok && time.Since(t.at) < trustedClaim
}

// took notes that somebody has a claim that a command wanted.
func (x *externalIDs) took(id claimID, owner uuid.UUID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wary = waryClaims
	x.remember(id, owner)
}

func (x *externalIDs) remember(id claimID, owner uuid.UUID) {
	if len(x.young) >= rememberedClaims {
		x.young, x.old = make(map[claimID]takenClaim), x.young
	}
	x.young[id] = takenClaim{owner, time.Now()}
}
