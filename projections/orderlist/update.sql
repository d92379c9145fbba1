update {table} as t
set status = f.status, payment_status = f.payment_status, fulfillment_status = f.fulfillment_status,
    return_status = f.return_status, released = f.released, credited = f.credited, amount_due = f.amount_due,
    amount_owed = f.amount_owed, units_canceled = f.units_canceled, units_to_ship = f.units_to_ship,
    units_delivered = f.units_delivered, units_returned = f.units_returned, payments = f.payments::json,
    confirmed_at = f.confirmed_at, completed_at = f.completed_at, canceled_at = f.canceled_at,
    expires_at = f.expires_at, updated_at = f.updated_at, version = f.version, position = f.position
from unnest(
    $1::text[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
    $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::text[], $16::timestamptz[],
    $17::timestamptz[], $18::timestamptz[], $19::timestamptz[], $20::timestamptz[], $21::bigint[], $22::bigint[]
) as f (
    tenant_id, order_id, status, payment_status, fulfillment_status, return_status, released, credited, amount_due,
    amount_owed, units_canceled, units_to_ship, units_delivered, units_returned, payments, confirmed_at, completed_at,
    canceled_at, expires_at, updated_at, version, position)
where t.tenant_id = f.tenant_id and t.order_id = f.order_id
