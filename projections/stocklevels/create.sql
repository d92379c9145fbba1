create table {table} (
    tenant_id       text        collate "C" not null,
    sku             text        collate "C" not null,
    location_id     text        collate "C" not null,
    on_hand         bigint      not null,
    reserved        bigint      not null,
    committed       bigint      not null,
    incoming        bigint      not null,
    damaged         bigint      not null,
    quality_control bigint      not null,
    safety_stock    bigint      not null,
    version         bigint      not null,
    position        bigint      not null,
    updated_at      timestamptz not null
) with (fillfactor = 70)
