// Places an order and reads it back, by types that a foreign generator has made of api/openapi.yaml. It stands for every
// program that is written against the contract: what it needs must be there and compile.
import createClient from "openapi-fetch";
import type { components, paths } from "./contract.d.ts";

type Order = components["schemas"]["Order"];
type NewOrder = components["schemas"]["NewOrder"];

// place returns the same type for an order that was placed and for one that would be.
export async function place(baseUrl: string, token: string, order: NewOrder, prefer?: string): Promise<Order> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const header = { "Idempotency-Key": crypto.randomUUID(), ...(prefer ? { Prefer: prefer } : {}) };
  const { data, error } = await client.POST("/v1/orders", { params: { header }, body: order });
  if (!data) throw new Error(`${error.code}: ${error.detail ?? error.title}`);
  return data;
}

export async function read(baseUrl: string, token: string, id: string): Promise<Order> {
  const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${token}` } });
  const { data, error } = await client.GET("/v1/orders/{id}", { params: { path: { id } } });
  if (!data) throw new Error(`${error.code}: ${error.detail ?? error.title}`);
  return data;
}

// What may be left out is optional: neither channel nor draft is here.
const order: NewOrder = { currency: "EUR", lines: [{ sku: "MUG-ENAMEL-BLUE", quantity: 1 }] };

export async function run(writeUrl: string, readUrl: string, token: string): Promise<string> {
  const would = await place(writeUrl, token, order, "dry-run");
  const placed = await place(writeUrl, token, order);
  const found = await read(readUrl, token, placed.id);
  return `${would.dry_run?.events.length} events planned; placed ${found.order_number} for ${found.totals.total.amount}`;
}
