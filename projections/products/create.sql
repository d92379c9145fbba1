create table {table} (
    tenant_id         text        collate "C" not null,
    sku               text        collate "C" not null,
    name              text        collate "C" not null,
    prices            json        not null,
    tax_class         text        collate "C" not null,
    requires_shipping boolean     not null,
    sellable          boolean     not null,
    weight_grams      bigint      not null,
    channels          text[]      collate "C" not null,
    listed_at         timestamptz not null,
    updated_at        timestamptz not null,
    version           bigint      not null,
    position          bigint      not null
)
