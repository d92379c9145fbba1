-- +goose Up

-- The read host looks names up too, as the tenant that its transaction names. Enabling row level security waits for
-- appends that are running.
alter table claims enable row level security;
create policy tenant on claims for select to ordermill_read using (tenant_id = current_setting('ordermill.tenant', true));
create policy project on claims for select to ordermill_project using (true);
create policy write on claims for select to ordermill_write using (true);
grant select on claims to ordermill_read;

-- +goose Down
revoke select on claims from ordermill_read;
drop policy tenant on claims;
drop policy project on claims;
drop policy write on claims;
alter table claims disable row level security;
