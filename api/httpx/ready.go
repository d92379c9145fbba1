package httpx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
)

// Ready fails while no token could be verified, since there is no key to do it with. It asks for the keys if there are
// none, and waits for them as long as ctx allows.
func (a *Authenticator) Ready(ctx context.Context) error {
	remote, ok := a.keys.(*remoteKeys)
	if !ok || remote.count() > 0 {
		return nil
	}
	_, err := remote.find(ctx, "")
	if remote.count() > 0 {
		return nil
	}
	return fmt.Errorf("no key of access tokens is there: %w", cmp.Or(err, errors.New("the key set has none that is used here"))) // without the URL, which may hold a secret
}

func (k *remoteKeys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}
