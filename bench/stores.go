package main

import (
	"context"

	"tapedeck/eventstore"
	"tapedeck/eventstore/redis"
)

func openRedis(ctx context.Context, addr string) (eventstore.Store, error) {
	return redis.Open(ctx, redis.Options{URL: "redis://" + addr})
}
