// Command benchtable passes on what go test -bench prints, and then prints the figures that have a goal as a table: what
// was measured, the goal, and PASS or what is missing. It never fails because of a figure: a machine that others share
// proves nothing, and a slow one is no mistake in the code.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "benchtable:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	results := map[key][]float64{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		read(lines.Text(), results)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the results: %w", err)
	}
	return table(out, results)
}

// key names a figure: a benchmark, without the number of CPUs, and a unit.
type key struct{ benchmark, unit string }

// read adds the figures of a line, "BenchmarkName-8  N  value unit  value unit …".
func read(line string, results map[key][]float64) {
	fields := strings.Fields(line)
	if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
		return
	}
	name := strings.TrimPrefix(fields[0], "Benchmark")
	if at := strings.LastIndexByte(name, '-'); at > 0 {
		if _, err := strconv.Atoi(name[at+1:]); err == nil {
			name = name[:at]
		}
	}
	for i := 2; i+1 < len(fields); i += 2 {
		value, err := strconv.ParseFloat(fields[i], 64)
		if err != nil {
			return
		}
		k := key{name, fields[i+1]}
		results[k] = append(results[k], value)
	}
}

// table prints the goals that were measured, each with the median of what was.
func table(out io.Writer, results map[key][]float64) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	printed := false
	for _, g := range slices.Concat(goals, storeGoals) {
		values := results[key{g.benchmark, g.unit}]
		if len(values) == 0 {
			continue
		}
		if !printed {
			fmt.Fprintln(out)
			fmt.Fprintln(w, "WHAT\tMEASURED\tGOAL\t")
			printed = true
		}
		value := median(values) * g.scale()
		fmt.Fprintf(w, "%s\t%s %s\t%s\t%s\n", g.what, number(value), g.shown, g.text(), g.verdict(value))
	}
	return w.Flush()
}

func median(values []float64) float64 {
	values = slices.Sorted(slices.Values(values))
	if n := len(values); n%2 == 0 {
		return (values[n/2-1] + values[n/2]) / 2
	}
	return values[len(values)/2]
}

// number writes three digits that count.
func number(n float64) string {
	switch {
	case n >= 1000:
		return strconv.FormatFloat(n, 'f', 0, 64)
	default:
		return strconv.FormatFloat(n, 'g', 3, 64)
	}
}
