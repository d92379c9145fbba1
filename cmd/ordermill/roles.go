package main

import (
	"slices"
	"strings"
)

// roles are what a process does.
type roles struct{ write, read, project bool }

var allRoles = roles{write: true, read: true, project: true}

// roleNames are the values of --roles.
var roleNames = []string{"write", "read", "project"}

// parseRoles reads --roles.
func parseRoles(names []string) (roles, error) {
	var r roles
	for _, name := range names {
		switch name {
		case "write":
			r.write = true
		case "read":
			r.read = true
		case "project":
			r.project = true
		default:
			return r, usagef("there is no role %q; roles are %s", name, strings.Join(roleNames, ", "))
		}
	}
	if r == (roles{}) {
		return r, usagef("give at least one role of %s", strings.Join(roleNames, ", "))
	}
	return r, nil
}

// String lists the roles.
func (r roles) String() string {
	names := slices.Clone(roleNames)
	return strings.Join(slices.DeleteFunc(names, func(name string) bool {
		return name == "write" && !r.write || name == "read" && !r.read || name == "project" && !r.project
	}), ", ")
}
