create table {stock_locations} (
    tenant_id       text   collate "C" not null,
    location_id     text   collate "C" not null,
    sku             text   collate "C" not null,
    on_hand         bigint not null,
    reserved        bigint not null,
    committed       bigint not null,
    incoming        bigint not null,
    damaged         bigint not null,
    quality_control bigint not null,
    safety_stock    bigint not null
) with (fillfactor = 70)
