-- +goose Up

-- The master keys that have wrapped keys of personal data, by what tells two with one id apart: a value that follows from
-- the key and tells nothing of it. A process with another key of the same id is refused at its start.
-- It locks nothing that exists; the previous release works on it and leaves it empty.
create table master_keys (
    key_id      text        not null primary key check (key_id <> ''),
    check_value bytea       not null check (length(check_value) = 32),
    created_at  timestamptz not null default now()
);
comment on table master_keys is 'Insert and select only. A key that is known stays known.';

-- wrapped_by returns one key of personal data, as it is stored, that begins with the header of a master key: whether
-- there is any, and one to try a master key on.
-- +goose StatementBegin
create function wrapped_by(p_header bytea, out tenant_id text, out subject text, out wrapped bytea) returns setof record
    language sql stable security definer
    set search_path = public, pg_temp
as $$
    select k.tenant_id, k.subject, k.wrapped from person_keys k
    where substring(k.wrapped from 1 for length(p_header)) = p_header limit 1
$$;
-- +goose StatementEnd

revoke all on function wrapped_by from public;
grant execute on function wrapped_by to ordermill_write, ordermill_project;
grant select on master_keys to ordermill_write, ordermill_project, ordermill_read;
grant insert on master_keys to ordermill_write;
