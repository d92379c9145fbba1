package eventstore

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

var (
	// ErrErased says that the subject's key is destroyed: what was sealed with it is gone for ever, and nothing more
	// can be sealed for it.
	ErrErased = errors.New("eventstore: the person's data was erased")

	// ErrCannotOpen says that sealed data does not open although it was not erased: it was changed, belongs to another
	// tenant or id, or its key is missing.
	ErrCannotOpen = errors.New("eventstore: sealed data does not open")
)

// MasterKey wraps the subjects' keys. ID is stored beside what it wraps, so that a new master key can come in while
// the old one still opens what it has wrapped.
type MasterKey struct {
	ID  string // 1 to 64 bytes, such as "2026-11"
	Key [32]byte
}

// String returns the ID only, so that no key is printed by accident.
func (k MasterKey) String() string { return "master key " + k.ID }

// GoString returns the ID only.
func (k MasterKey) GoString() string { return k.String() }

// MarshalJSON encodes the ID only.
func (k MasterKey) MarshalJSON() ([]byte, error) { return json.Marshal(k.String()) }

// VaultConfig has the master keys and the bounds of a Vault. Zero fields mean the documented defaults.
type VaultConfig struct {
	MasterKeys []MasterKey      // the first wraps new keys; the others open older ones
	CacheKeys  int              // how many subjects' keys stay in memory, at most. Default 20,000
	CacheFor   time.Duration    // how long they do, unless Forget comes first. Default 1 min
	Now        func() time.Time // default time.Now
}

// Vault seals personal data with a key for each subject, a person or a guest's order. Destroying the key erases
// everything that was sealed with it, wherever it is stored, and changes no stored byte.
//
// Data is encrypted with AES-256-GCM and bound to its tenant, subject and id, so an envelope that is moved elsewhere
// does not open. Keys and nonces come from the operating system's random source. A subject's key must be stored before
// anything sealed with it is: Seal sees to that. Vault is safe for concurrent use.
type Vault struct {
	pool    *pgxpool.Pool
	config  []MasterKey // the first wraps
	masters map[string]cipher.AEAD
	now     func() time.Time
	cache   *keyCache
	queue   keyQueue
}

// NewVault returns a vault over table person_keys. Whether its master keys are the right ones is for CheckMasterKeys to
// say. The pool stays the caller's. Its role, one that may append,
// can read, add and destroy keys and change none.
func NewVault(pool *pgxpool.Pool, config VaultConfig) (*Vault, error) {
	if len(config.MasterKeys) == 0 {
		return nil, errors.New("vault: no master key: give one of 32 random bytes")
	}
	if config.CacheKeys <= 0 {
		config.CacheKeys = 20_000
	}
	if config.CacheFor <= 0 {
		config.CacheFor = time.Minute
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	v := &Vault{
		pool: pool, config: slices.Clone(config.MasterKeys), masters: make(map[string]cipher.AEAD), now: config.Now,
		cache: newKeyCache(config.CacheKeys, config.CacheFor), queue: keyQueue{turn: make(chan struct{}, 1)},
	}
	for _, k := range config.MasterKeys {
		switch {
		case k.ID == "" || len(k.ID) > 64:
			return nil, fmt.Errorf("vault: master key id %q must have 1 to 64 bytes", k.ID)
		case k.Key == [32]byte{}:
			return nil, fmt.Errorf("vault: %s is all zeros: give 32 random bytes", k)
		case v.masters[k.ID] != nil:
			return nil, fmt.Errorf("vault: %s is given twice", k)
		}
		aead, err := newAEAD(k.Key[:])
		if err != nil {
			return nil, fmt.Errorf("vault: %s: %w", k, err)
		}
		v.masters[k.ID] = aead
	}
	return v, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// envelope is how sealed data stands in an event.
type envelope struct {
	Algorithm  string `json:"alg"`
	Subject    string `json:"key"`
	Ciphertext []byte `json:"ct"` // nonce, ciphertext, tag
}

const algorithm = "A256GCM"

// Seal encrypts plain for a subject of a tenant and returns a JSON object to store in its place. The id, usually the
// event's, is needed again to open it. The subject stands in the envelope in clear, so it must be an id, no name. The
// first Seal of a subject makes its key; of several at once, in any process, all use the same. Errors: ErrErased, or
// that the key cannot be had right now.
func (v *Vault) Seal(ctx context.Context, tenant, subject string, id uuid.UUID, plain []byte) (json.RawMessage, error) {
	p := person{tenant, subject}
	if tenant == "" || subject == "" || !validText(tenant) || !validText(subject) {
		return nil, fmt.Errorf("seal: tenant %q and subject %q must be text and not empty", tenant, subject)
	}
	aead, err := v.key(ctx, p, true)
	if err != nil {
		return nil, fmt.Errorf("seal for %s: %w", subject, err)
	}
	return json.Marshal(envelope{algorithm, subject, aead.Seal(nil, nil, plain, binding("sealed", p, id[:]))})
}

// OpenFresh is Open with the key as the database has it now, rather than as it was a moment ago.
func (v *Vault) OpenFresh(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error) {
	var e envelope
	if json.Unmarshal(sealed, &e) == nil { // else Open says so
		v.cache.drop(person{tenant, e.Subject})
	}
	return v.Open(ctx, tenant, sealed, id)
}

// Open decrypts what Seal has returned for the same tenant and id. Errors: ErrErased, ErrCannotOpen, or that the key
// cannot be had right now.
func (v *Vault) Open(ctx context.Context, tenant string, sealed []byte, id uuid.UUID) ([]byte, error) {
	var e envelope
	if err := json.Unmarshal(sealed, &e); err != nil {
		return nil, fmt.Errorf("%w: no envelope: %w", ErrCannotOpen, err)
	}
	if e.Algorithm != algorithm || !validText(e.Subject) || !validText(tenant) {
		return nil, fmt.Errorf("%w: no envelope, or algorithm %q is not %s", ErrCannotOpen, e.Algorithm, algorithm)
	}
	p := person{tenant, e.Subject}
	aead, err := v.key(ctx, p, false)
	if err != nil {
		return nil, fmt.Errorf("open of %s: %w", e.Subject, err)
	}
	plain, err := aead.Open(nil, nil, e.Ciphertext, binding("sealed", p, id[:]))
	if err != nil {
		return nil, fmt.Errorf("%w: of %s: changed, or sealed for another tenant or id", ErrCannotOpen, e.Subject)
	}
	return plain, nil
}

// Forget says that a subject's key was destroyed: what it sealed does not open here any more, and nothing more is sealed
// with it. Call it for each erasure that the log tells of.
func (v *Vault) Forget(tenant, subject string) { v.cache.erase(person{tenant, subject}, v.now()) }

// ForgetAll forgets all keys, after which they are asked for anew: some may be destroyed without that this process was
// told.
func (v *Vault) ForgetAll() { v.cache.clear() }

// Destroyed reports whether a subject had a key that is destroyed. It asks the database.
func (v *Vault) Destroyed(ctx context.Context, tenant, subject string) (destroyed bool, err error) {
	if !validText(tenant) || !validText(subject) {
		return false, nil // what is no text never had one
	}
	err = asTenant(ctx, v.pool, tenant, func(batch *pgx.Batch) {
		batch.Queue(destroyedSQL, tenant, subject).QueryRow(func(row pgx.Row) error { return row.Scan(&destroyed) })
	})
	if err != nil {
		return false, fmt.Errorf("state of the key of %s: %w", subject, err)
	}
	return destroyed, nil
}

// Destroy destroys a subject's key for ever, also when it has none yet. This process forgets it at once, others when they
// are told to Forget it, and within their CacheFor. Copies in the database's backups live on until those are deleted.
func (v *Vault) Destroy(ctx context.Context, tenant, subject string) error {
	err := asTenant(ctx, v.pool, tenant, func(batch *pgx.Batch) { batch.Queue(destroySQL, tenant, subject) })
	if denied := new(pgconn.PgError); errors.As(err, &denied) && denied.Code == "42501" {
		return fmt.Errorf("destroy key of %s: the database role must be one that may append: %w", subject, err)
	}
	if err != nil {
		return fmt.Errorf("destroy key of %s: %w", subject, err)
	}
	v.cache.erase(person{tenant, subject}, v.now())
	return nil
}

// DropUnused takes back the key of a subject that Seal has made for a stream which never began. The caller knows that no
// append to the stream is on its way, in any process. The key of a stream that has events stays.
func (v *Vault) DropUnused(ctx context.Context, tenant, subject string, stream uuid.UUID) error {
	err := asTenant(ctx, v.pool, tenant, func(batch *pgx.Batch) { batch.Queue(dropUnusedSQL, tenant, subject, stream) })
	if err != nil {
		return fmt.Errorf("drop the unused key of %s: %w", subject, err)
	}
	v.cache.erase(person{tenant, subject}, v.now())
	return nil
}

// binding is the associated data that ties a ciphertext to where it belongs.
func binding(purpose string, p person, id []byte) []byte {
	b := make([]byte, 0, 32+len(p.tenant)+len(p.subject)+len(id))
	for _, part := range []string{"eventstore/1", purpose, p.tenant, p.subject} {
		b = append(binary.AppendUvarint(b, uint64(len(part))), part...)
	}
	return append(b, id...)
}
