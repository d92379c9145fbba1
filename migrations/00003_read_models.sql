-- +goose Up

-- What projections need: where each stands, who builds it, what is parked. Tables are new; enabling row level security
-- takes a short exclusive lock on events, command_results, decisions, snapshots and person_keys.

-- Read models live in a schema of their own, a set of tables for each generation, made at run time by ordermill_project
-- and read by ordermill_read under row level security. Nobody else may create tables in it.
create schema readmodel;
grant usage on schema readmodel to ordermill_read;
grant usage, create on schema readmodel to ordermill_project;

-- A projection and the generation that readers use. The row is the switch of a rebuild.
create table projections (
    name            text        not null primary key check (name ~ '^[a-z][a-z0-9_]{0,39}$'),
    store           text        not null,
    live_generation integer,
    rebuild_needed  text,       -- why, in words; null: it is not
    created_at      timestamptz not null default now(),
    switched_at     timestamptz not null default now()
);

create table projection_generations (
    name       text        not null references projections,
    generation integer     not null check (generation > 0),
    state      text        not null check (state in ('building', 'live', 'aside', 'retired', 'failed', 'dropped')),
    definition text        not null, -- digest of the statements that made its tables
    note       text        not null default '',
    created_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    primary key (name, generation)
);

-- How far a generation has got in a log, and of which past: the log has event_id at position. A sealed checkpoint never
-- moves again, since readers have gone on to another generation.
create table projection_checkpoints (
    log_id      integer     not null references logs,
    name        text        not null,
    generation  integer     not null,
    position    bigint      not null default 0 check (position >= 0),
    event_id    uuid        not null default '00000000-0000-0000-0000-000000000000',
    log_epoch   bigint      not null default 0,
    owner_epoch bigint      not null default 0, -- of the lease under which it was moved last
    sealed      boolean     not null default false,
    updated_at  timestamptz not null default now(),
    primary key (log_id, name, generation),
    foreign key (name, generation) references projection_generations
) with (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- Who builds a projection of a log. The epoch rises with every new owner; times are the database's.
create table projection_leases (
    log_id     integer     not null references logs,
    name       text        not null,
    owner      text        not null,
    epoch      bigint      not null check (epoch > 0),
    expires_at timestamptz not null,
    problem    text,       -- why the owner does not go on, in words; null: it does
    primary key (log_id, name)
) with (fillfactor = 20, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_scale_factor = 0);

-- A stream whose event could not be applied. Its later events follow it here in order; other streams flow on.
create table parked_streams (
    log_id       integer     not null references logs,
    name         text        not null,
    generation   integer     not null,
    stream_id    uuid        not null,
    tenant_id    text        not null,
    position     bigint      not null, -- of the event that failed
    reason       text        not null,
    parked_at    timestamptz not null default now(),
    requested_at timestamptz,          -- somebody asked for another try
    primary key (log_id, name, generation, stream_id),
    foreign key (name, generation) references projection_generations
);

create table parked_events (
    log_id     integer not null references logs,
    name       text    not null,
    generation integer not null,
    position   bigint  not null,
    stream_id  uuid    not null,
    tenant_id  text    not null,
    primary key (log_id, name, generation, position),
    foreign key (log_id, name, generation, stream_id) references parked_streams
);
create index parked_events_stream on parked_events (log_id, name, generation, stream_id, position);

grant select, insert, update, delete
    on projections, projection_generations, projection_checkpoints, projection_leases, parked_streams, parked_events
    to ordermill_project;
grant select
    on projections, projection_generations, projection_checkpoints, projection_leases, parked_streams, parked_events
    to ordermill_read;

-- The role that serves reads sees the rows of the tenant that its transaction names, and none without a name.
alter table parked_streams enable row level security;
alter table parked_events enable row level security;
alter table events enable row level security;
alter table command_results enable row level security;
alter table decisions enable row level security;
alter table snapshots enable row level security;
alter table person_keys enable row level security;

create policy tenant on parked_streams for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on parked_events for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on events for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on command_results for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on decisions for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on snapshots for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy tenant on person_keys for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy project on parked_streams to ordermill_project using (true) with check (true);
create policy project on parked_events to ordermill_project using (true) with check (true);
create policy project on events for select to ordermill_project using (true);
create policy project on decisions for select to ordermill_project using (true);
create policy project on snapshots for select to ordermill_project using (true);
create policy project on person_keys for select to ordermill_project using (true);
create policy write on events for select to ordermill_write using (true);
create policy write on command_results for select to ordermill_write using (true);
create policy write on decisions for select to ordermill_write using (true);
create policy write on snapshots to ordermill_write using (true) with check (true);
create policy write on person_keys to ordermill_write using (true) with check (true);

-- Folding a stream is the reader's last resort.
grant select on events to ordermill_read;

-- How far a log is and since when an event waits at a position, for whoever may not see all events.
-- +goose StatementBegin
create function log_progress(p_log int, p_position bigint, out head bigint, out waiting_since timestamptz)
    language sql stable security definer
    set search_path = public, pg_temp
as $$
    select coalesce((select e.position from events e where e.log_id = p_log order by e.position desc limit 1), 0),
           (select e.recorded_at from events e where e.log_id = p_log and e.position = p_position + 1)
$$;
-- +goose StatementEnd
revoke all on function log_progress from public;
grant execute on function log_progress to ordermill_read, ordermill_project, ordermill_write;

-- Every role may see which schema it works on.
grant select on goose_db_version to ordermill_write, ordermill_project, ordermill_read;
