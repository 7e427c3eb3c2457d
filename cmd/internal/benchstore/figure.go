package main

import (
	"fmt"
	"os"
	"slices"
	"time"
)

// line prints a benchmark line with its figures, each a value and a unit.
func (b *bench) line(name string, n int, figures ...figure) {
	fmt.Fprintf(b.out, "BenchmarkStore/%s\t%d", name, n)
	for _, f := range figures {
		fmt.Fprintf(b.out, "\t%.6g %s", f.value, f.unit)
	}
	fmt.Fprintln(b.out)
}

// figure is a value with its unit.
type figure struct {
	value float64
	unit  string
}

// sayf tells people what goes on; tables are made of other lines.
func (b *bench) sayf(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%8s  %s\n", time.Since(b.began).Round(time.Second), fmt.Sprintf(format, args...))
}

// quantile returns a quantile of times in milliseconds.
func quantile(took []time.Duration, q float64) float64 {
	if len(took) == 0 {
		return 0
	}
	took = slices.Sorted(slices.Values(took))
	return took[min(len(took)-1, int(q*float64(len(took))))].Seconds() * 1e3
}

// timed calls f n times.
func timed(n int, f func(i int) error) (took []time.Duration, err error) {
	for i := range n {
		began := time.Now()
		if err := f(i); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}
