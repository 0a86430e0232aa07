// Package idempotency remembers the responses to mutations that were sent with an
// idempotency key, so that a client that has lost a response can send the mutation
// again, and it is not done twice.
//
// A key belongs to one credential, and no other learns of it. It is claimed in a
// transaction of the desk before the mutation begins, and the response is stored after it
// has ended. What happens in between decides what a second request with the key gets:
//
//   - the mutation runs: [Error] with Running;
//   - the process has ended before the response was stored: [Error], since it is not
//     known whether the mutation was done. It is never done again under this key;
//   - nothing was committed, whatever the response says: the key is free again;
//   - something was committed, or may have been: the stored response.
//
// A response that is larger than [MaxBody], or that shows a secret (see [Withhold]), is
// not stored; the error of the second request says so. Keys are deleted after [Lifetime]. A
// credential can have [MaxKeys] of them; more are refused, because to delete an earlier one
// would break its promise.
package idempotency
