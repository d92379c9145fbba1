package main

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/ordermill/ordermill/migrations/pgtest"
)

// An account with exactly the three roles is taken. Whatever it can do beyond them, itself or by a role that it could take
// on, is named, everything at once.
func TestCheckAccount(t *testing.T) {
	t.Parallel()

	admin := pgtest.New(t)
	pool := pgtest.PoolOf(t, admin)
	exec := func(statement string) {
		t.Helper()
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	database := pool.Config().ConnConfig.Database
	const app = "create user %[1]s password 'x' in role ordermill_write, ordermill_project, ordermill_read"
	for name, tt := range map[string]struct {
		make, undo string // of the account %[1]s
		says       []string
	}{
		"just":           {app, "", nil},
		"bypass":         {app + " bypassrls", "", []string{"BYPASSRLS"}},
		"createrole":     {app + " createrole", "", []string{"CREATEROLE"}},
		"replication":    {app + " replication", "", []string{"REPLICATION"}},
		"superuser":      {app + " superuser", "", []string{"is a superuser,"}},
		"several":        {app + " createrole bypassrls; grant delete on events to %[1]s", "", []string{"BYPASSRLS", "CREATEROLE", "DELETE on events"}},
		"deletes":        {app + "; grant delete on events to %[1]s", "", []string{"has DELETE on events,"}},
		"updates":        {app + "; grant update on events to %[1]s", "", []string{"UPDATE on events"}},
		"updates_column": {app + "; grant update (data) on events to %[1]s", "", []string{"UPDATE on events"}},
		"truncates":      {app + "; grant truncate on events to %[1]s", "", []string{"TRUNCATE on events"}},
		"inserts":        {app + "; grant insert on events to %[1]s", "", []string{"INSERT on events"}},
		"triggers":       {app + "; grant trigger on events to %[1]s", "", []string{"TRIGGER on events"}},
		"answers":        {app + "; grant delete on command_results to %[1]s", "", []string{"DELETE on command_results"}},
		"by_everybody":   {app + "; grant delete on events to public", "revoke delete on events from public", []string{"DELETE on events"}},
		"by_a_role":      {app + "; create role %[1]s_r; grant delete on events to %[1]s_r; grant %[1]s_r to %[1]s", "", []string{"DELETE on events"}},
		"by_a_role_not_inherited": {
			app + " noinherit; create role %[1]s_r bypassrls; grant delete on events to %[1]s_r; grant %[1]s_r to %[1]s", "",
			[]string{"DELETE on events", "BYPASSRLS"},
		},
		"by_a_predefined_role": {app + "; grant pg_write_all_data to %[1]s", "", []string{"pg_write_all_data", "DELETE on events"}},
		"runs_programs":        {app + "; grant pg_execute_server_program to %[1]s", "", []string{"pg_execute_server_program"}},
		"owner":                {app + "; alter table events owner to %[1]s", "alter table events owner to " + pool.Config().ConnConfig.User, []string{"owns the tables"}},
		"owner_database":       {app + "; alter database " + database + " owner to %[1]s", "alter database " + database + " owner to " + pool.Config().ConnConfig.User, []string{"owns the database"}},
		"creates":              {app + "; grant create on schema public to %[1]s", "", []string{"may create objects"}},
	} {
		account := database + "_" + name
		exec(fmt.Sprintf(tt.make, account))
		err := checkAs(t, admin, account)
		if tt.undo != "" {
			exec(tt.undo)
		}
		if (err == nil) != (tt.says == nil) {
			t.Errorf("%s: %v", name, err)
		}
		for _, says := range tt.says {
			if err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("%s: %v; want %q", name, err, says)
			}
		}
	}
}

// checkAs is checkAccount of an account, over a connection such as serve's.
func checkAs(t *testing.T, admin, account string) error {
	t.Helper()
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(account, "x")
	pool, err := newPool(t.Context(), config{DatabaseURL: u.String()}, readRole, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	return checkAccount(t.Context(), pool)
}
