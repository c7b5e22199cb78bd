package tls13

import (
	"container/list"
	"sync"

	"github.com/pqkx/pqkx"
)

// A HintCache remembers, for a client's connections, which group each server
// chose, so that the next first flight has a share for it and costs no
// HelloRetryRequest. It never makes a post-quantum offer a classical one: see
// pqkx.Provider.KeyShares. It is safe for concurrent use.
type HintCache struct {
	mutex    sync.Mutex
	capacity int
	order    *list.List // of *hint, the latest first
	servers  map[string]*list.Element
}

type hint struct {
	server string
	group  pqkx.NamedGroup
}

// NewHintCache returns a cache for up to capacity servers, 64 if capacity is
// not positive. The server that was not seen for longest makes room.
func NewHintCache(capacity int) *HintCache {
	if capacity <= 0 {
		capacity = 64
	}
	return &HintCache{capacity: capacity, order: list.New(), servers: make(map[string]*list.Element)}
}

// get returns the group that a server chose, or zero.
func (c *HintCache) get(server string) pqkx.NamedGroup {
	if c == nil {
		return 0
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if e := c.servers[server]; e != nil {
		return e.Value.(*hint).group
	}
	return 0
}

func (c *HintCache) put(server string, group pqkx.NamedGroup) {
	if c == nil {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if e := c.servers[server]; e != nil {
		e.Value.(*hint).group = group
		c.order.MoveToFront(e)
		return
	}
	if c.order.Len() >= c.capacity {
		oldest := c.order.Back()
		delete(c.servers, oldest.Value.(*hint).server)
		c.order.Remove(oldest)
	}
	c.servers[server] = c.order.PushFront(&hint{server, group})
}
