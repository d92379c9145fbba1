-- +goose Up

-- A log's past: who appends says which, who remembers can ask, and an operator can say that the past is what a restore has
-- left. The functions take no lock that outlasts a statement; replacing append_events waits for appends under way.

-- A call of the previous release, without the last three parameters, is one of the new function.
drop function append_events(
    int, smallint, bigint, bigint, int, text[], text[], bytea[], bytea[], text[], text[], smallint[], bytea[], bytea[], int[], int[], int[],
    int[], uuid[], bigint[], uuid[], int[], int[], text[], text[], uuid[], int[], uuid[], text[], bigint[], uuid[], text[], smallint[], bytea[], bytea[], timestamptz[],
    int[], uuid[], text[], text[], text[], text[], text[], text[], text[], bytea[]
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
-- with nobody's events in between, all of them accepted whole; a log that ends with the event that it ended with then is
-- the same log.
--
-- p_epoch, p_known and p_event are a place that the caller has seen in the log: in that epoch, at that position, that event.
-- A log that does not have it has another past than the caller: it was restored, has lost its last events or was recovered
-- meanwhile. Then nothing is stored, with SQLSTATE OM001. A caller that has seen no event gives position 0, and one that
-- gives no epoch is not asked.
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
    d_resource text[] default null, d_request text[] default null, d_details bytea[] default null,
    p_epoch bigint default null, p_known bigint default null, p_event uuid default null
) returns setof append_outcome
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
declare
    nil   constant uuid := '00000000-0000-0000-0000-000000000000';
    chain text;
    since bigint;
    head  bigint;
    last  uuid;
    clean boolean;
    o     append_outcome;
begin
    -- The lock comes first and alone: only statements that begin after it see what the previous holder committed.
    select l.epoch into o.epoch from logs l where l.log_id = p_log for no key update;
    if not found then
        raise exception 'log % does not exist', p_log using errcode = 'no_data_found';
    end if;
    o.recorded := clock_timestamp();
    if p_epoch <> o.epoch or p_known > 0 and not exists (
        select from events e where e.log_id = p_log and e.position = p_known and e.event_id = p_event
    ) then
        raise exception 'log % does not have event % at position % of epoch %', p_log, p_event, p_known, p_epoch using errcode = 'OM001';
    end if;

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

    select e.position, e.event_id into head, last from events e where e.log_id = p_log order by e.position desc limit 1;
    head := coalesce(head, 0);
    chain := concat_ws(' ', p_log, o.epoch, head, coalesce(last, nil), p_serial - 1, '');
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
    perform set_config('ordermill.chain', concat_ws(' ', p_log, o.epoch, head + coalesce(cardinality(e_append), 0),
        coalesce(e_id[cardinality(e_id)], last, nil), p_serial, since), false);
    o.ordinal := 0;
    o.outcome := 'appended';
    o.position := head;
    o.version := since;
    o.finished := clock_timestamp();
    return next o;
end $$;
-- +goose StatementEnd


-- log_has says whether a log has an event at a position, to whoever knows its id and may not see all events. Every log
-- has what is before the first event.
-- +goose StatementBegin
create function log_has(p_log int, p_position bigint, p_event uuid) returns boolean
    language sql stable security definer
    set search_path = public, pg_temp
as $$ select p_position = 0 or exists (select from events e where e.log_id = p_log and e.position = p_position and e.event_id = p_event) $$;
-- +goose StatementEnd

-- recover_log says that a log's past is what it has now. The epoch rises to the second in which that is said, so that no
-- two pasts share one, whichever backup comes back next: what was remembered or given out before is of another epoch. Answers,
-- decisions and claims that name what the log has lost go with it: a key that was used in the lost past only is free.
-- +goose StatementBegin
create function recover_log(p_log int, p_least bigint, out epoch bigint, out head bigint, out answers bigint, out decided bigint, out claimed bigint)
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
begin
    update logs l set epoch = greatest(l.epoch + 1, p_least + 1, extract(epoch from clock_timestamp())::bigint)
    where l.log_id = p_log returning l.epoch into epoch;
    if not found then
        raise exception 'log % does not exist', p_log using errcode = 'no_data_found';
    end if;
    head := coalesce((select e.position from events e where e.log_id = p_log order by e.position desc limit 1), 0);
    delete from command_results k where k.log_id = p_log and k.position > head;
    get diagnostics answers = row_count;
    delete from decisions k where k.log_id = p_log and k.position > head;
    get diagnostics decided = row_count;
    delete from claims k where k.log_id = p_log and not exists (select from events e where e.log_id = p_log and e.stream_id = k.owner);
    get diagnostics claimed = row_count;
    delete from snapshots k where k.log_id = p_log
        and not exists (select from events e where e.log_id = p_log and e.stream_id = k.stream_id and e.version = k.version and e.event_id = k.event_id);
end $$;
-- +goose StatementEnd

revoke all on function append_events, log_has, recover_log from public;
grant execute on function append_events to ordermill_write;
grant execute on function log_has to ordermill_write, ordermill_project, ordermill_read;
grant execute on function recover_log to ordermill_project;
