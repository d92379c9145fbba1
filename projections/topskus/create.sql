create table {table} (
    tenant_id    text        collate "C" not null,
    span         smallint    not null,
    currency     text        collate "C" not null,
    bucket_start timestamptz not null,
    sku          text        collate "C" not null,
    units        numeric     not null,
    net          numeric     not null
) with (fillfactor = 90)
