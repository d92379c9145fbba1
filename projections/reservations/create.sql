create table {table} (
    tenant_id      text        collate "C" not null,
    reservation_id uuid        not null,
    status         text        collate "C" not null,
    customer_id    text        collate "C" not null,
    reference      text        collate "C" not null,
    lines          json        not null,
    expires_at     timestamptz not null,
    order_id       uuid,
    reason         text        collate "C" not null,
    made_at        timestamptz not null,
    updated_at     timestamptz not null,
    version        bigint      not null,
    position       bigint      not null
) with (fillfactor = 80)
