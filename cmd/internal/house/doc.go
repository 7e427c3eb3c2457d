// Package house holds no code: its tests check what every package of this module has to keep to, which is who may import
// whom, what loads in a worker, how long a file is, and what must not be committed.
package house
