package house

import (
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// TestLinksLead follows every relative link of every page: the file is there, and so is the heading.
func TestLinksLead(t *testing.T) {
	names := files(t)
	anchors := map[string][]string{}
	for _, name := range names {
		if path.Ext(name) == ".md" {
			anchors[name] = anchorsOf(string(read(t, name)))
		}
	}
	if len(anchors) == 0 {
		t.Fatal("there are no pages, so nothing would be checked")
	}
	for page := range anchors {
		for _, l := range linksOf(string(read(t, page))) {
			target, anchor, hasAnchor := strings.Cut(l.target, "#")
			file := page
			if target != "" {
				file = path.Join(path.Dir(page), target)
			}
			switch {
			case !isThere(names, file):
				t.Errorf("%s:%d: the link %s leads nowhere: there is no %s", page, l.line, l.target, file)
			case hasAnchor && path.Ext(file) == ".md" && !slices.Contains(anchors[file], anchor):
				t.Errorf("%s:%d: the link %s leads nowhere: %s has no such heading", page, l.line, l.target, file)
			}
		}
	}
}

// isThere reports whether a file, or a folder with files, has the name.
func isThere(names []string, file string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return name == file || strings.HasPrefix(name, file+"/") })
}

type link struct {
	target string
	line   int
}

var (
	linkTarget   = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	absoluteLink = regexp.MustCompile(`^[a-z]+:`)
	headingLine  = regexp.MustCompile(`^#{1,6} (.*)$`)
	codeSpan     = regexp.MustCompile("`[^`]*`")
)

// linksOf are the relative links of a page, images included.
func linksOf(page string) (links []link) {
	eachLineOfProse(page, func(number int, line string) {
		for _, found := range linkTarget.FindAllStringSubmatch(codeSpan.ReplaceAllString(line, "code"), -1) {
			if !absoluteLink.MatchString(found[1]) {
				links = append(links, link{found[1], number})
			}
		}
	})
	return links
}

// anchorsOf are the names by which the headings of a page can be reached, as forges make them.
func anchorsOf(page string) (anchors []string) {
	seen := map[string]int{}
	eachLineOfProse(page, func(_ int, line string) {
		found := headingLine.FindStringSubmatch(line)
		if found == nil {
			return
		}
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, strings.TrimSpace(found[1]))
		if n := seen[anchor]; n > 0 {
			anchors = append(anchors, anchor+"-"+strconv.Itoa(n))
		} else {
			anchors = append(anchors, anchor)
		}
		seen[anchor]++
	})
	return anchors
}

// eachLineOfProse leaves out what stands in fences of code.
func eachLineOfProse(page string, each func(number int, line string)) {
	fenced := false
	for i, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		} else if !fenced {
			each(i+1, line)
		}
	}
}

func TestAnchorsOf(t *testing.T) {
	const page = "# One & two\n```\n# not one\n```\n## `host_too_old`\n## One & two\n### a-b: c, d?\n"
	got, want := anchorsOf(page), []string{"one--two", "host_too_old", "one--two-1", "a-b-c-d"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinksOf(t *testing.T) {
	const page = "[a](b.md#c) `[no](x)` ![p](i.png)\n```\n[no](y)\n```\n[web](https://example.com) [d](#e)\n"
	got, want := linksOf(page), []link{{"b.md#c", 1}, {"i.png", 1}, {"#e", 5}}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
