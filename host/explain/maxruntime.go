package explain

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// maxRuntime says until when the run may take, if it says so itself.
func maxRuntime(e *Explanation) {
	limit := tag.RuntimeLimit(e.Run.Tags)
	if limit == 0 {
		return
	}
	e.add(Reason{
		Code: CodeMaxRuntime, Since: e.Run.StartedAt, Until: e.Run.StartedAt.Add(limit),
		Message: fmt.Sprintf("the run is ended if it takes longer than %s (tag %s)", host.SpanText(limit), tag.KeyMaxRuntime),
	})
}
