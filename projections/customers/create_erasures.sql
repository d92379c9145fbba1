create table {erasures} (
    tenant_id   text        collate "C" not null,
    customer_id text        collate "C" not null,
    erased_at   timestamptz not null,
    position    bigint      not null
)
