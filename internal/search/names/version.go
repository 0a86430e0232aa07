package names

// Version changes whenever the same name would give other forms or keys; the search index stores it.
const Version = 2
