-- +goose Up

-- An erasure and the end of the person's key are one fact: the transaction that records the one does the other. The event
-- is customer.erased; its data names the key. A person who never had one gets the row of a destroyed one, so that none is
-- ever made. Adding a trigger waits for appends that are running.
-- +goose StatementBegin
create function destroy_erased_key() returns trigger
    language plpgsql volatile security definer
    set search_path = public, pg_temp
as $$
declare
    erased constant jsonb := convert_from(new.data, 'UTF8');
    dead   constant text  := coalesce(nullif(erased ->> 'key_id', ''), 'customer:' || (erased ->> 'customer_id'));
begin
    insert into person_keys as k (tenant_id, subject, destroyed_at) values (new.tenant_id, dead, now())
    on conflict (tenant_id, subject) do update set wrapped = null, destroyed_at = now() where k.wrapped is not null;
    return null;
end $$;
-- +goose StatementEnd
revoke all on function destroy_erased_key from public;

create trigger erased after insert on events
    for each row when (new.type = 'customer.erased.v1') execute function destroy_erased_key();

-- Erasures of earlier builds, whose second step may be missing. One look through all events.
insert into person_keys as k (tenant_id, subject, destroyed_at)
select e.tenant_id, coalesce(nullif(d.data ->> 'key_id', ''), 'customer:' || (d.data ->> 'customer_id')), now()
from events e cross join lateral (select convert_from(e.data, 'UTF8')::jsonb as data) d
where e.type = 'customer.erased.v1'
on conflict (tenant_id, subject) do update set wrapped = null, destroyed_at = now() where k.wrapped is not null;

-- +goose Down
drop trigger erased on events;
drop function destroy_erased_key;
