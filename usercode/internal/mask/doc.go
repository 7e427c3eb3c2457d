// Package mask takes the values of secrets out of everything that leaves a worker: events before they are sent, captured
// output piece by piece, the last words of a process that crashed.
//
// A value is found as it is and in the forms in which programs print it: line by line, quoted, in JSON, in a URL, in
// base64 also as part of something longer, in hexadecimal digits, as a list of bytes. What is neither, such as the value
// backwards or half of it, is not found.
package mask
