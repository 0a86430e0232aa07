package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/errcode"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store"
)

// The directives that make a mutation one transaction, and the bounds of that.
const (
	atomicDirective = "atomic"
	dryRunDirective = "dryRun"

	maxAtomicFields    = 100
	maxAtomicDocuments = 2000
	// Below the 5 s after which the job queue of SQLite, which waits for the same
	// lock, logs errors.
	maxAtomicTime = 4 * time.Second
)

// atomicStatus is the extension "atomic" of a response.
type atomicStatus struct {
	Outcome  string  `json:"outcome"`
	Sequence *int    `json:"sequence"` // null where nothing was published
	State    *string `json:"state"`    // of a release; null where nothing was published
}

// The outcomes of a transaction.
const (
	outcomeCommitted  = "COMMITTED"
	outcomeRolledBack = "ROLLED_BACK"
	outcomeDryRun     = "DRY_RUN"
)

// errRollBack ends the transaction of an operation whose response has errors.
var errRollBack = errors.New("graph: the response has errors")

// isAtomic reports whether an operation is to be one transaction, and whether that is
// a dry run.
func isAtomic(op *graphql.OperationContext) (atomic, dryRun bool) {
	if op.Operation.Operation != ast.Mutation {
		return false, false
	}
	dryRun = op.Operation.Directives.ForName(dryRunDirective) != nil
	return dryRun || op.Operation.Directives.ForName(atomicDirective) != nil, dryRun
}

type dryRunKey struct{}

// showsSecret is why a mutation is not possible in a dry run.
const showsSecret = "it shows a secret, which would not be valid"

// refuseInTransaction returns an error where the operation of ctx is one transaction and
// a mutation cannot be a part of it: in any transaction, or in a dry run alone. It asks
// for the mutation's right first.
func refuseInTransaction(ctx context.Context, right domain.Right, onlyDryRun bool, why string) error {
	if _, err := domain.Require(ctx, right); err != nil {
		return err
	}
	return notInTransaction(ctx, onlyDryRun, why)
}

// notInTransaction is refuseInTransaction for a viewer whose right was asked for before.
func notInTransaction(ctx context.Context, onlyDryRun bool, why string) error {
	dryRun := ctx.Value(dryRunKey{}) != nil
	switch {
	case dryRun:
		return domain.Invalid("%s is not possible with @dryRun: %s", fieldName(ctx), why)
	case store.Joined(ctx) && !onlyDryRun:
		return domain.Invalid("%s is not possible with @atomic: %s", fieldName(ctx), why)
	}
	return nil
}

// atomically runs a mutation as one transaction, with respond for each attempt. respond
// runs under a response context of its own.
func (s stagedSchema) atomically(ctx context.Context, op *graphql.OperationContext, dryRun bool, respond graphql.ResponseHandler) *graphql.Response {
	directive := "@" + atomicDirective
	if dryRun {
		directive = "@" + dryRunDirective
		ctx = context.WithValue(ctx, dryRunKey{}, true)
	}
	fields := graphql.CollectFields(op, op.Operation.SelectionSet, []string{"Mutation"})
	if len(fields) > maxAtomicFields {
		graphql.AddError(ctx, costError("a mutation with %s may have at most %d fields, and not %d", directive, maxAtomicFields, len(fields)))
		return &graphql.Response{}
	}
	var response *graphql.Response
	run := func(ctx context.Context) error {
		ctx = bounded.Restart(graphql.WithFreshResponseContext(ctx))
		response = respond(ctx)
		response.Errors = append(response.Errors, graphql.GetErrors(ctx)...)
		response.Extensions = graphql.GetExtensions(ctx)
		if !dryRun && (len(response.Errors) > 0 || bounded.Exceeded(ctx)) {
			return errRollBack
		}
		return nil
	}
	params := editorial.TransactionParams{
		Name:         cmp.Or(op.Operation.Name, "a mutation") + ": " + domain.Count(len(fields), "field", "fields"),
		MaxDocuments: maxAtomicDocuments, Time: maxAtomicTime,
	}
	status := atomicStatus{Outcome: outcomeCommitted}
	var err error
	if dryRun {
		status.Outcome = outcomeDryRun
		err = s.desk.DryRun(ctx, params, run)
	} else {
		var result editorial.TransactionResult
		result, err = s.desk.Transact(ctx, params, run)
		status.setRelease(result)
	}
	if response == nil { // nothing was run
		graphql.AddError(ctx, err)
		return &graphql.Response{}
	}
	for name, value := range response.Extensions {
		graphql.RegisterExtension(ctx, name, value)
	}
	if err != nil {
		response.Data = json.RawMessage("null")
		if !isReported(response.Errors, err) {
			if len(response.Errors) == 0 && !bounded.Exceeded(ctx) {
				graphql.AddError(ctx, err)
				return response // the commit failed, and may be durable all the same
			}
			// First, because what is too much of the errors is cut.
			own := graphql.WithFreshResponseContext(ctx)
			graphql.AddError(own, err)
			response.Errors = append(graphql.GetErrors(own), response.Errors...)
		}
		status.Outcome = outcomeRolledBack
	}
	graphql.RegisterExtension(ctx, "atomic", status)
	return response
}

func (s *atomicStatus) setRelease(result editorial.TransactionResult) {
	if result.Sequence != 0 {
		sequence, state := int(result.Sequence), releaseState(result.Applied)
		s.Sequence, s.State = &sequence, &state
	}
}

// isReported reports whether the errors of fields say already why a transaction was
// rolled back.
func isReported(errs gqlerror.List, err error) bool {
	if errors.Is(err, errRollBack) {
		return true
	}
	message := err.Error()
	if known, ok := errors.AsType[*domain.Error](err); ok {
		message = known.Message
	} else if limit, ok := errors.AsType[*store.DocumentLimitError](err); ok {
		message = limit.Error()
	}
	return slices.ContainsFunc(errs, func(e *gqlerror.Error) bool { return e.Message == message })
}

// costError returns an error with the code COST_LIMIT.
func costError(format string, args ...any) *gqlerror.Error {
	err := gqlerror.Errorf(format, args...)
	errcode.Set(err, limits.CodeCostLimit)
	return err
}
