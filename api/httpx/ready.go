package httpx

import (
	"context"
	"fmt"
)

// Ready fails while no token could be verified, since there is no key to do it with. It asks for the keys if there are
// none, and waits for them as long as ctx allows.
func (a *Authenticator) Ready(ctx context.Context) error {
	remote, ok := a.keys.(*remoteKeys)
	if !ok || remote.count() > 0 {
		return nil
	}
	remote.find(ctx, "")
	if remote.count() > 0 {
		return nil
	}
	return fmt.Errorf("no key of access tokens is there: %s gave none so far", remote.url)
}

func (k *remoteKeys) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.keys)
}
