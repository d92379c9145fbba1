create table {stock} (
    tenant_id        text        collate "C" not null,
    sku              text        collate "C" not null,
    backordered      bigint      not null,
    backorder_policy text        collate "C" not null,
    backorder_limit  bigint      not null,
    untracked        boolean     not null,
    version          bigint      not null,
    position         bigint      not null,
    updated_at       timestamptz not null
) with (fillfactor = 70)
