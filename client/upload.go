package client

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
)

// File is a file to send.
type File struct {
	// Name is its name with the folders that it stands in, separated by slashes.
	Name string
	// Field is the form's. Defaults to "files".
	Field string
	Open  func() (io.ReadCloser, error)
}

// Upload sends a form with files, which are read as they are sent, and reads the answer into out.
func (c *Client) Upload(ctx context.Context, path string, fields url.Values, files []File, out any) error {
	res, err := c.sendForm(ctx, path, fields, files)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if err := json.UnmarshalRead(res.Body, out); err != nil {
		return fmt.Errorf("answer of %s: %w", path, err)
	}
	return nil
}

// Exchange is Upload for an answer that is a file: it is copied to w.
func (c *Client) Exchange(ctx context.Context, path string, fields url.Values, files []File, w io.Writer) error {
	res, err := c.sendForm(ctx, path, fields, files)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(w, res.Body)
	return err
}

func (c *Client) sendForm(ctx context.Context, path string, fields url.Values, files []File) (*http.Response, error) {
	r, w := io.Pipe()
	form := multipart.NewWriter(w)
	go func() { w.CloseWithError(writeForm(form, fields, files)) }()
	res, err := c.do(ctx, http.MethodPost, path, http.Header{"Content-Type": {form.FormDataContentType()}}, r)
	_ = r.Close() // ends the writing of what nobody reads
	return res, err
}

func writeForm(form *multipart.Writer, fields url.Values, files []File) error {
	for name, values := range fields {
		for _, v := range values {
			if err := form.WriteField(name, v); err != nil {
				return err
			}
		}
	}
	for _, f := range files {
		if err := writeFile(form, f); err != nil {
			return err
		}
	}
	return form.Close()
}

func writeFile(form *multipart.Writer, f File) error {
	part, err := form.CreateFormFile(cmp.Or(f.Field, "files"), f.Name)
	if err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	_, err = io.Copy(part, in)
	if closeErr := in.Close(); err == nil {
		err = closeErr
	}
	return err
}
