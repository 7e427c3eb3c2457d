package main

import "testing"

func TestFlagErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"retention", "preview", "--keep-last", "-1"}, `penstock: --keep-last "-1" is not a whole number from 0 on; see penstock retention preview --help`},
		{[]string{"retention", "preview", "--keep-last", "5000000000"}, `penstock: --keep-last "5000000000" is too large; see penstock retention preview --help`},
		{[]string{"run", "list", "--limit", "x\x1b[31m"}, `penstock: --limit "x\x1b[31m" is not a whole number; see penstock run list --help`},
		{[]string{"backup", "--speed", "1.5"}, `penstock: --speed "1.5" is not a whole number from 0 on; see penstock backup --help`},
		{[]string{"run", "list", "--json=maybe"}, `penstock: --json "maybe" is not true or false; see penstock run list --help`},
		{[]string{"check", "--timeout", "5"}, `penstock: --timeout "5" is not a time such as 90s or 2m; see penstock check --help`},
		{[]string{"run", "list", "--nothing"}, "penstock: unknown flag: --nothing; see penstock run list --help"},
		{[]string{"run", "list", "--limit"}, "penstock: flag needs an argument: --limit; see penstock run list --help"},
	} {
		penstock(t, "", c.args...).want(t, exitUsage, "", c.want+"\n")
	}
}
