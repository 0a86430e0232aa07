// Command oapi-codegen reads a Redthread server's JSON with a client that oapi-codegen generated,
// and checks what it gets.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: oapi-codegen URL")
		os.Exit(2)
	}
	if err := story(context.Background(), os.Args[1], os.Getenv("REDTHREAD_KEY")); err != nil {
		fmt.Fprintln(os.Stderr, "oapi-codegen:", err)
		os.Exit(1)
	}
	fmt.Println("oapi-codegen 2.8.2: list, pages, report, filter, errors, keys: as expected")
}

// bearer sends a key with each request.
func bearer(key string) ClientOption {
	return WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+key)
		return nil
	})
}

func story(ctx context.Context, url, key string) error {
	c, err := NewClientWithResponses(url)
	if err != nil {
		return err
	}
	for _, step := range []func(context.Context, *ClientWithResponses) error{pages, one, filtered, failures} {
		if err := step(ctx, c); err != nil {
			return err
		}
	}
	return keys(ctx, url, key)
}

// pages reads two pages, newest first.
func pages(ctx context.Context, c *ClientWithResponses) error {
	params := &ListReportsParams{First: new(int32(3)), OrderBy: new(ReportOrderFieldPUBLISHEDAT), Order: new(DESC)}
	var got []ReportSummary
	for range 2 {
		page, err := c.ListReportsWithResponse(ctx, params)
		if err != nil {
			return fmt.Errorf("reports: %w", err)
		}
		if page.JSON200 == nil {
			return fmt.Errorf("reports: got %s", page.Status())
		}
		got = append(got, page.JSON200.Data...)
		params.After = page.JSON200.Page.Next
	}
	if len(got) != 6 {
		return fmt.Errorf("reports: got %d in two pages, want 6", len(got))
	}
	for i := 1; i < len(got); i++ {
		if got[i].PublishedAt.After(*got[i-1].PublishedAt) {
			return fmt.Errorf("reports: %s comes after an older one", got[i].Slug)
		}
	}
	if len(got[0].Tags) == 0 {
		return fmt.Errorf("reports: %s has no tags", got[0].Slug)
	}
	return nil
}

// one reads a report by slug.
func one(ctx context.Context, c *ClientWithResponses) error {
	found, err := c.GetReportWithResponse(ctx, "reading-a-chain-of-owners", &GetReportParams{Body: new(HTML)})
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	r := found.JSON200
	if r == nil || !strings.Contains(r.Body, "<p>") || len(r.Footnotes) == 0 || len(r.Entities.Data) == 0 {
		return errors.New("report: want a body in HTML, footnotes and entities")
	}
	return nil
}

// filtered filters by a list of values. What is nil is left out.
func filtered(ctx context.Context, c *ClientWithResponses) error {
	found, err := c.ListReportsWithResponse(ctx, &ListReportsParams{Tag: &[]string{"ownership"}})
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if found.JSON200 == nil || len(found.JSON200.Data) != 2 {
		return fmt.Errorf("filter: got %s, want 2 reports", found.Body)
	}
	return nil
}

// failures asks for what is not there, and for what is not right. There is a member of the
// response for each status; of those that are not there, all are nil.
func failures(ctx context.Context, c *ClientWithResponses) error {
	none, err := c.GetReportWithResponse(ctx, "no-such-report", nil)
	if err != nil {
		return fmt.Errorf("a slug that does not exist: %w", err)
	}
	if p := none.ApplicationproblemJSON404; p == nil || p.Code != NOTFOUND {
		return fmt.Errorf("a slug that does not exist: got %s, want NOT_FOUND", none.Body)
	}
	bad, err := c.ListReportsWithResponse(ctx, &ListReportsParams{First: new(int32(500))})
	if err != nil {
		return fmt.Errorf("first: 500: %w", err)
	}
	if p := bad.ApplicationproblemJSON400; p == nil || p.Code != BADUSERINPUT || p.Errors == nil || (*p.Errors)[0].Parameter != "first" {
		return fmt.Errorf("first: 500: got %s, want BAD_USER_INPUT", bad.Body)
	}
	return nil
}

// keys reads with a key that is valid, and with one that is not. /v1 reads live and writes
// nothing: there is no desk here.
func keys(ctx context.Context, url, key string) error {
	no, err := NewClientWithResponses(url, bearer("rt_no"))
	if err != nil {
		return err
	}
	refused, err := no.ListReportsWithResponse(ctx, nil)
	if err != nil || refused.ApplicationproblemJSON401 == nil {
		return fmt.Errorf("a key that is not valid: got %v, %v, want 401", refused, err)
	}
	staff, err := NewClientWithResponses(url, bearer(key))
	if err != nil {
		return err
	}
	all, err := staff.ListReportsWithResponse(ctx, nil)
	if err != nil || all.JSON200 == nil {
		return fmt.Errorf("a key of staff: got %v, %v, want reports", all, err)
	}
	return nil
}
