package streamid_test

import (
	"fmt"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/ordermill/ordermill/domain/streamid"
)

// Where one part ends and the next begins makes a difference.
func TestNew_noCollisions(t *testing.T) {
	t.Parallel()

	part := rapid.StringOfN(rapid.SampledFrom([]rune{0, 1, 2, 'a', '|', '-'}), 0, 3, -1)
	seen := map[uuid.UUID][3]string{}
	rapid.Check(t, func(t *rapid.T) {
		key := [3]string{part.Draw(t, "tenant"), part.Draw(t, "kind"), part.Draw(t, "key")}
		id := streamid.New(key[0], key[1], key[2])
		if earlier, ok := seen[id]; ok && earlier != key {
			t.Fatalf("%q and %q are both %s", earlier, key, id)
		}
		seen[id] = key
	})
}

func ExampleNew() {
	fmt.Println(streamid.New("demo", "stock", "MUG"))
	// Output: 77a9720c-acd0-59ee-80f5-6079b71e8893
}
