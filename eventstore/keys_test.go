package eventstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

func masterKey(id string, fill byte) eventstore.MasterKey {
	return eventstore.MasterKey{ID: id, Key: [32]byte(bytes.Repeat([]byte{fill}, 32))}
}

func newVault(t *testing.T, pool *pgxpool.Pool, masters ...eventstore.MasterKey) *eventstore.Vault {
	t.Helper()
	v, err := eventstore.NewVault(pool, eventstore.VaultConfig{MasterKeys: masters})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func seal(t *testing.T, v *eventstore.Vault, tenant, subject string, id uuid.UUID, plain string) json.RawMessage {
	t.Helper()
	sealed, err := v.Seal(t.Context(), tenant, subject, id, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

func TestVault_opensWhatItSealed(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	v := newVault(t, pool, masterKey("one", 1))
	id := uuid.New()
	const plain = `{"email":"ada@example.org"}`
	for _, subject := range []string{"customer-1", `odd "subject" <é>`} {
		sealed := seal(t, v, "demo", subject, id, plain)
		if !json.Valid(sealed) || bytes.Contains(sealed, []byte("ada")) {
			t.Errorf("envelope %s; want JSON without the plain text", sealed)
		}
		if twin := seal(t, v, "demo", subject, id, plain); bytes.Equal(twin, sealed) {
			t.Error("two envelopes of the same text are equal: the nonce was used twice")
		}
		for name, by := range map[string]*eventstore.Vault{"itself": v, "a restarted process": newVault(t, pool, masterKey("one", 1))} {
			if got, err := by.Open(t.Context(), "demo", sealed, id); err != nil || string(got) != plain {
				t.Errorf("%s opens %s of %s as %q, %v; want %q", name, sealed, subject, got, err, plain)
			}
		}
	}
	if got, err := v.Open(t.Context(), "demo", seal(t, v, "demo", "empty", id, ""), id); err != nil || len(got) != 0 {
		t.Errorf("empty text opens as %q, %v", got, err)
	}
}

// An envelope opens for the tenant, the subject and the id that it was sealed for, and unchanged.
func TestVault_tampered(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	v := newVault(t, pool, masterKey("one", 1))
	id := uuid.New()
	sealed := seal(t, v, "demo", "customer-1", id, "secret")
	seal(t, v, "demo", "customer-2", id, "other")
	seal(t, v, "rival", "customer-1", id, "other")
	with := func(old, replacement string) string {
		changed := strings.Replace(string(sealed), old, replacement, 1)
		if changed == string(sealed) {
			t.Fatalf("%s has no %s", sealed, old)
		}
		return changed
	}
	ct := string(sealed[strings.Index(string(sealed), `"ct":"`)+6:])
	flipped := map[byte]string{'A': "B"}[ct[10]]
	if flipped == "" {
		flipped = "A"
	}
	for name, tt := range map[string]struct {
		tenant, sealed string
		id             uuid.UUID
	}{
		"another id":                {"demo", string(sealed), uuid.New()},
		"another tenant's customer": {"rival", string(sealed), id},
		"a tenant without that key": {"stranger", string(sealed), id},
		"another customer":          {"demo", with("customer-1", "customer-2"), id},
		"an unknown customer":       {"demo", with("customer-1", "customer-9"), id},
		"another algorithm":         {"demo", with("A256GCM", "none"), id},
		"a flipped bit":             {"demo", with(ct[:11], ct[:10]+flipped), id},
		"cut off":                   {"demo", with(ct, `AAAA"}`), id},
		"a zero byte in its key":    {"demo", with("customer-1", `\u0000`), id},
		"no JSON":                   {"demo", "secret", id},
		"null":                      {"demo", "null", id},
		"another shape":             {"demo", `{"ct":7}`, id},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			if got, err := v.Open(t.Context(), tt.tenant, []byte(tt.sealed), tt.id); !errors.Is(err, eventstore.ErrCannotOpen) {
				t.Errorf("Open = %q, %v; want ErrCannotOpen", got, err)
			}
		})
	}
}

func TestVault_Destroy(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	clock := new(atomic.Int64)
	other, err := eventstore.NewVault(pool, eventstore.VaultConfig{
		MasterKeys: []eventstore.MasterKey{masterKey("one", 1)}, CacheFor: time.Minute, Now: func() time.Time { return time.Unix(clock.Load(), 0) },
	})
	if err != nil {
		t.Fatal(err)
	}
	v := newVault(t, pool, masterKey("one", 1))
	id := uuid.New()
	sealed, kept := seal(t, v, "demo", "gone", id, "secret"), seal(t, v, "demo", "stays", id, "secret")
	seal(t, v, "rival", "gone", id, "secret")
	if _, err := other.Open(t.Context(), "demo", sealed, id); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"gone", "gone", "never there"} {
		if err := v.Destroy(t.Context(), "demo", subject); err != nil {
			t.Fatal(err)
		}
	}
	clock.Store(61) // the other process's copy has expired
	for name, by := range map[string]*eventstore.Vault{"itself": v, "a process that had the key": other} {
		if _, err := by.Open(t.Context(), "demo", sealed, id); !errors.Is(err, eventstore.ErrErased) {
			t.Errorf("%s: Open = %v; want ErrErased", name, err)
		}
		for _, subject := range []string{"gone", "never there"} {
			if _, err := by.Seal(t.Context(), "demo", subject, id, []byte("more")); !errors.Is(err, eventstore.ErrErased) {
				t.Errorf("%s: Seal for %q = %v; want ErrErased", name, subject, err)
			}
		}
		if _, err := by.Open(t.Context(), "demo", kept, id); err != nil {
			t.Errorf("%s: Open of another's = %v", name, err)
		}
	}
	var destroyed int
	err = pool.QueryRow(t.Context(), "select count(*) from person_keys where wrapped is null").Scan(&destroyed)
	if err != nil || destroyed != 2 {
		t.Errorf("%d rows are destroyed, %v; want 2", destroyed, err)
	}
}

func TestVault_masterKeys(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	old, current := masterKey("2025", 1), masterKey("2026", 2)
	id := uuid.New()
	sealed := seal(t, newVault(t, pool, old), "demo", "c", id, "secret")
	rotated := newVault(t, pool, current, old)
	if got, err := rotated.Open(t.Context(), "demo", sealed, id); err != nil || string(got) != "secret" {
		t.Errorf("after rotation Open = %q, %v; want the text", got, err)
	}
	newer := seal(t, rotated, "demo", "d", id, "later")
	if got, err := newVault(t, pool, current).Open(t.Context(), "demo", newer, id); err != nil || string(got) != "later" {
		t.Errorf("with the new master key alone Open = %q, %v; want the text", got, err)
	}
	for want, v := range map[string]*eventstore.Vault{
		`master key "2025", which is not configured`: newVault(t, pool, current),
		`master key "2025" does not unwrap its key`:  newVault(t, pool, masterKey("2025", 9)),
	} {
		for what, do := range map[string]func() error{
			"Open": func() error { _, err := v.Open(t.Context(), "demo", sealed, id); return err },
			"Seal": func() error { _, err := v.Seal(t.Context(), "demo", "c", id, nil); return err },
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), want) || errors.Is(err, eventstore.ErrErased) {
				t.Errorf("%s = %v; want %q in it", what, err, want)
			}
		}
	}
	if printed := fmt.Sprintf("%v %+v %#v", old, old, old); strings.Contains(printed, "1, 1") || strings.Contains(printed, "1 1") || strings.Contains(printed, "0x1") {
		t.Errorf("a master key prints as %s; want its id only", printed)
	}
}

func TestNewVault_refuses(t *testing.T) {
	t.Parallel()

	for name, keys := range map[string][]eventstore.MasterKey{
		"no key": nil, "no id": {masterKey("", 1)}, "a long id": {masterKey(strings.Repeat("x", 65), 1)},
		"zeros": {masterKey("a", 0)}, "one id twice": {masterKey("a", 1), masterKey("a", 2)},
	} {
		if _, err := eventstore.NewVault(nil, eventstore.VaultConfig{MasterKeys: keys}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// Two processes that seal for the same new subjects at once end up with the same keys.
func TestVault_concurrentFirstUse(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	vaults := []*eventstore.Vault{newVault(t, pgtest.PoolOf(t, url), masterKey("one", 1)), newVault(t, pgtest.PoolOf(t, url), masterKey("one", 1))}
	id := uuid.New()
	const subjects, copies = 20, 4
	var mu sync.Mutex
	sealed := map[string][]json.RawMessage{}
	var wg sync.WaitGroup
	for i := range subjects * copies {
		for _, v := range vaults {
			wg.Go(func() {
				subject := fmt.Sprintf("customer-%d", i%subjects)
				e, err := v.Seal(t.Context(), "demo", subject, id, []byte(subject))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				sealed[subject] = append(sealed[subject], e)
			})
		}
	}
	wg.Wait()
	fresh := newVault(t, pgtest.PoolOf(t, url), masterKey("one", 1))
	for subject, envelopes := range sealed {
		for _, e := range envelopes {
			if got, err := fresh.Open(t.Context(), "demo", e, id); err != nil || string(got) != subject {
				t.Errorf("Open = %q, %v; want %q", got, err, subject)
			}
		}
	}
}

// queryCounter counts the statements of a pool.
type queryCounter struct{ n atomic.Int64 }

func (c *queryCounter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (c *queryCounter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Keys that are made at the same time share statements, and keys in memory need none.
func TestVault_sharesStatements(t *testing.T) {
	t.Parallel()

	config, err := pgxpool.ParseConfig(pgtest.New(t))
	if err != nil {
		t.Fatal(err)
	}
	counter := new(queryCounter)
	config.ConnConfig.Tracer = counter
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	v := newVault(t, pool, masterKey("one", 1))
	const callers = 400
	for _, most := range []int64{callers / 4, 0} {
		before := counter.n.Load()
		var wg sync.WaitGroup
		for i := range callers {
			wg.Go(func() {
				if _, err := v.Seal(t.Context(), "demo", fmt.Sprint("guest-", i), uuid.New(), []byte("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := counter.n.Load() - before; n > most {
			t.Errorf("%d callers caused %d statements; want at most %d", callers, n, most)
		}
	}
}

// A caller whose context ends is let go, and does not take the others' keys with it.
func TestVault_canceledCaller(t *testing.T) {
	t.Parallel()

	v := newVault(t, pgtest.Pool(t), masterKey("one", 1))
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() {
			_, err := v.Seal(canceled, "demo", fmt.Sprint("s", i%10), uuid.Nil, nil)
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("canceled caller: %v; want nil or context.Canceled", err)
			}
		})
		wg.Go(func() {
			if _, err := v.Seal(t.Context(), "demo", fmt.Sprint("s", i%10), uuid.Nil, nil); err != nil {
				t.Errorf("its neighbour: %v", err)
			}
		})
	}
	wg.Wait()
}

// The application's role seals, opens and destroys; one that only opens cannot destroy.
func TestVault_rights(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	config.ConnConfig.RuntimeParams["role"] = "ordermill_write"
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	v := newVault(t, pool, masterKey("one", 1))
	sealed := seal(t, v, "demo", "c", uuid.Nil, "secret")
	if got, err := newVault(t, pool, masterKey("one", 1)).Open(t.Context(), "demo", sealed, uuid.Nil); err != nil || string(got) != "secret" {
		t.Errorf("Open = %q, %v; want the text", got, err)
	}
	if err := v.Destroy(t.Context(), "demo", "c"); err != nil {
		t.Errorf("Destroy = %v; want nil", err)
	}
	config.ConnConfig.RuntimeParams["role"] = "ordermill_project"
	weak, err := pgxpool.NewWithConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(weak.Close)
	if err := newVault(t, weak, masterKey("one", 1)).Destroy(t.Context(), "demo", "c"); err == nil || !strings.Contains(err.Error(), "one that may append") {
		t.Errorf("Destroy by another role = %v; want an error that names the right", err)
	}
}
