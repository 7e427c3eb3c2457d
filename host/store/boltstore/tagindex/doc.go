// Package tagindex finds documents by their terms: which have a value of a key, how many, and what keys and values there
// are. It knows documents by number, and nothing else of them; the store that has them says what their terms are.
package tagindex
