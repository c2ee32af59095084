package workers

// Budget bounds what one attempt may say. What is over it is dropped, counted and marked in the tape.
type Budget struct {
	// Bytes of all log lines. Defaults to 16 MiB.
	Bytes int64
	// Lines of the log. Defaults to 200,000.
	Lines int64
	// Line is the longest line in bytes; a longer one is cut into several. Defaults to 16 KiB.
	Line int
	// Batch is how many bytes of lines one event may hold. Defaults to 64 KiB.
	Batch int
	// Progress counts the reports that are written. Defaults to 10,000.
	Progress int64
	// Artifacts counts the files. Defaults to 1,000.
	Artifacts int64
	// ArtifactBytes bounds one file. Defaults to 1 GiB.
	ArtifactBytes int64
	// Result bounds the result in bytes of JSON. Defaults to 1 MiB.
	Result int
}

// WithDefaults fills the zero fields.
func (b Budget) WithDefaults() Budget {
	setDefault(&b.Bytes, 16<<20)
	setDefault(&b.Lines, 200_000)
	setDefault(&b.Line, 16<<10)
	setDefault(&b.Batch, 64<<10)
	setDefault(&b.Progress, 10_000)
	setDefault(&b.Artifacts, 1000)
	setDefault(&b.ArtifactBytes, 1<<30)
	setDefault(&b.Result, 1<<20)
	return b
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}
