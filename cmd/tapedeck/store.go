package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"tapedeck/artifacts"
	"tapedeck/config"
	"tapedeck/eventstore"
	"tapedeck/eventstore/redis"
	"tapedeck/eventstore/sqlite"
)

// openStore opens the log that the settings name. A Redis that is not there yet is waited for: the
// processes of a deployment start in any order.
func openStore(ctx context.Context, cfg config.Config, log *slog.Logger) (eventstore.Store, error) {
	if cfg.Embedded() {
		return openEmbedded(ctx, cfg, log)
	}
	redis.LogDriver(log)
	store, err := redis.Open(ctx, redis.Options{URL: cfg.BrokerURL, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return store, nil
}

func openEmbedded(ctx context.Context, cfg config.Config, log *slog.Logger) (eventstore.Store, error) {
	if err := os.MkdirAll(cfg.DataDir, 0o750); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	store, err := sqlite.Open(ctx, sqlite.Config{Path: filepath.Join(cfg.DataDir, "log.db"), Logger: log})
	if errors.Is(err, eventstore.ErrLocked) {
		return nil, fmt.Errorf("%w\nThe embedded log belongs to one process. Talk to that process over HTTP, or set BROKER_URL to a Redis to run several", err)
	}
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	return store, nil
}

func openArtifacts(ctx context.Context, cfg config.Config) (*artifacts.Store, error) {
	return artifacts.Open(ctx, artifactsURL(cfg))
}

func artifactsURL(cfg config.Config) string {
	if cfg.ArtifactsURL == "" {
		return filepath.Join(cfg.DataDir, "artifacts")
	}
	return cfg.ArtifactsURL
}

// readModels is the file of this process's read models.
func readModels(cfg config.Config) string { return filepath.Join(cfg.DataDir, "readmodels.db") }

func newLogger(cfg config.Config) *slog.Logger {
	level, _ := cfg.Level() // Validate has looked
	opts := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}
