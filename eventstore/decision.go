package eventstore

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Limits of a decision. Code and resource are in indexes.
const (
	maxDecisionText = 64 << 10 // bytes of its reason, and of its details
	maxDecisions    = 1000     // on one page, or deleted in one step
)

// Decision says what was decided about a command and why, for the decision log. It is stored together with the append
// that carries it: if that is accepted, once, and not if its key or the append itself was there already. Details that
// nobody may read later must not be in it, since decisions are not sealed.
type Decision struct {
	ID        uuid.UUID // unique for ever: a decision that is sent again is recognised by it
	Command   string    // name of what was asked for
	Code      string    // what a machine switches on, such as "insufficient_stock"
	Reason    string    // the same for people
	ActorType string
	ActorID   string
	Resource  string // id of what it was asked of, may be empty
	RequestID string
	Details   []byte // anything else, usually JSON; may be nil
}

// RecordedDecision is a decision as the log of decisions has it.
type RecordedDecision struct {
	Decision
	Log       LogID
	Tenant    string
	Position  Position // the log's last one when it was decided
	DecidedAt time.Time
}

// Cursor is where a page that ends with d goes on.
func (d *RecordedDecision) Cursor() DecisionCursor { return DecisionCursor{d.DecidedAt, d.ID} }

// DecisionCursor is a place between two decisions. The zero cursor is before the newest.
type DecisionCursor struct {
	DecidedAt time.Time
	ID        uuid.UUID
}

// DecisionFilter chooses decisions; zero fields choose all. Code and Resource have indexes of their own.
type DecisionFilter struct {
	Code     string
	Resource string
	From     time.Time // decided then or later
	Before   time.Time // decided earlier
}

// Decisions returns a tenant's decisions after a cursor, newest first, at most limit of them and at most 1,000. A page
// that is full may be followed by another, which begins after the Cursor of its last decision; decisions made
// meanwhile are before the first page and disturb none. A page costs the same wherever it is, unless Code and Resource
// are both given: then it is as much as the rarer of them has.
func (s *Store) Decisions(ctx context.Context, tenant string, filter DecisionFilter, after DecisionCursor, limit int) ([]RecordedDecision, error) {
	return decisions(ctx, s.pool, s.log, tenant, filter, after, limit)
}

func decisions(
	ctx context.Context, db queryer, log LogID, tenant string, filter DecisionFilter, after DecisionCursor, limit int,
) ([]RecordedDecision, error) {
	if limit < 1 || !validText(tenant) || !validText(filter.Code) || !validText(filter.Resource) {
		return nil, nil // what is no text is stored nowhere
	}
	sql, args := decisionsSQL(log, tenant, filter, after, min(limit, maxDecisions))
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("decisions of log %d: %w", log, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (RecordedDecision, error) {
		d := RecordedDecision{Log: log, Tenant: tenant}
		err := row.Scan(&d.ID, &d.Position, &d.DecidedAt, &d.Command, &d.Code, &d.Reason, &d.ActorType, &d.ActorID,
			&d.Resource, &d.RequestID, &d.Details)
		d.DecidedAt = d.DecidedAt.UTC()
		return d, err
	})
	if err != nil {
		return nil, fmt.Errorf("decisions of log %d: %w", log, err)
	}
	return out, nil
}

// decisionsSQL has a condition for each filter that is set: a statement that covers all cases would be planned for none.
func decisionsSQL(log LogID, tenant string, f DecisionFilter, after DecisionCursor, limit int) (string, []any) {
	var sql strings.Builder
	sql.WriteString(`select decision_id, position, decided_at, command, code, reason, actor_type, actor_id, resource, request_id, details
		from decisions where log_id = $1 and tenant_id = $2`)
	args := []any{log, tenant}
	where := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		sql.WriteString(" and " + condition)
	}
	if f.Code != "" {
		where("code = ?", f.Code)
	}
	if f.Resource != "" {
		where("resource = ? and resource <> ''", f.Resource) // so that the index is seen to serve
	}
	if !f.From.IsZero() {
		where("decided_at >= ?", f.From)
	}
	if !f.Before.IsZero() {
		where("decided_at < ?", f.Before)
	}
	if after != (DecisionCursor{}) {
		where("(decided_at, decision_id) < (?, ?)", after.DecidedAt, after.ID)
	}
	args = append(args, limit)
	sql.WriteString(" order by decided_at desc, decision_id desc limit $" + strconv.Itoa(len(args)))
	return sql.String(), args
}

// DeleteDecisions deletes decisions that were made before a time, of all tenants, the oldest of each first, and returns
// how many. It deletes at most limit and at most 1,000 in one short transaction: call it again until it returns less.
func (s *Store) DeleteDecisions(ctx context.Context, before time.Time, limit int) (int, error) {
	var deleted int
	err := s.pool.QueryRow(ctx, "select delete_decisions($1, $2, $3)", s.log, before, max(0, min(limit, maxDecisions))).Scan(&deleted)
	if err != nil {
		return 0, fmt.Errorf("delete decisions of log %d: %w", s.log, err)
	}
	return deleted, nil
}

func (p *prepared) checkDecision() error {
	d := p.Decision
	if d == nil {
		return nil
	}
	for _, name := range [...]string{d.Command, d.Code, d.ActorType, d.RequestID} {
		if !validName(name) {
			return &InvalidError{fmt.Sprintf("the decision's command, code, actor type and request id must be text of at most %d bytes", maxName)}
		}
	}
	for _, value := range [...]string{d.ActorID, d.Resource} {
		if !validText(value) || len(value) > maxClaim {
			return &InvalidError{fmt.Sprintf("the decision's actor id and resource must be text of at most %d bytes", maxClaim)}
		}
	}
	switch {
	case d.ID == uuid.Nil:
		return &InvalidError{"the decision has no id"}
	case !validText(d.Reason) || len(d.Reason) > maxDecisionText || len(d.Details) > maxDecisionText:
		return &InvalidError{fmt.Sprintf("the decision's reason must be text, and it and the details at most %d bytes", maxDecisionText)}
	}
	p.bytes += len(d.Command) + len(d.Code) + len(d.Reason) + len(d.ActorType) + len(d.ActorID) + len(d.Resource) +
		len(d.RequestID) + len(d.Details) + 128
	return nil
}

// TenantDecision is a decision with whose it is.
type TenantDecision struct {
	Tenant string
	Decision
}

// NoteDecisions adds decisions to the decision log that no append carries. It waits for nobody who appends, and nobody
// waits for it. One that is there already stays as it is: what failed may be noted again.
func (s *Store) NoteDecisions(ctx context.Context, decisions []TenantDecision) error {
	n := len(decisions)
	ids, details := make([]uuid.UUID, n), make([][]byte, n)
	texts := make([][]string, 8)
	for i := range texts {
		texts[i] = make([]string, n)
	}
	for i := range decisions {
		d := &decisions[i]
		if err := (&prepared{Append: Append{Decision: &d.Decision}}).checkDecision(); err != nil {
			return err
		}
		ids[i], details[i] = d.ID, d.Details
		if details[i] == nil {
			details[i] = []byte{}
		}
		for column, text := range [...]string{d.Tenant, d.Command, d.Code, d.Reason, d.ActorType, d.ActorID, d.Resource, d.RequestID} {
			texts[column][i] = text
		}
	}
	_, err := s.pool.Exec(ctx, "select note_decisions($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		s.log, texts[0], ids, texts[1], texts[2], texts[3], texts[4], texts[5], texts[6], texts[7], details)
	if err != nil {
		return fmt.Errorf("note decisions in log %d: %w", s.log, err)
	}
	return nil
}
