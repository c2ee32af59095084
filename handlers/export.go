package handlers

import (
	"bufio"
	"context"
	"io"

	"github.com/gofiber/fiber/v2"

	"tapedeck/eventstore/tapefile"
	"tapedeck/handlers/wire"
)

// exportTape streams the tape, compressed on the way. A body that was cut off has no last chunk, and the file no
// trailer.
func (s *Server) exportTape(c *fiber.Ctx) error {
	id, err := jobID(c)
	if err != nil {
		return err
	}
	q := readQuery(c, "compression")
	packing := tapefile.Compression(q.word("compression", string(tapefile.Zstd), string(tapefile.Zstd), string(tapefile.Gzip)))
	if err := q.err(); err != nil {
		return err
	}
	ctx, cancel := within()
	defer cancel()
	if _, err := s.repo.Load(ctx, id); err != nil {
		return err
	}
	contentType, suffix := "application/zstd", ".zst"
	if packing == tapefile.Gzip {
		contentType, suffix = "application/gzip", ".gz"
	}
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+id+".tape"+suffix+`"`)
	return s.conns.Stream(c, contentType, func(ctx context.Context, stream *wire.Stream) {
		if err := s.writeTape(ctx, stream, id, packing); err != nil {
			s.log.Warn("a tape was not exported whole", "jobId", id, "err", err)
			return
		}
		stream.End()
	})
}

func (s *Server) writeTape(ctx context.Context, stream *wire.Stream, id string, packing tapefile.Compression) error {
	buffered := bufio.NewWriterSize(chunks{stream}, 64<<10)
	packed, err := tapefile.Compress(buffered, packing)
	if err != nil {
		return err
	}
	if err := tapefile.Write(ctx, packed, s.store, id, s.cfg.Now()); err != nil {
		return err
	}
	if err := packed.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

// chunks is a Stream as an io.Writer.
type chunks struct{ stream *wire.Stream }

var _ io.Writer = chunks{}

func (c chunks) Write(p []byte) (int, error) {
	if err := c.stream.Write([][]byte{p}); err != nil {
		return 0, err
	}
	return len(p), nil
}
