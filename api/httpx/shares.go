package httpx

import "sync"

// shares divides what there is enough of for everybody, such as slots or memory. As long as half of it is free nobody is
// asked how much he has; beyond that a client has no more than a quarter, and a tenant no more than half. So none of
// them can take what the others need. It is safe for concurrent use.
type shares struct {
	limit int

	mu      sync.Mutex
	used    int
	tenants map[string]int
	clients map[client]int
}

type client struct{ tenant, id string }

func newShares(limit int) *shares {
	return &shares{limit: limit, tenants: make(map[string]int), clients: make(map[client]int)}
}

// take takes n, or says that they are not to be had.
func (s *shares) take(tenant, id string, n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := client{tenant, id}
	crowded := s.used+n > s.limit/2
	if s.used+n > s.limit || crowded && s.used > 0 && (s.clients[who]+n > s.limit/4 || s.tenants[tenant]+n > s.limit/2) {
		return false
	}
	s.used += n
	s.tenants[tenant] += n
	s.clients[who] += n
	return true
}

// give gives n back.
func (s *shares) give(tenant, id string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	who := client{tenant, id}
	s.used -= n
	if s.tenants[tenant] -= n; s.tenants[tenant] == 0 {
		delete(s.tenants, tenant)
	}
	if s.clients[who] -= n; s.clients[who] == 0 {
		delete(s.clients, who)
	}
}
