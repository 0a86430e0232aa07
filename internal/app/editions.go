package app

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/redthread-api/redthread/internal/newsletter/render"
)

// EditionsConfig is the configuration of the renderings of editions.
type EditionsConfig struct {
	Pages     bool   // there are pages at /editions
	Templates string // the folder with the publisher's templates; empty: none
}

func (c *EditionsConfig) flags(f *pflag.FlagSet) {
	f.BoolVar(&c.Pages, "edition-pages", false, usage("edition-pages", "serve pages of editions at /editions, for publishers without a site (default with --demo)"))
	f.StringVar(&c.Templates, "templates", "", usage("templates", "`folder` with templates of editions in place of the built-in ones; see docs/newsletter-templates.md"))
}

// folder returns the folder with the publisher's templates; nil for none.
func (c *EditionsConfig) folder() fs.FS {
	if c.Templates == "" {
		return nil
	}
	return os.DirFS(c.Templates)
}

// subscriberPages returns the folder with the publisher's templates of the pages of subscribers; nil for none.
func (c *EditionsConfig) subscriberPages() fs.FS {
	if c.Templates == "" {
		return nil
	}
	return os.DirFS(filepath.Join(c.Templates, render.SubscriberPages))
}

// templates returns the templates, which are checked. The error says what is wrong in
// which file.
func (c *EditionsConfig) templates() (*render.Templates, error) {
	if c.Templates == "" {
		return render.Load(nil)
	}
	t, err := render.Load(c.folder())
	if err != nil {
		return nil, fmt.Errorf("--templates %s: %w", c.Templates, err)
	}
	return t, nil
}
