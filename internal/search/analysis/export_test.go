package analysis

var Columns = columns
