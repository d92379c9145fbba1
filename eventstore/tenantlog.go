package eventstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Sender sends the statements of a batch in one round trip: a pool, a connection or a transaction.
type Sender interface {
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// TenantLog reads a log as one tenant after the other sees it. Each read is a transaction that names its tenant, in the
// same round trip: for a role under row-level security, such as the one that serves reads, the database itself shows no
// other tenant's rows, whatever the statement says, and none at all without a name. It is safe for concurrent use if its
// Sender is.
type TenantLog struct {
	db  Sender
	log LogID
}

// NewTenantLog returns one over the database.
func NewTenantLog(db Sender, log LogID) *TenantLog { return &TenantLog{db, log} }

// Load is Store.Load.
func (l *TenantLog) Load(ctx context.Context, tenant string, stream uuid.UUID, after Version) ([]Recorded, error) {
	events, err := collect(ctx, l.as(tenant), l.log, loadSQL, l.log, stream, after, tenant)
	if err != nil {
		return nil, fmt.Errorf("load stream %s: %w", stream, err)
	}
	return events, nil
}

// LoadMany is Store.LoadMany.
func (l *TenantLog) LoadMany(ctx context.Context, tenant string, streams []StreamAfter) ([]Recorded, error) {
	return loadMany(ctx, l.as(tenant), l.log, tenant, streams)
}

// Claimed is Store.Claimed.
func (l *TenantLog) Claimed(ctx context.Context, tenant, scope, value string) (owner uuid.UUID, found bool, err error) {
	return claimed(ctx, l.as(tenant), l.log, tenant, scope, value)
}

// Decisions is Store.Decisions.
func (l *TenantLog) Decisions(ctx context.Context, tenant string, filter DecisionFilter, after DecisionCursor, limit int) ([]RecordedDecision, error) {
	return decisions(ctx, l.as(tenant), l.log, tenant, filter, after, limit)
}

// tenantQuery runs single queries for a tenant.
type tenantQuery struct {
	db     Sender
	tenant string
}

func (l *TenantLog) as(tenant string) tenantQuery { return tenantQuery{l.db, tenant} }

// Query implements queryer. Closing the rows ends the transaction.
func (q tenantQuery) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	batch := &pgx.Batch{}
	batch.Queue(nameTenantSQL, q.tenant)
	batch.Queue(sql, args...)
	results := q.db.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // says the same
		return nil, err
	}
	rows, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return tenantRows{rows, results}, nil
}

// tenantRows are the rows of a batch of which nothing more is wanted.
type tenantRows struct {
	pgx.Rows
	results pgx.BatchResults
}

func (r tenantRows) Close() {
	r.Rows.Close()
	_ = r.results.Close() // an error of the query is that of the rows, and the transaction changes nothing
}
