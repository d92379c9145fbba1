insert into {metrics_series} (tenant_id, currency, channel)
select distinct tenant_id, currency, channel
from unnest($1::text[], $2::text[], $3::text[]) as f (tenant_id, currency, channel)
on conflict (tenant_id, currency, channel) do nothing
