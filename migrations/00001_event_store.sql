-- +goose Up

-- Roles. They are the same in every database of a server and log in through accounts that the operator makes them
-- members of. ordermill_write appends, ordermill_project builds read models, ordermill_read serves them.
-- +goose StatementBegin
do $$
declare r text;
begin
    foreach r in array array['ordermill_write', 'ordermill_project', 'ordermill_read'] loop
        continue when exists (select from pg_roles where rolname = r); -- then nobody needs the right to make any
        begin
            execute format('create role %I nologin', r);
        exception when duplicate_object or unique_violation then
            null; -- another database of this server has got them meanwhile
        end;
    end loop;
end $$;
-- +goose StatementEnd

-- Functions that run with the owner's rights look names up in this schema, so nobody else may add to it. Newer servers
-- begin that way.
revoke create on schema public from public;

-- A log is a totally ordered, dense sequence of events. Its row is the write lane: every append locks it and none
-- updates it, so a long snapshot elsewhere never slows an append. The epoch is raised when a log is restored to an
-- earlier past.
create table logs (
    log_id     integer     not null primary key check (log_id > 0),
    epoch      bigint      not null default 1 check (epoch > 0),
    created_at timestamptz not null default now()
);
insert into logs (log_id) values (1);

create table events (
    log_id         integer     not null,
    position       bigint      not null,
    tenant_id      text        not null check (tenant_id <> ''),
    stream_id      uuid        not null,
    stream_type    text        not null,
    version        bigint      not null check (version > 0),
    event_id       uuid        not null,
    type           text        not null,
    schema_version smallint    not null default 1,
    data           bytea       not null,
    metadata       bytea       not null,
    occurred_at    timestamptz not null,
    recorded_at    timestamptz not null,
    primary key (log_id, position),
    unique (log_id, stream_id, version)
) with (autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.05);

comment on table events is 'Every fact, once. Insert and select only; position is dense and in commit order.';

-- The idempotency record: one row a key, written by the append that answered it. The row outlives its body. In its primary
-- key and that of claims the column that differs comes first: a look compares two columns, not four.
create table command_results (
    log_id      integer     not null,
    tenant_id   text        not null,
    client_id   text        not null,
    key_hash    bytea       not null check (length(key_hash) = 32),
    fingerprint bytea       not null check (length(fingerprint) = 32),
    request     text        not null,
    resource    text        not null,
    status      smallint    not null,
    headers     bytea       not null,
    body        bytea,
    position    bigint      not null,
    created_at  timestamptz not null,
    primary key (log_id, key_hash, tenant_id, client_id)
);

-- What must be unique beyond one stream: order numbers, external ids.
create table claims (
    log_id    integer          not null,
    tenant_id text             not null,
    scope     text             not null,
    value     text collate "C" not null,
    owner     uuid             not null,
    primary key (log_id, value, tenant_id, scope)
);

-- Why something was refused: written by the append that settles the refusal, read newest first, deleted when it is old.
-- The id tells a refusal that is sent again; decided_at is the append's own recorded time.
create table decisions (
    log_id      integer     not null,
    tenant_id   text        not null,
    decision_id uuid        not null,
    position    bigint      not null, -- the log's last one when it was decided
    decided_at  timestamptz not null,
    command     text        not null,
    code        text        not null,
    reason      text        not null,
    actor_type  text        not null,
    actor_id    text        not null,
    resource    text        not null,
    request_id  text        not null,
    details     bytea       not null,
    primary key (log_id, tenant_id, decision_id)
);
create index decisions_time on decisions (log_id, tenant_id, decided_at, decision_id);
create index decisions_code on decisions (log_id, tenant_id, code, decided_at, decision_id);
create index decisions_resource on decisions (log_id, tenant_id, resource, decided_at, decision_id) where resource <> '';

-- Folds of long streams, one a stream. A cache: rows may go at any time, and each is checked against the log when it is
-- used. Autovacuum sees to the rows of busy streams, which are replaced again and again.
create table snapshots (
    log_id      integer     not null,
    tenant_id   text        not null,
    stream_id   uuid        not null,
    version     bigint      not null check (version > 0),
    event_id    uuid        not null, -- of that version: a snapshot of another past does not have it
    fingerprint bytea       not null check (length(fingerprint) = 32),
    data        bytea       not null,
    taken_at    timestamptz not null default now(),
    primary key (log_id, stream_id)
) with (autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0.05);

-- lz4 costs an append a fraction of what pglz does; a server built without it keeps the default.
-- +goose StatementBegin
do $$
begin
    alter table events alter column data set compression lz4;
    alter table snapshots alter column data set compression lz4;
    alter table command_results alter column body set compression lz4;
exception when others then
    null;
end $$;
-- +goose StatementEnd

-- Keys of personal data. Destroying a row erases what was sealed with it and leaves every stored byte in place.
create table person_keys (
    tenant_id    text        not null,
    subject      text        not null,
    wrapped      bytea,      -- null: destroyed
    created_at   timestamptz not null default now(),
    destroyed_at timestamptz,
    primary key (tenant_id, subject)
);

-- For people: the same rows with their JSON shown as JSON.
-- +goose StatementBegin
create function jsonb_or_null(value bytea) returns jsonb
    language plpgsql immutable parallel safe
    set search_path = pg_catalog, pg_temp
as $$
begin
    return convert_from(value, 'UTF8')::jsonb;
exception when others then
    return null;
end $$;
-- +goose StatementEnd

create view events_readable as
select log_id, position, tenant_id, stream_type, stream_id, version, event_id, type, schema_version,
       jsonb_or_null(data) as data, jsonb_or_null(metadata) as metadata, occurred_at, recorded_at
from events;
