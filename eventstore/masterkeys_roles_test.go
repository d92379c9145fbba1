package eventstore

import (
	"errors"
	"testing"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// The role that appends makes master keys known, the one that projects only compares; neither forgets or changes any.
func TestCheckMasterKeys_roles(t *testing.T) {
	t.Parallel()

	url := pgtest.New(t)
	check := func(role string, fill byte) error {
		v, err := NewVault(poolAs(t, url, role), VaultConfig{MasterKeys: []MasterKey{{ID: "one", Key: [32]byte{fill}}}})
		if err != nil {
			t.Fatal(err)
		}
		return v.CheckMasterKeys(t.Context())
	}
	for _, err := range []error{check("ordermill_project", 2), check("ordermill_write", 1), check("ordermill_project", 1)} {
		if err != nil {
			t.Error(err)
		}
	}
	for _, role := range []string{"ordermill_write", "ordermill_project"} {
		if err := check(role, 2); !errors.Is(err, ErrMasterKey) {
			t.Errorf("%s with another key: %v; want ErrMasterKey", role, err)
		}
		for _, statement := range []string{"delete from master_keys", "update master_keys set check_value = check_value", "truncate master_keys"} {
			if _, err := poolAs(t, url, role).Exec(t.Context(), statement); !denied(err) {
				t.Errorf("%s as %s: %v; want a refusal", statement, role, err)
			}
		}
	}
}
