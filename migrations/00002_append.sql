-- +goose Up

-- What became of an append: "ordinal" is its place in the batch, 0 stands for all of them. "recorded" is when it was, the
-- batch's own appends right after the lock; "finished" is when the work on it was done, all but the commit.
create type append_outcome as (
    ordinal int, outcome text, position bigint, epoch bigint, recorded timestamptz, finished timestamptz,
    request text, resource text, status smallint, headers bytea, body bytea,
    stream uuid, version bigint, event uuid, scope text, value text
);

-- append_events decides and writes one batch of appends to a log, in order, in one call. Parameters are parallel
-- arrays: a_ one element an append, r_ a stream that an append read, c_ a claim, e_ an event, d_ a decision to be noted,
-- at most one an append. The a_…_end arrays give the last r_, c_ and e_ element of each append; r_append, e_append and
-- d_append name the append back.
--
-- r_check lists the r_ elements that the events in the table must show. Left out is what the batch shows by itself: the
-- caller has compared each read with the last event of its stream among the earlier appends, and with an earlier read of
-- it, and is believed. p_way says how far the caller relies on all going well:
--   0  keys and claims are taken to be free, and streams that begin in the batch to be new: if one is not, a unique
--      index makes the call fail, nothing is stored, and the caller sends the batch again with 1. Such streams are not in
--      r_check
--   1  keys and claims are looked up first
--   2  an append contradicts an earlier one: each is judged by itself
--
-- The last p_vouched elements of r_check need no look if this session's own batches were the last ones of the log: they
-- stand as a batch of the session has found or left them, none earlier than number p_since. p_serial is the number of
-- this batch, one more than that of the session's last. The session remembers how far back its batches follow each other
-- with nobody's events in between, all of them accepted whole; a log that ends where it ended then is the same log.
--
-- When every append is accepted the answer is one row, (0, 'appended', head before the batch), with the number of the
-- batch since which the session's batches follow each other as its version: the caller counts positions on from there.
-- Otherwise there is a row an append.
--
-- Every lookup in a table is a lateral with a limit: it cannot be turned into a join over the whole table, whatever
-- the planner believed about its size when the plan was cached; where several indexes would do, one has the order.
-- +goose StatementBegin
create function append_events(
    p_log int, p_way smallint, p_serial bigint, p_since bigint, p_vouched int,
    a_tenant text[], a_client text[], a_key bytea[], a_fingerprint bytea[], a_request text[], a_resource text[],
    a_status smallint[], a_headers bytea[], a_body bytea[], a_reads_end int[], a_claims_end int[], a_events_end int[],
    r_append int[], r_stream uuid[], r_version bigint[], r_event uuid[], r_check int[],
    c_append int[], c_scope text[], c_value text[], c_owner uuid[],
    e_append int[], e_stream uuid[], e_stream_type text[], e_version bigint[], e_id uuid[], e_type text[],
    e_schema smallint[], e_data bytea[], e_metadata bytea[], e_occurred timestamptz[],
    d_append int[] default null, d_id uuid[] default null, d_command text[] default null, d_code text[] default null,
    d_reason text[] default null, d_actor_type text[] default null, d_actor_id text[] default null,
    d_resource text[] default null, d_request text[] default null, d_details bytea[] default null
) returns setof append_outcome
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
declare
    nil   constant uuid := '00000000-0000-0000-0000-000000000000';
    chain text;
    since bigint;
    head  bigint;
    clean boolean;
    o     append_outcome;
begin
    -- The lock comes first and alone: only statements that begin after it see what the previous holder committed.
    select l.epoch into o.epoch from logs l where l.log_id = p_log for no key update;
    if not found then
        raise exception 'log % does not exist', p_log using errcode = 'no_data_found';
    end if;
    o.recorded := clock_timestamp();

    -- The commonest batch of an idle system, one event on one read, in one statement. The rules are those below.
    if cardinality(a_tenant) = 1 and cardinality(r_append) = 1 and cardinality(e_append) = 1 and a_client is null and c_append is null
       and d_append is null then
        insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version,
                            data, metadata, occurred_at, recorded_at)
        select p_log, coalesce((select e.position from events e where e.log_id = p_log order by e.position desc limit 1), 0) + 1,
               a_tenant[1], e_stream[1], e_stream_type[1], e_version[1], e_id[1], e_type[1], e_schema[1],
               e_data[1], e_metadata[1], e_occurred[1], o.recorded
        from (select) one
        left join lateral (
            select e.version, e.event_id, e.tenant_id from events e
            where e.log_id = p_log and e.stream_id = r_stream[1]
            order by e.version desc limit 1
        ) last on true
        where coalesce(last.version, 0) = r_version[1] and coalesce(last.event_id, nil) = r_event[1]
          and coalesce(last.tenant_id = a_tenant[1], true)
        returning position - 1 into o.position;
        if found then
            o.ordinal := 0;
            o.outcome := 'appended';
            o.finished := clock_timestamp();
            return next o;
            return;
        end if;
    end if;

    head := coalesce((select e.position from events e where e.log_id = p_log order by e.position desc limit 1), 0);
    chain := concat_ws(' ', p_log, o.epoch, head, p_serial - 1, '');
    since := case when starts_with(current_setting('ordermill.chain', true), chain)
                  then substr(current_setting('ordermill.chain'), length(chain) + 1)::bigint else p_serial end;

    clean := p_way < 2 and not exists (
        select from unnest(r_check[:cardinality(r_check) - case when p_since >= since then p_vouched else 0 end]) n
        left join lateral (
            select e.version, e.event_id, e.tenant_id from events e
            where e.log_id = p_log and e.stream_id = r_stream[n]
            order by e.version desc limit 1
        ) last on true
        where coalesce(last.version, 0) <> r_version[n] or coalesce(last.event_id, nil) <> r_event[n]
           or last.tenant_id <> a_tenant[r_append[n]]
    );
    if clean and p_way = 1 and a_client is not null then
        clean := not exists (
            select from generate_series(1, cardinality(a_tenant)) n
            cross join lateral (
                select from command_results k
                where k.log_id = p_log and k.tenant_id = a_tenant[n] and k.client_id = a_client[n] and k.key_hash = a_key[n] limit 1
            ) known
        );
    end if;
    if clean and p_way = 1 and c_append is not null then
        clean := not exists (
            select from generate_series(1, cardinality(c_append)) n
            cross join lateral (
                select from claims k
                where k.log_id = p_log and k.tenant_id = a_tenant[c_append[n]] and k.scope = c_scope[n] and k.value = c_value[n] limit 1
            ) taken
        );
    end if;
    if clean and d_append is not null then
        clean := not exists (
            select from unnest(d_append, d_id) as d(append, id)
            cross join lateral (
                select from decisions k
                where k.log_id = p_log and k.tenant_id = a_tenant[d.append] and k.decision_id between d.id and d.id
                order by k.decision_id limit 1 -- an order that the primary key alone has
            ) noted
        );
    end if;
    if not clean then
        return query select * from append_one_by_one(
            p_log, head, o.epoch, o.recorded,
            a_tenant, a_client, a_key, a_fingerprint, a_request, a_resource, a_status, a_headers, a_body,
            a_reads_end, a_claims_end, a_events_end, r_stream, r_version, r_event, c_scope, c_value, c_owner,
            e_stream, e_stream_type, e_version, e_id, e_type, e_schema, e_data, e_metadata, e_occurred,
            d_append, d_id, d_command, d_code, d_reason, d_actor_type, d_actor_id, d_resource, d_request, d_details);
        return;
    end if;

    insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version,
                        data, metadata, occurred_at, recorded_at)
    select p_log, head + n, a_tenant[e_append[n]], e_stream[n], e_stream_type[n], e_version[n], e_id[n], e_type[n], e_schema[n],
           e_data[n], e_metadata[n], e_occurred[n], o.recorded
    from generate_series(1, cardinality(e_append)) n;
    if a_client is not null then
        insert into command_results (log_id, tenant_id, client_id, key_hash, fingerprint, request, resource, status,
                                     headers, body, position, created_at)
        select p_log, a_tenant[n], a_client[n], a_key[n], a_fingerprint[n], a_request[n], a_resource[n], a_status[n],
               a_headers[n], a_body[n], head + a_events_end[n], o.recorded
        from generate_series(1, cardinality(a_tenant)) n
        where a_client[n] is not null;
    end if;
    if c_append is not null then
        insert into claims (log_id, tenant_id, scope, value, owner)
        select p_log, a_tenant[c_append[n]], c_scope[n], c_value[n], c_owner[n]
        from generate_series(1, cardinality(c_append)) n;
    end if;
    if d_append is not null then
        insert into decisions (log_id, tenant_id, decision_id, position, decided_at, command, code, reason, actor_type,
                               actor_id, resource, request_id, details)
        select p_log, a_tenant[d.append], d.id, head + a_events_end[d.append], o.recorded, d.command, d.code, d.reason,
               d.actor_type, d.actor_id, d.resource, d.request, d.details
        from unnest(d_append, d_id, d_command, d_code, d_reason, d_actor_type, d_actor_id, d_resource, d_request, d_details)
             as d(append, id, command, code, reason, actor_type, actor_id, resource, request, details);
    end if;
    perform set_config('ordermill.chain', concat_ws(' ', p_log, o.epoch, head + coalesce(cardinality(e_append), 0), p_serial, since), false);
    o.ordinal := 0;
    o.outcome := 'appended';
    o.position := head;
    o.version := since;
    o.finished := clock_timestamp();
    return next o;
end $$;
-- +goose StatementEnd

-- append_one_by_one is the way of a batch in which something does not hold: each append is judged on what the ones
-- before it left behind, and a refused one disturbs nobody. It runs under the lock that append_events took.
-- +goose StatementBegin
create function append_one_by_one(
    p_log int, head bigint, p_epoch bigint, p_recorded timestamptz,
    a_tenant text[], a_client text[], a_key bytea[], a_fingerprint bytea[], a_request text[], a_resource text[],
    a_status smallint[], a_headers bytea[], a_body bytea[], a_reads_end int[], a_claims_end int[], a_events_end int[],
    r_stream uuid[], r_version bigint[], r_event uuid[], c_scope text[], c_value text[], c_owner uuid[],
    e_stream uuid[], e_stream_type text[], e_version bigint[], e_id uuid[], e_type text[],
    e_schema smallint[], e_data bytea[], e_metadata bytea[], e_occurred timestamptz[],
    d_append int[], d_id uuid[], d_command text[], d_code text[], d_reason text[], d_actor_type text[], d_actor_id text[],
    d_resource text[], d_request text[], d_details bytea[]
) returns setof append_outcome
    language plpgsql volatile
    set search_path = public, pg_temp
as $$
declare
    nil     constant uuid := '00000000-0000-0000-0000-000000000000';
    r_first int;
    c_first int;
    e_first int;
    e_last  int;
    d       int;
    known   command_results;
    last    record;
    o       append_outcome;
begin
    <<appends>>
    for i in 1 .. cardinality(a_tenant) loop
        r_first := case when i = 1 then 1 else a_reads_end[i - 1] + 1 end;
        c_first := case when i = 1 then 1 else a_claims_end[i - 1] + 1 end;
        e_first := case when i = 1 then 1 else a_events_end[i - 1] + 1 end;
        e_last := a_events_end[i];
        o := null;
        o.ordinal := i; o.epoch := p_epoch; o.recorded := p_recorded;

        -- 1. The key is known: its answer stands.
        if a_client[i] is not null then
            select * into known from command_results k
            where k.log_id = p_log and k.tenant_id = a_tenant[i] and k.client_id = a_client[i] and k.key_hash = a_key[i];
            if found then
                o.outcome := case when known.fingerprint = a_fingerprint[i] then 'known' else 'reused' end;
                o.position := known.position; o.recorded := known.created_at; o.request := known.request;
                o.resource := known.resource; o.status := known.status; o.headers := known.headers; o.body := known.body;
                o.finished := clock_timestamp();
                return next o;
                continue appends;
            end if;
        end if;

        -- 2. The append is already there: it was sent before and its answer was lost.
        if e_last >= e_first then
            select e.position, e.recorded_at into last from events e
            where e.log_id = p_log and e.stream_id = e_stream[e_first] and e.version = e_version[e_first]
              and e.event_id = e_id[e_first] and e.tenant_id = a_tenant[i];
            if found then
                o.outcome := 'already';
                o.position := last.position + (e_last - e_first);
                o.recorded := last.recorded_at;
                o.finished := clock_timestamp();
                return next o;
                continue appends;
            end if;
        end if;

        d := array_position(d_append, i); -- null when there are none
        if d is not null then
            select k.position, k.decided_at into last from decisions k
            where k.log_id = p_log and k.tenant_id = a_tenant[i] and k.decision_id between d_id[d] and d_id[d]
            order by k.decision_id limit 1;
            if found then
                o.outcome := 'already';
                o.position := last.position;
                o.recorded := last.decided_at;
                o.finished := clock_timestamp();
                return next o;
                continue appends;
            end if;
        end if;

        -- 3. Every stream that it read still ends where it ended.
        for r in r_first .. a_reads_end[i] loop
            select e.version, e.event_id, e.tenant_id into last from events e
            where e.log_id = p_log and e.stream_id = r_stream[r] order by e.version desc limit 1;
            if coalesce(last.version, 0) <> r_version[r] or coalesce(last.event_id, nil) <> r_event[r]
               or last.tenant_id <> a_tenant[i] then
                o.outcome := 'conflict';
                o.stream := r_stream[r];
                if last.tenant_id = a_tenant[i] then -- another tenant's stream is not described
                    o.version := last.version; o.event := last.event_id;
                end if;
                o.finished := clock_timestamp();
                return next o;
                continue appends;
            end if;
        end loop;

        -- 4. Its claims are free.
        for c in c_first .. a_claims_end[i] loop
            select k.owner into last from claims k
            where k.log_id = p_log and k.tenant_id = a_tenant[i] and k.scope = c_scope[c] and k.value = c_value[c];
            if found then
                o.outcome := 'claimed'; o.event := last.owner; o.scope := c_scope[c]; o.value := c_value[c];
                o.finished := clock_timestamp();
                return next o;
                continue appends;
            end if;
        end loop;

        insert into events (log_id, position, tenant_id, stream_id, stream_type, version, event_id, type, schema_version,
                            data, metadata, occurred_at, recorded_at)
        select p_log, head + (n - e_first + 1), a_tenant[i], e_stream[n], e_stream_type[n], e_version[n], e_id[n], e_type[n], e_schema[n],
               e_data[n], e_metadata[n], e_occurred[n], p_recorded
        from generate_series(e_first, e_last) n;
        head := head + (e_last - e_first + 1);
        if a_client[i] is not null then
            insert into command_results (log_id, tenant_id, client_id, key_hash, fingerprint, request, resource, status,
                                         headers, body, position, created_at)
            values (p_log, a_tenant[i], a_client[i], a_key[i], a_fingerprint[i], a_request[i], a_resource[i], a_status[i],
                    a_headers[i], a_body[i], head, p_recorded);
        end if;
        insert into claims (log_id, tenant_id, scope, value, owner)
        select p_log, a_tenant[i], c_scope[n], c_value[n], c_owner[n] from generate_series(c_first, a_claims_end[i]) n;
        if d is not null then
            insert into decisions (log_id, tenant_id, decision_id, position, decided_at, command, code, reason, actor_type,
                                   actor_id, resource, request_id, details)
            values (p_log, a_tenant[i], d_id[d], head, p_recorded, d_command[d], d_code[d], d_reason[d], d_actor_type[d],
                    d_actor_id[d], d_resource[d], d_request[d], d_details[d]);
        end if;
        o.outcome := 'appended';
        o.position := head;
        o.finished := clock_timestamp();
        return next o;
    end loop;
end $$;
-- +goose StatementEnd

-- lock_log takes the write lane for the transaction that calls it, for decisions that must not lose again. A role
-- that may not update logs could not lock its row otherwise.
-- +goose StatementBegin
create function lock_log(p_log int, out epoch bigint) returns bigint
    language sql volatile security definer
    set search_path = public, pg_temp
as $$ select l.epoch from logs l where l.log_id = p_log for no key update $$;
-- +goose StatementEnd

-- destroy_person_key destroys one subject's key for ever, also when it has none yet, so that none is ever made. Roles may
-- add keys and not change them: what is destroyed cannot come back. It works on the tenant that its transaction names.
-- The answer says whether there was a key to destroy.
-- +goose StatementBegin
create function destroy_person_key(p_tenant text, p_subject text) returns boolean
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
begin
    if coalesce(p_tenant, '') = '' or p_tenant is distinct from current_setting('ordermill.tenant', true) then
        raise exception 'the transaction does not name tenant %', coalesce(quote_literal(p_tenant), 'null') using errcode = 'insufficient_privilege';
    end if;
    if coalesce(p_subject, '') = '' then
        raise exception 'a subject is needed' using errcode = 'invalid_parameter_value';
    end if;
    insert into person_keys (tenant_id, subject, destroyed_at) values (p_tenant, p_subject, now())
    on conflict (tenant_id, subject) do nothing;
    if found then
        return false;
    end if;
    update person_keys k set wrapped = null, destroyed_at = now()
    where k.tenant_id = p_tenant and k.subject = p_subject and k.wrapped is not null;
    return found;
end $$;
-- +goose StatementEnd

-- drop_answers drops the bodies that are stored under some keys of the tenant that its transaction names. The rows stay:
-- a key that was used stays used.
-- +goose StatementBegin
create function drop_answers(p_log int, p_tenant text, p_clients text[], p_keys bytea[]) returns bigint
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
declare
    dropped bigint;
begin
    if coalesce(p_tenant, '') = '' or p_tenant is distinct from current_setting('ordermill.tenant', true) then
        raise exception 'the transaction does not name tenant %', coalesce(quote_literal(p_tenant), 'null') using errcode = 'insufficient_privilege';
    end if;
    with wanted as (
        select k.client_id, k.key_hash from unnest(p_clients, p_keys) as w(client, key)
        cross join lateral (
            select r.client_id, r.key_hash from command_results r
            where r.log_id = p_log and r.tenant_id = p_tenant and r.client_id = w.client and r.key_hash = w.key limit 1
        ) k
        order by k.client_id, k.key_hash
    )
    update command_results r set body = null from wanted w
    where r.log_id = p_log and r.tenant_id = p_tenant and r.client_id = w.client_id and r.key_hash = w.key_hash
      and r.body is not null;
    get diagnostics dropped = row_count;
    return dropped;
end $$;
-- +goose StatementEnd

-- delete_decisions deletes decisions of a log from before a time, oldest first in each tenant, at most so many. Roles have
-- no other way: nobody deletes one that was not wanted.
-- +goose StatementBegin
create function delete_decisions(p_log int, p_before timestamptz, p_limit int) returns bigint
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
declare
    tenant  text;
    part    bigint;
    deleted bigint := 0;
begin
    loop
        -- From tenant to tenant along the index, however many decisions each has.
        select k.tenant_id into tenant from decisions k
        where k.log_id = p_log and k.tenant_id > coalesce(tenant, '')
        order by k.log_id, k.tenant_id limit 1;
        exit when not found or deleted >= p_limit;
        delete from decisions k
        where k.ctid = any (array( -- runs once; joined, it could run again for each row and find further ones
            select o.ctid from decisions o
            where o.log_id = p_log and o.tenant_id = tenant and o.decided_at < p_before
            order by o.decided_at, o.decision_id limit p_limit - deleted
            for update skip locked
        ));
        get diagnostics part = row_count;
        deleted := deleted + part;
    end loop;
    return deleted;
end $$;
-- +goose StatementEnd

revoke all on function append_events, append_one_by_one, lock_log, destroy_person_key, drop_answers, delete_decisions from public;
grant execute on function append_events, lock_log, destroy_person_key, drop_answers, delete_decisions to ordermill_write;
grant execute on function delete_decisions to ordermill_project;
grant select on logs, events, claims, events_readable, decisions to ordermill_write, ordermill_project;
grant select on command_results to ordermill_write;
grant select, insert on person_keys to ordermill_write;
grant select, insert, update, delete on snapshots to ordermill_write;
grant select on snapshots to ordermill_project;
grant select on logs, person_keys, decisions, snapshots to ordermill_read;
