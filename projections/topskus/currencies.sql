with recursive known (currency) as (
    select min(t.currency) from {table} as t where t.tenant_id = $1 and t.span = $2
    union all
    select (select min(t.currency) from {table} as t where t.tenant_id = $1 and t.span = $2 and t.currency > k.currency)
    from known as k
    where k.currency is not null
)
select currency from known where currency is not null
