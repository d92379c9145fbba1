package eventstore

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const claimedSQL = `select owner from claims where log_id = $1 and tenant_id = $2 and scope = $3 and value = $4`

// Claimed returns the stream that has claimed a value, and whether one has. It sees what was committed before it began.
func (s *Store) Claimed(ctx context.Context, tenant, scope, value string) (owner uuid.UUID, found bool, err error) {
	return claimed(ctx, s.pool, s.log, tenant, scope, value)
}

func claimed(ctx context.Context, db queryer, log LogID, tenant, scope, value string) (owner uuid.UUID, found bool, err error) {
	if !validText(tenant) || !validText(scope) || !validText(value) {
		return uuid.Nil, false, nil // what is no text was never claimed
	}
	rows, err := db.Query(ctx, claimedSQL, log, tenant, scope, value)
	if err == nil {
		owner, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[uuid.UUID])
	}
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return uuid.Nil, false, nil
	case err != nil:
		return uuid.Nil, false, fmt.Errorf("%s %q: %w", scope, value, err)
	}
	return owner, true, nil
}
