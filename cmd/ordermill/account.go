package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// accountSQL lists what the account of this session may do beyond what any role of the program needs, by itself or by any
// role that it could take on.
const accountSQL = `
with own as (select oid, rolname from pg_roles where rolname = session_user),
reachable as (select r.* from pg_roles r, own where pg_has_role(own.oid, r.oid, 'member')),
kept as (
    select c.oid, c.relname, c.relowner from pg_class c
    where c.oid = any (array['events', 'logs', 'claims', 'command_results', 'decisions', 'person_keys']::regclass[])
),
excess (position, what) as (
    select 1, 'is a superuser' from reachable where rolsuper
    union select 2, 'bypasses row-level security (BYPASSRLS)' from reachable where rolbypassrls
    union select 3, 'may create roles (CREATEROLE)' from reachable where rolcreaterole
    union select 4, 'may replicate the whole server (REPLICATION)' from reachable where rolreplication
    union select 5, 'has the rights of ' || rolname from reachable
        where rolname in ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_write_all_data')
    union select 6, 'owns the database' from reachable r, pg_database d where d.datname = current_database() and d.datdba = r.oid
    union select 7, 'owns the schema public' from reachable r, pg_namespace n where n.nspname = 'public' and n.nspowner = r.oid
    union select 8, 'owns the tables' from reachable r, kept where kept.relowner = r.oid
    union select 9, 'may create objects in the schema public' from reachable r where has_schema_privilege(r.oid, 'public', 'create')
    union select 10, 'has ' || right_name || ' on ' || relname
        from reachable r, kept, unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) as right_name
        where not (relname = 'person_keys' and right_name = 'INSERT')
          and (has_table_privilege(r.oid, kept.oid, right_name)
               or right_name in ('INSERT', 'UPDATE') and has_any_column_privilege(r.oid, kept.oid, right_name))
)
select (select rolname from own), coalesce(array_agg(what order by position, what), '{}') from excess`

// checkAccount refuses a database account that may do what no role of the program needs: whoever takes the program over
// could change the past, or see another shop's data. Who is a superuser may all the rest, too, so that this alone is said.
func checkAccount(ctx context.Context, pool *pgxpool.Pool) error {
	var account string
	var excess []string
	if err := pool.QueryRow(ctx, accountSQL).Scan(&account, &excess); err != nil {
		return fmt.Errorf("check the database account: %w", err)
	}
	if len(excess) == 0 {
		return nil
	}
	if excess[0] == "is a superuser" {
		excess = excess[:1]
	}
	return fmt.Errorf("the database account %s %s, so that a fault of this program could change stored events or show one shop's data to another; "+
		"create another account (create user app password '…' in role %s, %s, %s) and name it in %sDATABASE_URL, or set %sALLOW_UNSAFE_ROLE=true",
		account, strings.Join(excess, ", "), writeRole, projectRole, readRole, prefix, prefix)
}
