package eventstore

import (
	"cmp"
	"context"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Bounds of fetching keys.
const (
	maxKeyBatch   = 500             // subjects in one statement
	maxKeyWaiting = 16_384          // callers that may wait; the next one is refused
	keyTimeout    = 5 * time.Second // of one batch
)

const (
	// addKeysSQL is committed with a sync, which the callers of one batch share: a key that a crash could take back
	// would leave behind it what nobody can open.
	addKeysSQL = `insert into person_keys (tenant_id, subject, wrapped)
		select * from unnest($1::text[], $2::text[], $3::bytea[]) on conflict do nothing returning tenant_id, subject`
	getKeysSQL = `select k.tenant_id, k.subject, k.wrapped from unnest($1::text[], $2::text[]) as wanted(tenant_id, subject)
		join person_keys k using (tenant_id, subject)`
	destroySQL    = "select destroy_person_key($1, $2)"
	dropUnusedSQL = "select drop_unused_key($1, $2, $3)"
	// destroyedSQL passes over the rows of those who were erased without ever having had a key: they were made destroyed.
	destroyedSQL = `select exists (select from person_keys
		where tenant_id = $1 and subject = $2 and wrapped is null and created_at < destroyed_at)`
)

// person is whose key it is.
type person struct{ tenant, subject string }

func comparePersons(a, b person) int {
	return cmp.Or(cmp.Compare(a.tenant, b.tenant), cmp.Compare(a.subject, b.subject))
}

// personKey is a key, or what is wrong with it.
type personKey struct {
	aead cipher.AEAD
	err  error
}

// keyRequest is a caller that waits for a key.
type keyRequest struct {
	person
	create bool
	done   chan struct{} // closed when got is set
	got    personKey
}

// keyQueue gathers the callers that need the database. One of them at a time has the turn and fetches for all.
type keyQueue struct {
	turn    chan struct{}
	mu      sync.Mutex
	waiting []*keyRequest
}

func (q *keyQueue) add(r *keyRequest) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) >= maxKeyWaiting {
		return ErrBusy
	}
	q.waiting = append(q.waiting, r)
	return nil
}

func (q *keyQueue) remove(r *keyRequest) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = slices.DeleteFunc(q.waiting, func(other *keyRequest) bool { return other == r })
}

func (q *keyQueue) take() []*keyRequest {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), maxKeyBatch)
	batch := q.waiting[:n:n]
	q.waiting = slices.Clone(q.waiting[n:])
	return batch
}

// key returns a subject's key, from memory or the database, and makes it if asked to.
func (v *Vault) key(ctx context.Context, p person, create bool) (cipher.AEAD, error) {
	if got, ok := v.cache.get(p, v.now()); ok {
		return got.aead, got.err
	}
	r := &keyRequest{person: p, create: create, done: make(chan struct{})}
	if err := v.queue.add(r); err != nil {
		return nil, err
	}
	for {
		select {
		case <-r.done:
			return r.got.aead, r.got.err
		case v.queue.turn <- struct{}{}:
			v.serve(ctx, v.queue.take())
			<-v.queue.turn
		case <-ctx.Done():
			v.queue.remove(r)
			return nil, ctx.Err()
		}
	}
}

// serve answers a batch of requests. Others' depend on it, so it does not end with the caller's context.
func (v *Vault) serve(ctx context.Context, batch []*keyRequest) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyTimeout)
	defer cancel()
	wanted := make(map[person]bool, len(batch)) // true: to be made
	for _, r := range batch {
		wanted[r.person] = wanted[r.person] || r.create
	}
	erasures := v.cache.erasures()
	keys, err := v.fetch(ctx, wanted)
	for _, r := range batch {
		got, ok := keys[r.person]
		switch {
		case err != nil:
			r.got.err = fmt.Errorf("%w: person keys: %w", ErrUnavailable, err)
		case ok:
			r.got = got
		default:
			r.got.err = fmt.Errorf("%w: no key of that tenant and subject", ErrCannotOpen)
		}
		close(r.done)
	}
	v.cache.put(keys, v.now(), erasures)
}

// fetch makes the keys that are to be made and do not exist, and reads the others.
func (v *Vault) fetch(ctx context.Context, wanted map[person]bool) (map[person]personKey, error) {
	keys := make(map[person]personKey, len(wanted))
	if err := v.addKeys(ctx, wanted, keys); err != nil {
		return nil, err
	}
	var tenants, subjects []string
	for p := range wanted {
		if _, ok := keys[p]; !ok {
			tenants, subjects = append(tenants, p.tenant), append(subjects, p.subject)
		}
	}
	if len(tenants) == 0 {
		return keys, nil
	}
	// A statement of its own: it sees what another process has committed while the insert waited for it.
	rows, err := v.pool.Query(ctx, getKeysSQL, tenants, subjects)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var p person
		var wrapped []byte
		if err := rows.Scan(&p.tenant, &p.subject, &wrapped); err != nil {
			return nil, err
		}
		keys[p] = v.unwrap(p, wrapped)
	}
	return keys, rows.Err()
}

// addKeys adds to keys those that it has made. The rows go in the order of their key, so that two processes that make the
// same ones wait for each other and do not deadlock.
func (v *Vault) addKeys(ctx context.Context, wanted map[person]bool, keys map[person]personKey) error {
	var fresh []person
	for p, create := range wanted {
		if create {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	slices.SortFunc(fresh, comparePersons)
	tenants, subjects, wrapped := make([]string, len(fresh)), make([]string, len(fresh)), make([][]byte, len(fresh))
	made := make(map[person]personKey, len(fresh))
	for i, p := range fresh {
		var key [32]byte
		_, _ = rand.Read(key[:]) // never fails
		aead, err := newAEAD(key[:])
		if err != nil {
			return err
		}
		made[p] = personKey{aead: aead}
		tenants[i], subjects[i], wrapped[i] = p.tenant, p.subject, v.wrap(p, key[:])
	}
	rows, err := v.pool.Query(ctx, addKeysSQL, tenants, subjects, wrapped)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var p person
		if err := rows.Scan(&p.tenant, &p.subject); err != nil {
			return err
		}
		keys[p] = made[p]
	}
	return rows.Err()
}

// wrappedVersion is the first byte of a wrapped key; then come the length of the master key's id, the id, and the
// ciphertext.
const wrappedVersion = 1

// wrappedHeader is how keys begin that a master key with this id has wrapped.
func wrappedHeader(id string) []byte {
	return append([]byte{wrappedVersion, byte(len(id))}, id...)
}

func (v *Vault) wrap(p person, key []byte) []byte {
	id := v.config[0].ID
	return v.masters[id].Seal(wrappedHeader(id), nil, key, binding("wrapped", p, nil))
}

func (v *Vault) unwrap(p person, wrapped []byte) personKey {
	if wrapped == nil {
		return personKey{err: ErrErased}
	}
	if len(wrapped) < 2 || wrapped[0] != wrappedVersion || len(wrapped) < 2+int(wrapped[1]) {
		return personKey{err: errors.New("its wrapped key is damaged, or of a newer version than this build reads")}
	}
	id := string(wrapped[2 : 2+int(wrapped[1])])
	master := v.masters[id]
	if master == nil {
		return personKey{err: fmt.Errorf("its key is wrapped by master key %q, which is not configured: add it", id)}
	}
	key, err := master.Open(nil, nil, wrapped[2+len(id):], binding("wrapped", p, nil))
	if err != nil {
		return personKey{err: fmt.Errorf("master key %q does not unwrap its key: it is not the one that wrapped it, or the row was changed", id)}
	}
	aead, err := newAEAD(key)
	return personKey{aead, err}
}
