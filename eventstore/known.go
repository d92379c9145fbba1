package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const knownSQL = `select k.fingerprint, k.request, k.resource, k.status, k.headers, k.body, k.position, k.created_at, l.epoch
	from command_results k join logs l using (log_id)
	where k.log_id = $1 and k.tenant_id = $2 and k.client_id = $3 and k.key_hash = $4`

// DropAnswers drops the bodies of what was answered under some keys, such as a person's whose data is erased, and returns
// how many there were. The keys stay used, and Known and Append tell their other parts. Fingerprints are not compared.
func (s *Store) DropAnswers(ctx context.Context, tenant string, keys []Key) (dropped int, err error) {
	clients, hashes := make([]string, len(keys)), make([][]byte, len(keys))
	for i := range keys {
		clients[i], hashes[i] = keys[i].Client, keys[i].Hash[:]
	}
	err = asTenant(ctx, s.pool, tenant, func(batch *pgx.Batch) {
		batch.Queue("select drop_answers($1, $2, $3, $4)", s.log, tenant, clients, hashes).
			QueryRow(func(row pgx.Row) error { return row.Scan(&dropped) })
	})
	if err != nil {
		return 0, fmt.Errorf("drop answers: %w", err)
	}
	return dropped, nil
}

// nameTenantSQL names a transaction's tenant to row-level security and to functions that ask for it.
const nameTenantSQL = "select set_config('ordermill.tenant', $1, true)"

// asTenant runs the statements that queue adds in one round trip and one transaction that names the tenant, as functions
// ask for that destroy something.
func asTenant(ctx context.Context, pool *pgxpool.Pool, tenant string, queue func(*pgx.Batch)) error {
	batch := &pgx.Batch{}
	batch.Queue(nameTenantSQL, tenant)
	queue(batch)
	return pool.SendBatch(ctx, batch).Close()
}

// Known returns what was answered under a key, if it was used. With another fingerprint it fails with a
// *KeyReusedError. That a key is not known proves nothing while an append with it may be on its way: only Append
// decides.
func (s *Store) Known(ctx context.Context, tenant string, key Key) (Result, bool, error) {
	var fingerprint []byte
	r := Result{Known: true}
	err := s.pool.QueryRow(ctx, knownSQL, s.log, tenant, key.Client, key.Hash[:]).Scan(&fingerprint, &r.Answer.Request,
		&r.Answer.Resource, &r.Answer.Status, &r.Answer.Headers, &r.Answer.Body, &r.Position, &r.RecordedAt, &r.Epoch)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Result{}, false, nil
	case err != nil:
		return Result{}, false, fmt.Errorf("%w: look up key: %w", ErrUnavailable, err)
	case string(fingerprint) != string(key.Fingerprint[:]):
		return Result{}, false, &KeyReusedError{Request: r.Answer.Request}
	}
	return r, true, nil
}
