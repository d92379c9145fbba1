-- +goose Up

-- The function catches an error in a subtransaction, which a parallel plan cannot begin, so no such plan may hold it.
-- Changes one row of pg_proc; nobody waits.
alter function jsonb_or_null(bytea) parallel unsafe;

-- +goose Down
alter function jsonb_or_null(bytea) parallel safe;
