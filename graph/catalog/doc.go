// Package catalog declares what can be read: for each type the filters, the
// orders and the columns they mean, and the edges between types.
//
// It is data for package read. The filters and orders match the inputs and enums of
// schema.graphql; a test checks that.
package catalog
