package play

import (
	"errors"

	"github.com/playwright-community/playwright-go"

	"tapedeck/domain/recording"
)

// drag moves the mouse as a hand does: a start that passes the threshold, many small moves, a rest over the place, so
// that both HTML5 drag and drop and what scripts make of mouse events work. The place is looked for when the drag has
// begun, because many show theirs only then.
func (r *run) drag() (err error) {
	from, err := r.target(healAny)
	if err != nil {
		return err
	}
	if err := r.over(from, r.step.Position); err != nil {
		return err
	}
	start, err := r.point(from, r.step.Position)
	if err != nil {
		return err
	}
	// The button is let go whatever happens, or the page would stay in a drag.
	defer func() {
		if upErr := r.call(r.letGo); err == nil {
			err = upErr
		}
	}()
	if err := r.call(func() error { return r.takeUp(start) }); err != nil {
		return err
	}
	to, err := r.find(r.step.To, healAny)
	r.result.UsedTo = to.used
	if err != nil {
		return err
	}
	return r.call(func() error { return r.carry(to) })
}

// takeUp presses the button and begins to move.
func (r *run) takeUp(start recording.Point) error {
	for _, m := range r.step.Modifiers {
		if err := r.tab.page.Keyboard().Down(m); err != nil {
			return err
		}
	}
	mouse := r.tab.page.Mouse()
	if err := mouse.Down(); err != nil {
		return err
	}
	return mouse.Move(start.X+6, start.Y+6, playwright.MouseMoveOptions{Steps: playwright.Int(3)})
}

// letGo releases the button, then the modifiers.
func (r *run) letGo() error {
	err := r.tab.page.Mouse().Up()
	for _, m := range r.step.Modifiers {
		err = errors.Join(err, r.tab.page.Keyboard().Up(m))
	}
	return err
}

// point is a place in an element in coordinates of the viewport.
func (r *run) point(f found, pos *recording.Point) (recording.Point, error) {
	box, err := ask(r, func() (*playwright.Rect, error) {
		return f.loc.BoundingBox(playwright.LocatorBoundingBoxOptions{Timeout: ms(max(r.left(), slice))})
	})
	if err != nil {
		return recording.Point{}, err
	}
	if box == nil {
		return recording.Point{}, fail(NotActionable, "%s has no place on the page", f.used.Selector)
	}
	return within(*box, pos), nil
}

func within(box playwright.Rect, pos *recording.Point) recording.Point {
	if pos == nil || pos.X < 0 || pos.Y < 0 || pos.X >= box.Width || pos.Y >= box.Height {
		return recording.Point{X: box.X + box.Width/2, Y: box.Y + box.Height/2}
	}
	return recording.Point{X: box.X + pos.X, Y: box.Y + pos.Y}
}

// carry moves to the place: twice, because what is dragged may make it move, and a drop wants more than one move over it.
func (r *run) carry(to found) error {
	if err := to.loc.ScrollIntoViewIfNeeded(playwright.LocatorScrollIntoViewIfNeededOptions{Timeout: ms(max(r.left(), slice))}); err != nil && final(err) {
		return err
	}
	for _, steps := range []int{12, 2} {
		box, err := to.loc.BoundingBox(playwright.LocatorBoundingBoxOptions{Timeout: ms(max(r.left(), slice))})
		if err != nil {
			return err
		}
		if box == nil {
			return fail(NotActionable, "the place to drop on is not visible")
		}
		end := within(*box, r.step.ToPosition)
		if err := r.tab.page.Mouse().Move(end.X, end.Y, playwright.MouseMoveOptions{Steps: playwright.Int(steps)}); err != nil {
			return err
		}
	}
	return nil
}
