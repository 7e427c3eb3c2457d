// Package usertest runs jobs in the process of a test: the real engine, without a host, a server or a worker.
//
//	result, err := usertest.Run(t.Context(), dailyCount, &usertest.Options{
//		Config: map[string]any{"report": ReportConfig{Path: t.TempDir()}},
//	})
//	if err != nil {
//		t.Fatal(err)
//	}
//	count, err := usertest.Output[int](result, "count")
//
// [Schedule], [Sensor] and [RunStatusSensor] say what schedules and sensors would launch, [Ticks] when, and [Partition] what
// belongs to the run of a partition. They launch nothing.
package usertest
