-- +goose Up

-- drop_unused_key takes back a key that was made for a stream which then never began, as when the command was refused.
-- The caller answers for it that nothing of the stream is on its way any more. A key that is destroyed stays so.
-- +goose StatementBegin
create function drop_unused_key(p_tenant text, p_subject text, p_stream uuid) returns boolean
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
begin
    if coalesce(p_tenant, '') = '' or p_tenant is distinct from current_setting('ordermill.tenant', true) then
        raise exception 'the transaction does not name tenant %', coalesce(quote_literal(p_tenant), 'null') using errcode = 'insufficient_privilege';
    end if;
    delete from person_keys k
    where k.tenant_id = p_tenant and k.subject = p_subject and k.destroyed_at is null and not exists (
        select from logs l cross join lateral (
            select from events e where e.log_id = l.log_id and e.stream_id = p_stream limit 1
        ) begun
    );
    return found;
end $$;
-- +goose StatementEnd
revoke all on function drop_unused_key from public;
grant execute on function drop_unused_key to ordermill_write;

-- +goose Down
drop function drop_unused_key;
