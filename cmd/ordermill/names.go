package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// beside are variables with the program's prefix that are no settings: those of a dev's env file, and of the tests.
var beside = []string{"DEV_JWT_KEY_FILE", "DEV_MASTER_KEY_FILE", "DEV_PRIVATE_SERVERS"}

// kubernetes matches the variables that it sets for a service whose name begins like the prefix.
var kubernetes = regexp.MustCompile(`^ORDERMILL(_\w+)?_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// misspelt returns a fault for each variable that is meant for this program but is none of its settings. What is
// misspelt would be ignored, and the default used in its place.
func misspelt(environ map[string]string) []error {
	var faults []error
	for _, name := range slices.Sorted(maps.Keys(environ)) {
		if !isMeant(name) || isKnown(name, environ[name]) {
			continue
		}
		faults = append(faults, fmt.Errorf("%s: there is no such setting; is %s meant? `ordermill config` lists all", name, nearest(name)))
	}
	return faults
}

// isMeant reports whether a variable has the prefix, or nearly: in another case, or a setting's name behind a misspelling.
func isMeant(name string) bool {
	upper := strings.ToUpper(name)
	if strings.HasPrefix(upper, prefix) {
		return true
	}
	before, rest, _ := strings.Cut(upper, "_")
	return distance(before+"_", prefix) <= 2 && slices.ContainsFunc(settings, func(s setting) bool { return s.name == rest })
}

func isKnown(name, value string) bool {
	bare, ok := strings.CutPrefix(name, prefix)
	return ok && (slices.ContainsFunc(settings, func(s setting) bool { return s.name == bare }) ||
		slices.Contains(beside, bare) || strings.HasPrefix(bare, "TEST_")) ||
		kubernetes.MatchString(name) || strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
}

// nearest returns the setting whose name has this one in it, or else the one that takes the fewest changes.
func nearest(name string) string {
	upper := strings.ToUpper(name)
	bare := strings.TrimPrefix(upper, prefix)
	best := slices.MinFunc(settings, func(a, b setting) int {
		return cmp.Or(
			-cmp.Compare(occurs(a.name, bare), occurs(b.name, bare)),
			cmp.Compare(distance(prefix+a.name, upper), distance(prefix+b.name, upper)),
		)
	})
	return prefix + best.name
}

// distance is how many letters must be added, removed or replaced to make a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func occurs(name, part string) int {
	if part != "" && strings.Contains(name, part) {
		return 1
	}
	return 0
}
