// Command genqlient reads a Redthread server with a client that genqlient generated, and checks
// what it gets.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/Khan/genqlient/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: genqlient URL")
		os.Exit(2)
	}
	if err := story(context.Background(), os.Args[1], os.Getenv("REDTHREAD_KEY")); err != nil {
		fmt.Fprintln(os.Stderr, "genqlient:", err)
		os.Exit(1)
	}
	fmt.Println("genqlient 0.8.1: list, pages, report, filter, node, errors, desk, dry run, mutation: as expected")
}

// desk is a transport that reads the desk, with a key of staff. What reads live and what reads
// the desk are two clients.
type desk struct{ key string }

func (d desk) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+d.key)
	r.Header.Set("Redthread-Stage", "DESK")
	return http.DefaultTransport.RoundTrip(r)
}

func story(ctx context.Context, url, key string) error {
	live := graphql.NewClient(url+"/graphql", http.DefaultClient)
	for _, step := range []func(context.Context, graphql.Client) error{pages, one, filtered, failures} {
		if err := step(ctx, live); err != nil {
			return err
		}
	}
	return drafts(ctx, live, graphql.NewClient(url+"/graphql", &http.Client{Transport: desk{key}}))
}

// pages reads two pages, newest first.
func pages(ctx context.Context, c graphql.Client) error {
	var after *string
	var got []ReportsReportsReportConnectionNodesReport
	for range 2 {
		page, err := Reports(ctx, c, 3, after, nil)
		if err != nil {
			return fmt.Errorf("reports: %w", err)
		}
		got = append(got, page.Reports.Nodes...)
		after = page.Reports.PageInfo.EndCursor
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

// one reads a report by slug, and again as a Node.
func one(ctx context.Context, c graphql.Client) error {
	found, err := Report(ctx, c, "reading-a-chain-of-owners")
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	r := found.Report
	if !strings.Contains(r.Body, "<p>") || len(r.Footnotes) == 0 || len(r.Entities.Nodes) == 0 {
		return errors.New("report: want a body in HTML, footnotes and entities")
	}
	node, err := Node(ctx, c, r.Id)
	if err != nil {
		return fmt.Errorf("node: %w", err)
	}
	if node.Node == nil {
		return errors.New("node: got none")
	}
	report, ok := (*node.Node).(*NodeNodeReport)
	if !ok || report.WordCount == 0 || report.DisplayName != r.Title {
		return fmt.Errorf("node: got %T, want the report", *node.Node)
	}
	return nil
}

// filtered builds a filter of Go values. genqlient sends every field that is not set as null;
// a condition that is null is as one that is absent.
func filtered(ctx context.Context, c graphql.Client) error {
	tag := "ownership"
	found, err := Reports(ctx, c, 10, nil, &ReportFilter{Tags: &TagFilter{Slug: &StringFilter{Eq: &tag}}})
	if err != nil {
		return fmt.Errorf("filter: %w", err)
	}
	if n := len(found.Reports.Nodes); n != 2 {
		return fmt.Errorf("filter: got %d reports, want 2", n)
	}
	return nil
}

// failures asks for what is not there, and for what is not right.
func failures(ctx context.Context, c graphql.Client) error {
	none, err := Report(ctx, c, "no-such-report")
	if err != nil || none.Report != nil {
		return fmt.Errorf("a slug that does not exist: got %v, %v, want nil and no error", none, err)
	}
	if _, err := Reports(ctx, c, 500, nil, nil); code(err) != badUserInput {
		return fmt.Errorf("first: 500: got %v, want BAD_USER_INPUT", err)
	}
	// One field fails, and the others are there: err is not nil, and neither is the response.
	part, err := Ambiguous(ctx, c, "rpt_0000000000000", "reading-a-chain-of-owners")
	if code(err) != badUserInput || part == nil || part.Report != nil || len(part.Tags.Nodes) != 1 {
		return fmt.Errorf("a response with data and errors: got %+v, %v", part, err)
	}
	return nil
}

// badUserInput is one of enum ErrorCode. genqlient generates only the types that an operation uses,
// and no field has this one.
const badUserInput = "BAD_USER_INPUT"

// code returns extensions.code of the first error, and "" where there is none.
func code(err error) string {
	list, ok := errors.AsType[gqlerror.List](err)
	if !ok || len(list) == 0 {
		return ""
	}
	text, _ := list[0].Extensions["code"].(string)
	return text
}

// drafts reads a draft, and makes and deletes one.
func drafts(ctx context.Context, live, desk graphql.Client) error {
	const draft = "the-quarry-town-ledger"
	if found, err := Report(ctx, live, draft); err != nil || found.Report != nil {
		return fmt.Errorf("a draft, read live: got %v, %v, want nil", found, err)
	}
	found, err := Report(ctx, desk, draft)
	if err != nil || found.Report == nil {
		return fmt.Errorf("a draft, read on the desk: got %v, %v", found, err)
	}

	slug, body := fmt.Sprintf("made-by-genqlient-%d", time.Now().UnixMilli()), "One claim."
	input := CreateReportInput{Slug: &slug, Kind: ReportKindBrief, Title: "Made by genqlient", Language: "en", Body: &body}
	tried, err := TryCreate(ctx, desk, input)
	if err != nil || tried.CreateReport.Report.Slug != slug {
		return fmt.Errorf("@dryRun: got %v, %v", tried, err)
	}
	made, err := Create(ctx, desk, input)
	if err != nil {
		return fmt.Errorf("createReport: %w", err)
	}
	deleted, err := Delete(ctx, desk, DeleteInput{Id: made.CreateReport.Report.Id, Version: &made.CreateReport.Report.Version})
	if err != nil || deleted.DeleteReport.DeletedId != made.CreateReport.Report.Id {
		return fmt.Errorf("deleteReport: got %v, %v", deleted, err)
	}
	return nil
}
