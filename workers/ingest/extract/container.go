package extract

import (
	"archive/zip"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	// maxDirectory is how much of an archive may be its list of entries: archive/zip holds all of it in memory.
	maxDirectory = 16 << 20
	// ratioFrom is the size from which on the ratio of an entry counts; small ones harm nobody.
	ratioFrom = 8 << 20
)

// openZip opens an archive whose directory is within the limits and whose entries do not share bytes. An entry never
// unpacks to more than it declares: archive/zip stops there.
func openZip(f File, l Limits, unpacked int64) (*zip.Reader, error) {
	allowance := &allowance{r: f.Content, left: maxDirectory}
	z, err := zip.NewReader(allowance, f.Size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // its names are only names here
		return nil, broken("its list of entries cannot be read", err)
	}
	allowance.left = -1
	return z, checkEntries(z, l, unpacked)
}

// allowance lets so many bytes be read, any number if less than none.
type allowance struct {
	r    io.ReaderAt
	left int64
}

func (a *allowance) ReadAt(p []byte, off int64) (int, error) {
	if a.left >= 0 {
		if int64(len(p)) > a.left {
			return 0, fault(ErrBomb, "its list of entries is longer than %d MiB", int64(maxDirectory)>>20)
		}
		a.left -= int64(len(p))
	}
	return a.r.ReadAt(p, off)
}

func checkEntries(z *zip.Reader, l Limits, unpacked int64) error {
	if len(z.File) > l.Entries {
		return fault(ErrBomb, "it has %d entries, at most %d are read", len(z.File), l.Entries)
	}
	var total uint64
	for _, e := range z.File {
		total += e.UncompressedSize64
		if e.UncompressedSize64 > uint64(unpacked) || total > uint64(unpacked) {
			return fault(ErrBomb, "it unpacks to more than %d MiB", unpacked>>20)
		}
		if e.UncompressedSize64 > ratioFrom && e.UncompressedSize64/uint64(l.Ratio) > e.CompressedSize64 {
			return fault(ErrBomb, "an entry is more than %d times as large as packed", l.Ratio)
		}
	}
	return checkOverlap(z)
}

// checkOverlap refuses entries that share packed bytes, which lets a small archive unpack to a huge one.
func checkOverlap(z *zip.Reader) error {
	type span struct{ from, to int64 }
	spans := make([]span, 0, len(z.File))
	for _, e := range z.File {
		from, err := e.DataOffset()
		if err != nil {
			return broken("an entry cannot be found", err)
		}
		if e.CompressedSize64 > 0 {
			spans = append(spans, span{from, from + int64(min(e.CompressedSize64, 1<<62))})
		}
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(spans); i++ {
		if spans[i].from < spans[i-1].to {
			return fault(ErrBomb, "its entries overlap")
		}
	}
	return nil
}

// container is an office document: a zip with parts that refer to each other.
type container struct {
	ctx   context.Context
	parts map[string]*zip.File
}

func openContainer(ctx context.Context, f File, l Limits) (*container, error) {
	z, err := openZip(f, l, l.Part)
	if err != nil {
		return nil, err
	}
	c := &container{ctx: ctx, parts: map[string]*zip.File{}}
	for _, e := range z.File {
		c.parts[strings.TrimPrefix(e.Name, "/")] = e
	}
	return c, nil
}

// read has fn read a part. A part that does not exist is fs.ErrNotExist.
func (c *container) read(name string, fn func(*elements) error) error {
	part, ok := c.parts[name]
	if !ok {
		return fs.ErrNotExist
	}
	r, err := part.Open()
	if err != nil {
		return broken("part "+name, err)
	}
	defer func() { _ = r.Close() }() // nothing was written
	return broken("part "+name, fn(readXML(c.ctx, r)))
}

// optional is read for parts that not every document has.
func (c *container) optional(name string, fn func(*elements) error) error {
	if err := c.read(name, fn); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// relation is what a part's relationship leads to (ECMA-376 part 2, 6.5).
type relation struct {
	kind     string
	target   string
	external bool
}

// related is what a part refers to, by id; targets inside the container are made absolute.
func (c *container) related(part string) (map[string]relation, error) {
	found := map[string]relation{}
	dir, base := path.Split(part)
	err := c.optional(dir+"_rels/"+base+".rels", func(x *elements) error {
		return x.descend("Relationship", func(e xml.StartElement) error {
			r := relation{kind: path.Base(attribute(e, "Type")), target: attribute(e, "Target"), external: attribute(e, "TargetMode") == "External"}
			if !r.external {
				r.target = resolve(dir, r.target)
			}
			found[attribute(e, "Id")] = r
			return nil
		})
	})
	return found, err
}

// resolve is a target's name in the container.
func resolve(dir, target string) string {
	if strings.HasPrefix(target, "/") {
		return path.Clean(target)[1:]
	}
	return strings.TrimPrefix(path.Join("/", dir, target), "/")
}

// properties reads docProps/core.xml (ECMA-376 part 2, 8) into a document.
func (c *container) properties(d *Document) error {
	names := map[string]string{"creator": "author", "created": "created", "modified": "modified", "subject": "subject",
		"keywords": "keywords", "description": "description", "lastModifiedBy": "lastModifiedBy", "category": "category"}
	return c.optional("docProps/core.xml", func(x *elements) error {
		return x.descend("*", func(e xml.StartElement) error {
			key, known := names[e.Name.Local]
			if !known && e.Name.Local != "title" && e.Name.Local != "language" {
				return nil
			}
			value, err := x.text()
			switch {
			case known:
				d.set(key, value)
			case e.Name.Local == "title":
				d.Title = value
			default:
				d.Language = tidyLine(value)
			}
			return err
		})
	})
}

// descend calls fn for each element of this local name ("*": any) below the current one.
func (x *elements) descend(name string, fn func(xml.StartElement) error) error {
	return x.children(func(e xml.StartElement) error {
		inside := x.depth
		if name == "*" || e.Name.Local == name {
			if err := fn(e); err != nil {
				return err
			}
		}
		if x.depth < inside {
			return nil
		}
		return x.descend(name, fn)
	}, nil)
}
