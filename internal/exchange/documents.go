package exchange

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// DocumentsParams describes an import of documents.
type DocumentsParams struct {
	// Publish publishes what this run created or changed, and what is on the desk as the
	// file has it and was never published, as after a run that was interrupted.
	Publish bool
	// Progress, if set, is called after each batch with the number of lines read, and the
	// bytes read and their total, if Size has it.
	Progress func(done, total int)
	Size     int64 // of the file in bytes; 0 if it is not known
	// Problem is called for each line that was not imported, and then for each that was
	// imported and cannot be published.
	Problem func(DocumentProblem)
}

// DocumentProblem is why a line was not imported, or its document not published.
type DocumentProblem struct {
	Line   int
	Err    error
	Fields []domain.FieldError // the fields that are wrong; empty where it is something else
}

// DocumentsResult is what an import of documents did.
type DocumentsResult struct {
	Lines                       int // with a document
	Created, Changed, Unchanged int
	Refused                     int
	Published                   int
	Incomplete                  int   // were saved, and cannot be published
	Sequence                    int64 // of the last release; 0 without one
}

// maxLine bounds a line of a file of documents.
const maxLine = 8 << 20

// documentLine is one document of a file.
type documentLine struct {
	number int
	params editorial.SaveParams
	err    error
}

// ImportDocuments saves documents from newline-delimited JSON: an object a line, with the
// "type" of the document and the fields of the input of its upsert mutation. The rules are
// those of the mutation, except that "slug" is required and that there are no warnings. A
// line may refer to documents of earlier lines. A line that is refused does not stop the
// rest. Lines are read while those before them are written, some hundred at a time.
func ImportDocuments(ctx context.Context, desk *editorial.Desk, r io.Reader, params DocumentsParams) (DocumentsResult, error) {
	im := &documentImport{desk: desk, params: params, lines: map[domain.ID]int{}}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan lineBatch)
	go readLines(ctx, r, batches)
	for batch := range batches {
		if batch.err != nil {
			return im.out, batch.err
		}
		if err := im.save(ctx, batch.lines); err != nil {
			return im.out, fmt.Errorf("line %d: %w", batch.lines[0].number, err)
		}
		if params.Progress != nil {
			params.Progress(int(batch.read), int(max(params.Size, batch.read)))
		}
	}
	if err := ctx.Err(); err != nil {
		return im.out, err
	}
	if params.Publish {
		return im.out, im.publish(ctx)
	}
	return im.out, nil
}

// lineBatch is some lines of a file, and how many bytes were read so far.
type lineBatch struct {
	lines []documentLine
	read  int64
	err   error
}

// readLines sends the lines of a file in batches. It ends with ctx or after an error.
func readLines(ctx context.Context, r io.Reader, batches chan<- lineBatch) {
	defer close(batches)
	send := func(b lineBatch) bool {
		select {
		case batches <- b:
			return true
		case <-ctx.Done():
			return false
		}
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	var batch lineBatch
	number := 0
	for lines.Scan() {
		number++
		text := lines.Bytes()
		batch.read += int64(len(text)) + 1
		if number == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		line := documentLine{number: number}
		line.params, line.err = parseDocument(text)
		if batch.lines = append(batch.lines, line); len(batch.lines) == editorial.MaxSaveAll {
			if !send(batch) {
				return
			}
			batch.lines = nil
		}
	}
	if len(batch.lines) > 0 && !send(batch) {
		return
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = domain.Invalid("line %d is longer than %d MB: each document is one line", number+1, maxLine>>20)
		}
		send(lineBatch{err: err})
	}
}

// parseDocument reads one line.
func parseDocument(text []byte) (editorial.SaveParams, error) {
	if key := repeatedKey(text); key != "" {
		var p domain.Problems
		p.Add(key, "is there twice")
		return editorial.SaveParams{}, p.Err("the line cannot be read")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var fields map[string]any
	if err := d.Decode(&fields); err != nil || fields == nil {
		return editorial.SaveParams{}, domain.Invalid("want a JSON object in one line")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return editorial.SaveParams{}, domain.Invalid("want one JSON object, and nothing behind it")
	}
	name, _ := fields["type"].(string)
	t, ok := domain.ParseType(name)
	if !ok {
		var p domain.Problems
		p.Add("type", "want the type of the document: report, narrative, entity, relationship, tag, source, edition or asset")
		return editorial.SaveParams{}, p.Err("the line names no type of document")
	}
	delete(fields, "type")
	return editorial.SaveParams{Type: t, Mode: editorial.Upsert, Fields: fields}, nil
}

type documentImport struct {
	desk   *editorial.Desk
	params DocumentsParams
	out    DocumentsResult
	saved  []domain.ID       // what was created or changed
	same   []domain.ID       // what was there as the file has it
	lines  map[domain.ID]int // of both, to be published
}

func (im *documentImport) save(ctx context.Context, lines []documentLine) error {
	var docs []editorial.SaveParams
	var numbers []int
	for _, line := range lines {
		im.out.Lines++
		if line.err != nil {
			im.refuse(line.number, line.err)
			continue
		}
		docs, numbers = append(docs, line.params), append(numbers, line.number)
	}
	outcomes, err := im.desk.SaveAll(ctx, docs)
	if err != nil {
		return err
	}
	for i, o := range outcomes {
		switch {
		case o.Err != nil:
			im.refuse(numbers[i], o.Err)
			continue
		case o.Created:
			im.out.Created++
		case o.Changed:
			im.out.Changed++
		default:
			im.out.Unchanged++
			im.note(&im.same, o.ID, numbers[i])
			continue
		}
		im.note(&im.saved, o.ID, numbers[i])
	}
	return nil
}

// note adds a document to a list of those that may have to be published.
func (im *documentImport) note(list *[]domain.ID, id domain.ID, line int) {
	if im.params.Publish && !id.Type().Supporting() {
		*list = append(*list, id)
		im.lines[id] = line
	}
}

func (im *documentImport) refuse(line int, err error) {
	im.out.Refused++
	problem := DocumentProblem{Line: line, Err: err}
	if e, ok := errors.AsType[*domain.Error](err); ok {
		problem.Fields = e.Fields
	}
	if im.params.Problem != nil {
		im.params.Problem(problem)
	}
}

// publish publishes what [DocumentsParams] says. Supporting documents go live with what
// refers to them.
func (im *documentImport) publish(ctx context.Context) error {
	for ids := range slices.Chunk(im.same, maxReleased) {
		statuses, err := im.desk.PublicationStatuses(ctx, ids)
		if err != nil {
			return fmt.Errorf("publish what was imported before: %w", err)
		}
		for _, id := range ids {
			if status, ok := statuses[id]; ok && !status.Published {
				im.saved = append(im.saved, id)
			}
		}
	}
	var names []string
	seen := map[domain.ID]bool{}
	for _, id := range im.saved {
		if !seen[id] {
			seen[id] = true
			names = append(names, id.String())
		}
	}
	message := "imported"
	for batch := range slices.Chunk(names, maxReleased) {
		released, err := im.desk.PublishEach(ctx, editorial.PublishParams{Documents: batch, References: editorial.Omit, Message: &message}, im.incomplete)
		if err != nil {
			return fmt.Errorf("publish what was imported: %w", err)
		}
		im.out.Published += len(released.Published)
		if released.Sequence != 0 {
			im.out.Sequence = released.Sequence
		}
	}
	return nil
}

// incomplete reports that a document was saved, and cannot be published.
func (im *documentImport) incomplete(document string, problems []domain.FieldError) {
	im.out.Incomplete++
	if im.params.Problem == nil {
		return
	}
	fields := make([]domain.FieldError, len(problems))
	for i, f := range problems {
		fields[i] = domain.FieldError{Message: f.Message} // it names the document and its field
	}
	var line int
	if id, err := domain.ParseID(document); err == nil {
		line = im.lines[id]
	}
	err := &domain.Error{Kind: domain.KindInvalid, Message: "the document was saved, and cannot be published", Fields: fields}
	im.params.Problem(DocumentProblem{Line: line, Err: err, Fields: fields})
}
