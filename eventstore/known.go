package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const knownSQL = `select k.fingerprint, k.request, k.resource, k.status, k.headers, k.body, k.position, k.created_at, l.epoch
	from command_results k join logs l using (log_id)
	where k.log_id = $1 and k.tenant_id = $2 and k.client_id = $3 and k.key_hash = $4`

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
