package main

import "testing"

// TestRetentionRuleIsWrong: a selector is refused as everywhere, and a time as any flag that cannot be read.
func TestRetentionRuleIsWrong(t *testing.T) {
	const url = "127.0.0.1:1" // nothing is asked
	penstock(t, url, "retention", "preview", "--keep", "30d", "--keep", "3d env~=dev").want(t, exitRejected, "", "penstock: --keep \"3d env~=dev\" is not a rule\n"+
		"  env~=dev\n"+
		"     ^\n"+
		"  column 4: expected one of ")
	for _, keep := range []string{"", "  ", "3x", "3x env=dev"} {
		penstock(t, url, "retention", "preview", "--keep", keep).want(t, exitUsage, "", "\nWrite a time such as 30d, or forever, then a selector")
	}
	penstock(t, url, "retention", "preview", "--keep-last", "3").want(t, exitUsage, "", "--keep-last goes with rules to try")
}
