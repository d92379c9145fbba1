package eventstore

import (
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// The application's role destroys a key with the function for it and in no other way, and nobody brings it back.
func TestVault_destroyAsApplication(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	pool, owner := poolAs(t, url, "ordermill_write"), pgtest.PoolOf(t, url)
	v, err := NewVault(pool, VaultConfig{MasterKeys: []MasterKey{{ID: "one", Key: [32]byte{1}}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []person{{"a", "ada"}, {"a", "bob"}, {"b", "ada"}} {
		if _, err := v.Seal(t.Context(), p.tenant, p.subject, uuid.Nil, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Destroy(t.Context(), "a", "ada"); err != nil {
		t.Fatal(err)
	}
	if err := v.Destroy(t.Context(), "a", "never there"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []person{{"", "ada"}, {"b", ""}, {"b", "\x00"}} {
		if err := v.Destroy(t.Context(), bad.tenant, bad.subject); err == nil {
			t.Errorf("Destroy(%q, %q) = nil; want an error", bad.tenant, bad.subject)
		}
	}
	if _, err := pool.Exec(t.Context(), addKeysSQL, []string{"a"}, []string{"ada"}, [][]byte{{1}}); err != nil {
		t.Errorf("adding the key again: %v; want it passed over", err)
	}
	rows, err := owner.Query(t.Context(), "select tenant_id, subject from person_keys where wrapped is null and destroyed_at is not null order by subject")
	if err != nil {
		t.Fatal(err)
	}
	destroyed, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p person, err error) { return p, row.Scan(&p.tenant, &p.subject) })
	if err != nil || len(destroyed) != 2 || destroyed[0] != (person{"a", "ada"}) || destroyed[1] != (person{"a", "never there"}) {
		t.Errorf("destroyed = %v, %v; want two of tenant a", destroyed, err)
	}
	if n := countRows(t, owner, "select count(*) from person_keys where wrapped is not null and destroyed_at is null"); n != 2 {
		t.Errorf("%d keys are left; want 2", n)
	}
	for _, statement := range []string{
		"update person_keys set wrapped = null", "delete from person_keys", "truncate person_keys",
		"select destroy_person_key('a', 'bob')", // the transaction names no tenant
		"select destroy_person_key(null, 'bob')",
	} {
		if _, err := pool.Exec(t.Context(), statement); !denied(err) {
			t.Errorf("%s: %v; want permission denied", statement, err)
		}
	}
	err = asTenant(t.Context(), pool, "b", func(batch *pgx.Batch) { batch.Queue(destroySQL, "a", "bob") })
	if !denied(err) {
		t.Errorf("another tenant's key: %v; want permission denied", err)
	}
	for _, role := range []string{"ordermill_read", "ordermill_project"} {
		err := asTenant(t.Context(), poolAs(t, url, role), "a", func(batch *pgx.Batch) { batch.Queue(destroySQL, "a", "bob") })
		if !denied(err) {
			t.Errorf("%s destroys: %v; want permission denied", role, err)
		}
	}
}

// countRows runs a query for one number.
func countRows(t *testing.T, db queryer, sql string, args ...any) (n int) {
	t.Helper()
	rows, err := db.Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	if n, err = pgx.CollectExactlyOneRow(rows, pgx.RowTo[int]); err != nil {
		t.Fatal(err)
	}
	return n
}

// Answers of a person who is erased lose their bodies; their keys stay used, and other answers whole.
func TestDropAnswers(t *testing.T) {
	t.Parallel()

	s := openStore(t, poolAs(t, pgtest.New(t), "ordermill_write"), Config{})
	gone, kept, foreign := keyed(uuid.New(), "gone", "person"), keyed(uuid.New(), "kept", "person"), keyed(uuid.New(), "gone", "person")
	foreign.Tenant = "b"
	for _, a := range []Append{gone, kept, foreign} {
		mustAppend(t, s, a)
	}
	keys := []Key{*gone.Key, {Client: "c", Hash: hash("never used")}, {Client: "other", Hash: kept.Key.Hash}}
	for _, want := range []int{1, 0} {
		if n, err := s.DropAnswers(t.Context(), "a", keys); err != nil || n != want {
			t.Errorf("DropAnswers = %d, %v; want %d", n, err, want)
		}
	}
	for name, tt := range map[string]struct {
		a    Append
		body string
	}{"gone": {gone, ""}, "kept": {kept, "person"}, "another tenant's": {foreign, "person"}} {
		r, known, err := s.Known(t.Context(), tt.a.Tenant, *tt.a.Key)
		if err != nil || !known || string(r.Answer.Body) != tt.body || r.Answer.Resource != tt.a.Answer.Resource {
			t.Errorf("%s: Known = %+v, %v, %v; want body %q", name, r, known, err, tt.body)
		}
		if again := mustAppend(t, s, tt.a); !again.Known || string(again.Answer.Body) != tt.body || (again.Answer.Body == nil) != (tt.body == "") {
			t.Errorf("%s: Append again = %+v; want the same", name, again)
		}
	}
	other := *gone.Key
	other.Fingerprint = hash("another request")
	if _, _, err := s.Known(t.Context(), "a", other); !errors.Is(err, ErrKeyReused) {
		t.Errorf("another request under the key: %v; want ErrKeyReused", err)
	}
	if _, err := s.pool.Exec(t.Context(), "select drop_answers(1, 'a', array['c'], array[$1::bytea])", kept.Key.Hash[:]); !denied(err) {
		t.Errorf("without a tenant in the transaction: %v; want permission denied", err)
	}
}
