package limits

import "fmt"

// Error is a request that a limit refuses.
type Error struct {
	// Code is the error code for clients, one of the Code constants.
	Code string
	// Message is for clients.
	Message string
	// RetryAfter is after how many seconds the same request may be served; 0
	// where it never is.
	RetryAfter int
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// The codes of an [Error].
const (
	// CodeCostLimit says that the request is beyond a limit of its role.
	CodeCostLimit = "COST_LIMIT"
	// CodeRateLimited says that the quota of a minute is used up.
	CodeRateLimited = "RATE_LIMITED"
	// CodeUnavailable says that too many operations run and wait.
	CodeUnavailable = "UNAVAILABLE"
	// CodeInvalid says that the document is not valid GraphQL.
	CodeInvalid = "GRAPHQL_VALIDATION_FAILED"
)

// overLimit returns the error of a request that is beyond a limit.
func overLimit(format string, args ...any) *Error {
	return &Error{Code: CodeCostLimit, Message: fmt.Sprintf(format, args...)}
}
