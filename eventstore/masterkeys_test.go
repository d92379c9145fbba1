package eventstore_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/ordermill/ordermill/eventstore"
	"github.com/ordermill/ordermill/migrations/pgtest"
)

// Two master keys with one id are told apart before anything is sealed or opened, and none that is needed goes missing.
func TestVault_CheckMasterKeys(t *testing.T) {
	t.Parallel()

	one, two := masterKey("one", 1), masterKey("two", 2)
	type keys = []eventstore.MasterKey
	for name, tt := range map[string]struct {
		first keys // what the database was used with
		seals bool // and whether something was sealed
		then  keys
		says  string // empty: taken
	}{
		"the same":                      {keys{one}, true, keys{one}, ""},
		"another under the same id":     {keys{one}, true, keys{masterKey("one", 3)}, `id "one" is another key`},
		"another, nothing sealed yet":   {keys{one}, false, keys{masterKey("one", 3)}, `id "one" is another key`},
		"a new one before the old one":  {keys{one}, true, keys{two, one}, ""},
		"a new one without the old one": {keys{one}, true, keys{two}, `id "one" is missing`},
		"a new one, nothing sealed yet": {keys{one}, false, keys{two}, ""},
		"a wrong old one":               {keys{one}, true, keys{two, masterKey("one", 3)}, `id "one" is another key`},
		"one that wraps nothing gone":   {keys{one, two}, true, keys{one}, ""},
		"the order changed":             {keys{one, two}, true, keys{two, one}, ""},
		"the same key by another id":    {keys{one}, true, keys{masterKey("uno", 1), one}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			pool := pgtest.Pool(t)
			first := newVault(t, pool, tt.first...)
			if err := first.CheckMasterKeys(t.Context()); err != nil {
				t.Fatal(err)
			}
			if tt.seals {
				seal(t, first, "demo", "c-1", uuid.New(), "x")
			}
			for range 2 { // a refused key does not become known
				err := newVault(t, pool, tt.then...).CheckMasterKeys(t.Context())
				if (err == nil) != (tt.says == "") || err != nil && (!errors.Is(err, eventstore.ErrMasterKey) || !strings.Contains(err.Error(), tt.says)) {
					t.Errorf("CheckMasterKeys = %v; want %q", err, tt.says)
				}
			}
		})
	}
}

// A database that was used before keys were made known tells a wrong key by what is wrapped in it.
func TestVault_CheckMasterKeys_beforeAnyWasKnown(t *testing.T) {
	t.Parallel()

	pool := pgtest.Pool(t)
	seal(t, newVault(t, pool, masterKey("one", 1)), "demo", "c-1", uuid.New(), "x")
	if err := newVault(t, pool, masterKey("one", 2)).CheckMasterKeys(t.Context()); !errors.Is(err, eventstore.ErrMasterKey) {
		t.Errorf("another key: %v; want ErrMasterKey", err)
	}
	if err := newVault(t, pool, masterKey("one", 1)).CheckMasterKeys(t.Context()); err != nil {
		t.Errorf("the right key: %v", err)
	}
}

// Of two processes that start at once on an empty database with two keys of one id, one is refused.
func TestVault_CheckMasterKeys_atOnce(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	errs := make(chan error, 2)
	for fill := range byte(2) {
		vault := newVault(t, pgtest.PoolOf(t, url), masterKey("one", fill+1))
		go func() { errs <- vault.CheckMasterKeys(t.Context()) }()
	}
	if a, b := <-errs, <-errs; (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), eventstore.ErrMasterKey) {
		t.Errorf("%v and %v; want one nil and one ErrMasterKey", a, b)
	}
}
