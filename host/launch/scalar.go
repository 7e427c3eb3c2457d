package launch

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// The plain scalars that are not text. Everything else is: dates and times, yes
// and no, on and off, 1_000, 12:30, and numbers with leading zeros, which are
// more often a code that somebody wants to keep.
var (
	decimalScalar = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?$`)
	basedScalar   = regexp.MustCompile(`^[-+]?0(o[0-7]+|x[0-9a-fA-F]+)$`)
	endlessScalar = regexp.MustCompile(`^([-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`)
)

// plainScalar reads a scalar of YAML without quotes, or says why it cannot be used.
func plainScalar(text string) (value any, problem string) {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil, ""
	case "true", "True", "TRUE":
		return true, ""
	case "false", "False", "FALSE":
		return false, ""
	}
	switch {
	case endlessScalar.MatchString(text):
		return nil, text + " is not a number that JSON has; leave it out, or put it in quotes to mean text"
	case basedScalar.MatchString(text):
		return basedNumber(text)
	case decimalScalar.MatchString(text) && strings.ContainsAny(mantissa(text), "0123456789"):
		return decimalNumber(text)
	}
	return text, ""
}

// mantissa is a decimal number without its exponent.
func mantissa(text string) string {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i]
	}
	return text
}

// basedNumber reads an octal or hexadecimal whole number.
func basedNumber(text string) (value any, problem string) {
	if len(text) > MaxNumberBytes {
		return nil, numberTooLong(text)
	}
	n, ok := new(big.Int).SetString(text, 0)
	if !ok {
		return text, ""
	}
	return json.Number(n.String()), ""
}

// decimalNumber brings a decimal number into the one text of its value, with all
// its digits: 1.0 and 1e0 become 1, because a whole number is one however it is
// written; what is very large or small keeps an exponent.
func decimalNumber(text string) (value any, problem string) {
	if len(text) > MaxNumberBytes {
		return nil, numberTooLong(text)
	}
	number, exponentText := mantissa(text), "0"
	if len(number) < len(text) {
		exponentText = text[len(number)+1:]
	}
	exponent, err := strconv.ParseInt(exponentText, 10, 32)
	if err != nil {
		exponent = 1 << 30
	}
	negative := strings.HasPrefix(number, "-")
	whole, fraction, _ := strings.Cut(strings.TrimLeft(number, "+-"), ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	exponent -= int64(len(fraction))
	if trimmed := strings.TrimRight(digits, "0"); trimmed != digits {
		exponent += int64(len(digits) - len(trimmed))
		digits = trimmed
	}
	if digits == "" {
		return json.Number("0"), ""
	}
	// magnitude is the place of the first digit: 1 for 1 to 9, 0 for tenths.
	magnitude := exponent + int64(len(digits))
	if magnitude > 308 || magnitude < -307 {
		return nil, fmt.Sprintf("the number %s is out of range; numbers go from 1e-308 to 1e308 in size", clip(text))
	}
	canonical := layOut(digits, int(magnitude))
	if negative {
		canonical = "-" + canonical
	}
	if len(canonical) > MaxNumberBytes {
		return nil, numberTooLong(canonical)
	}
	return json.Number(canonical), ""
}

// layOut writes 0.DIGITS × 10^magnitude.
func layOut(digits string, magnitude int) string {
	switch {
	case magnitude >= len(digits) && magnitude <= MaxNumberBytes/2:
		return digits + strings.Repeat("0", magnitude-len(digits))
	case magnitude > 0 && magnitude < len(digits):
		return digits[:magnitude] + "." + digits[magnitude:]
	case magnitude == len(digits):
		return digits
	case magnitude <= 0 && magnitude > -6:
		return "0." + strings.Repeat("0", -magnitude) + digits
	}
	out := digits[:1]
	if len(digits) > 1 {
		out += "." + digits[1:]
	}
	return out + "e" + strconv.Itoa(magnitude-1)
}

func numberTooLong(text string) string {
	return fmt.Sprintf("the number %s has %d digits and signs; the limit is %d. Put it in quotes to mean text", clip(text), len(text), MaxNumberBytes)
}

// describe names a value for people: what it is, and the value itself when it is short.
func describe(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case string:
		return "the text " + strconv.Quote(clipBytes(v))
	case json.Number:
		return "the number " + clip(v.String())
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

func scalarTag(value any) string {
	switch v := value.(type) {
	case nil:
		return "!!null"
	case bool:
		return "!!bool"
	case json.Number:
		if strings.ContainsAny(v.String(), ".e") {
			return "!!float"
		}
		return "!!int"
	default:
		return "!!str"
	}
}
