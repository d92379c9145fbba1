-- +goose Up

-- note_decisions adds decisions to the decision log that no append carries, such as that a call was denied. It takes no
-- lock of the log: nobody who appends waits for it, and the position is the last one that it sees. One that is there
-- already stays as it is, so that they may be sent again.
-- It locks nothing that exists; the previous release does not call it.
-- +goose StatementBegin
create function note_decisions(
    p_log int, d_tenant text[], d_id uuid[], d_command text[], d_code text[], d_reason text[], d_actor_type text[], d_actor_id text[],
    d_resource text[], d_request text[], d_details bytea[]
) returns void
    language sql volatile security definer
    set search_path = public, pg_temp
as $$
    insert into decisions (log_id, tenant_id, decision_id, position, decided_at, command, code, reason, actor_type, actor_id,
                           resource, request_id, details)
    select p_log, d.tenant, d.id, coalesce((select e.position from events e where e.log_id = p_log order by e.position desc limit 1), 0),
           clock_timestamp(), d.command, d.code, d.reason, d.actor_type, d.actor_id, d.resource, d.request, d.details
    from unnest(d_tenant, d_id, d_command, d_code, d_reason, d_actor_type, d_actor_id, d_resource, d_request, d_details)
         as d(tenant, id, command, code, reason, actor_type, actor_id, resource, request, details)
    on conflict do nothing
$$;
-- +goose StatementEnd

revoke all on function note_decisions from public;
grant execute on function note_decisions to ordermill_write, ordermill_project;
