create table {metrics_series} (
    tenant_id text collate "C" not null,
    currency  text collate "C" not null,
    channel   text collate "C" not null
)
