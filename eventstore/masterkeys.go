package eventstore

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"
)

// ErrMasterKey is matched by the errors of CheckMasterKeys that say that a Vault has not the master keys of its database.
var ErrMasterKey = errors.New("eventstore: the master keys are not those of the database")

const (
	knownMastersSQL = "select key_id, check_value from master_keys"
	addMasterSQL    = "insert into master_keys (key_id, check_value) values ($1, $2) on conflict do nothing"
	wrappedBySQL    = "select tenant_id, subject, wrapped from wrapped_by($1)"
	mayAddMasterSQL = "select has_table_privilege('master_keys', 'insert')"
)

// checkValue follows from a master key and tells nothing of it.
func (k MasterKey) checkValue() []byte {
	mac := hmac.New(sha256.New, k.Key[:])
	mac.Write([]byte("eventstore/1 master key " + k.ID))
	return mac.Sum(nil)
}

// CheckMasterKeys compares the vault's master keys with those that the database knows, to be called before anything is
// sealed or opened: with a wrong one data would seem to be lost. It fails with ErrMasterKey if a key is another one than
// that which the database knows by the same id, or if one that is needed is missing. Keys that are new become known, if
// the vault's role may add them.
func (v *Vault) CheckMasterKeys(ctx context.Context) error {
	known, err := v.knownMasters(ctx)
	if err != nil {
		return fmt.Errorf("master keys: %w", err)
	}
	for _, id := range slices.Sorted(maps.Keys(known)) {
		if err := v.needed(ctx, id); err != nil {
			return err
		}
	}
	for _, key := range v.config {
		if known[key.ID] != nil {
			continue
		}
		if len(known) == 0 { // a database from before keys were known may have used any
			if err := v.tryOut(ctx, key); err != nil {
				return err
			}
		}
		if err := v.makeKnown(ctx, key); err != nil {
			return fmt.Errorf("master keys: %w", err)
		}
	}
	if known, err = v.knownMasters(ctx); err != nil { // another process may have come first
		return fmt.Errorf("master keys: %w", err)
	}
	for _, key := range v.config {
		if value := known[key.ID]; value != nil && !bytes.Equal(value, key.checkValue()) {
			return wrongMaster(key.ID)
		}
	}
	return nil
}

func wrongMaster(id string) error {
	return fmt.Errorf("%w: the one with the id %q is another key than that which wraps keys of personal data under this id", ErrMasterKey, id)
}

func (v *Vault) knownMasters(ctx context.Context) (map[string][]byte, error) {
	rows, err := v.pool.Query(ctx, knownMastersSQL)
	if err != nil {
		return nil, err
	}
	known := make(map[string][]byte)
	var id string
	var value []byte
	_, err = pgx.ForEachRow(rows, []any{&id, &value}, func() error {
		known[id] = bytes.Clone(value)
		return nil
	})
	return known, err
}

// needed fails if a master key that the database knows is not configured, although something is wrapped by it.
func (v *Vault) needed(ctx context.Context, id string) error {
	if v.masters[id] != nil {
		return nil
	}
	_, _, found, err := v.wrappedBy(ctx, id)
	if err == nil && found {
		err = fmt.Errorf("%w: the one with the id %q is missing, which wraps keys of personal data", ErrMasterKey, id)
	}
	return err
}

// tryOut fails if something is wrapped by a master key of the same id that this one does not unwrap.
func (v *Vault) tryOut(ctx context.Context, key MasterKey) error {
	p, wrapped, found, err := v.wrappedBy(ctx, key.ID)
	if err == nil && found && v.unwrap(p, wrapped).err != nil {
		err = wrongMaster(key.ID)
	}
	return err
}

// wrappedBy returns any person's key that is wrapped by a master key of an id.
func (v *Vault) wrappedBy(ctx context.Context, id string) (p person, wrapped []byte, found bool, err error) {
	err = v.pool.QueryRow(ctx, wrappedBySQL, wrappedHeader(id)).Scan(&p.tenant, &p.subject, &wrapped)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, nil, false, nil
	}
	if err != nil {
		return p, nil, false, fmt.Errorf("master keys: %w", err)
	}
	return p, wrapped, true, nil
}

func (v *Vault) makeKnown(ctx context.Context, key MasterKey) error {
	var may bool
	if err := v.pool.QueryRow(ctx, mayAddMasterSQL).Scan(&may); err != nil || !may {
		return err
	}
	_, err := v.pool.Exec(ctx, addMasterSQL, key.ID, key.checkValue())
	return err
}
