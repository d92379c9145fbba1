package main

import "testing"

// What is imported for a shop can be read with a token for it.
func TestCheckImport_tenant(t *testing.T) {
	t.Parallel()

	for _, tenant := range []string{"", "a b", "größe", "a\n", "\u3164"} {
		if checkImport("products", tenant, []string{"importtenant_test.go"}) == nil {
			t.Errorf("tenant %q is taken; want it refused", tenant)
		}
	}
	if err := checkImport("products", "demo", []string{"importtenant_test.go"}); err != nil {
		t.Errorf("tenant demo: %v", err)
	}
}
