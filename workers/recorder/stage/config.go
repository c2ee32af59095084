package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// Config is what a stage is made of. Every function in it may be nil; none is called with a lock held, and none on
// the driver's dispatch goroutine, so that they may call the browser.
type Config struct {
	// Context holds the pages. The stage does not close it.
	Context playwright.BrowserContext
	// SessionID is the name by which viewers find the stage.
	SessionID string
	// Mode is the session's: "interactive" or "script". Defaults to "interactive".
	Mode string
	// Viewport is what viewers are told. A zero size is asked of the first page.
	Viewport Viewport

	// PageName is the name that steps use for a page. Defaults to "page", "page2", … in order of appearance.
	PageName func(page playwright.Page) string
	// Describe says which element is at a point of the page's viewport; nil, nil when there is none. Without it
	// nothing can be picked.
	Describe func(ctx context.Context, page playwright.Page, x, y float64) (*Element, error)
	// AddAssertion records a claim that a viewer made; target is nil for claims about the page itself.
	AddAssertion func(ctx context.Context, page playwright.Page, target *recording.Target, claim recording.Assertion) error
	// Navigate takes a page somewhere. Defaults to the page's own Goto, GoBack, GoForward and Reload.
	Navigate func(ctx context.Context, page playwright.Page, to Navigation) error
	// TakeDialog says whether the stage shall answer a dialog; false leaves it to somebody else, who must. Defaults to
	// yes.
	TakeDialog func(dialog playwright.Dialog) bool
	// OnDialog learns the answer to a dialog just before the page does.
	OnDialog func(page playwright.Page, box recording.DialogBox)
	// OnFiles learns which files a file chooser is given, just before the page is.
	OnFiles func(page playwright.Page, files []playwright.InputFile)
	// OnViewport learns that a viewer changed a page's size.
	OnViewport func(page playwright.Page, size recording.Size)
	// OnPause learns that a viewer paused or resumed the recording.
	OnPause func(paused bool)
	// OnStop learns that a viewer asked for the end. The stage goes on until Stop.
	OnStop func()
	// OnLoop learns that a page is closed because its script did nothing but open dialogs.
	OnLoop func(page playwright.Page)
	// OnCrash learns that a page's renderer died; the page is closed.
	OnCrash func(page playwright.Page)

	// OnFrame is given frames to keep, at most KeepFPS a second, one at a time. What Hide names is painted over.
	OnFrame func(frame Frame)
	// Hide names the places of a page that no kept frame may show; it is asked after a frame was taken. A frame is not
	// kept when it fails. With ErrElsewhere beside the places it says that the document is not the one that it was asked
	// about before, so that nobody knows what the frame shows: another one is taken, once the browser shows that document.
	Hide func(ctx context.Context, page playwright.Page) ([]recording.Box, error)

	// Quality is that of the JPEGs, 1 to 100. Defaults to 60.
	Quality int
	// MaxFPS bounds the frames taken a second. Defaults to 30.
	MaxFPS int
	// KeepFPS bounds the frames kept a second. Defaults to 5.
	KeepFPS int
	// MaxWidth and MaxHeight bound the pictures in pixels. Default to 1920 and 1920.
	MaxWidth, MaxHeight int
	// DialogTimeout is how long a dialog waits while nobody drives. Defaults to 30 seconds.
	DialogTimeout time.Duration
	// Logger defaults to none.
	Logger *slog.Logger
	// Now is the clock. Defaults to time.Now.
	Now func() time.Time
}

// Viewport is the size of the pages and how they were told to see themselves.
type Viewport struct {
	Width             int     `json:"width"`
	Height            int     `json:"height"`
	Mobile            bool    `json:"mobile"`
	DeviceScaleFactor float64 `json:"deviceScaleFactor"`
}

// Element is what is at a point: what a viewer sees highlighted and can claim something about.
type Element struct {
	Label       string
	Target      recording.Target
	Box         recording.Box
	Suggestions []recording.Assertion
}

// Navigation is where to take a page: to URL, or through History ("back", "forward" or "reload").
type Navigation struct {
	URL     string
	History string
}

// Frame is a picture to keep.
type Frame struct {
	Page          playwright.Page
	Name          string // the page's
	JPEG          []byte
	Width, Height int // of the viewport in CSS pixels
	At            time.Time
	Offset        time.Duration // since the stage's start
}

// WithDefaults fills in what is not set.
func (c Config) WithDefaults() Config {
	c.Mode = cmp.Or(c.Mode, "interactive")
	c.Quality = cmp.Or(c.Quality, 60)
	c.MaxFPS = cmp.Or(c.MaxFPS, 30)
	c.KeepFPS = cmp.Or(c.KeepFPS, 5)
	c.MaxWidth = cmp.Or(c.MaxWidth, 1920)
	c.MaxHeight = cmp.Or(c.MaxHeight, 1920)
	c.DialogTimeout = cmp.Or(c.DialogTimeout, 30*time.Second)
	c.Viewport.DeviceScaleFactor = cmp.Or(c.Viewport.DeviceScaleFactor, 1)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Navigate == nil {
		c.Navigate = navigate
	}
	return c
}

// Validate returns all that is wrong.
func (c Config) Validate() error {
	var errs []error
	want := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("stage: "+format, args...))
		}
	}
	want(c.Context != nil, "Context is needed")
	want(c.SessionID != "", "SessionID is needed")
	want(c.Quality >= 1 && c.Quality <= 100, "Quality is %d, want 1 to 100", c.Quality)
	want(c.MaxFPS >= 1 && c.MaxFPS <= 60, "MaxFPS is %d, want 1 to 60", c.MaxFPS)
	want(c.KeepFPS >= 1 && c.KeepFPS <= c.MaxFPS, "KeepFPS is %d, want 1 to MaxFPS", c.KeepFPS)
	want(c.MaxWidth >= 16 && c.MaxHeight >= 16, "pictures of %d x %d are too small", c.MaxWidth, c.MaxHeight)
	want(c.DialogTimeout > 0, "DialogTimeout is %s, want more", c.DialogTimeout)
	return errors.Join(errs...)
}
