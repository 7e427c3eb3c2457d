package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/penstock-run/penstock/usercode"
)

// files are partitions of which people and the sensor add the keys.
var files = usercode.NewDynamicPartitions("files")

// A file that is called bad fails, until there is a file that is called mended in the temporary folder.
var readFileOp = usercode.NewOp("read_file", func(ctx context.Context) (string, error) {
	file, _ := usercode.PartitionFrom(ctx)
	if _, err := os.Stat(filepath.Join(os.TempDir(), "mended")); err != nil && file.Key == "bad" {
		return "", errors.New("the file is damaged")
	}
	return file.Key, nil
})

var keepFileOp = usercode.NewTask1("keep_file", func(context.Context, string) error { return nil })

var filing = usercode.NewJob("filing", func(g *usercode.Graph) { keepFileOp(g, readFileOp(g)) }, files,
	usercode.PartitionTags(func(file usercode.Partition) (usercode.Tags, error) { return usercode.Tags{"file": file.Key}, nil }))

// arrivals looks for lines in a file that is called arrivals in the temporary folder: each is the key of a partition.
var arrivals = usercode.NewSensor("arrivals", func(ctx context.Context, last usercode.SensorState) (usercode.SensorResult, error) {
	text, err := os.ReadFile(filepath.Join(os.TempDir(), "arrivals"))
	if errors.Is(err, os.ErrNotExist) {
		return usercode.SensorResult{}, usercode.Skip("no file has arrived")
	}
	if err != nil {
		return usercode.SensorResult{}, err
	}
	names := strings.Fields(string(text))
	result := usercode.SensorResult{Cursor: names[len(names)-1]}
	for _, name := range names {
		if name > last.Cursor {
			usercode.Log(ctx).Info("a file has arrived", "name", name)
			result.Requests = append(result.Requests, usercode.RunRequest{RunKey: name, Partition: name})
		}
	}
	if len(result.Requests) == 0 {
		return usercode.SensorResult{}, usercode.Skip("no file came after %s", last.Cursor)
	}
	result.PartitionKeys = append(result.PartitionKeys, files.Add(names...))
	return result, nil
}, filing, usercode.Every(time.Second))

// The new year comes seldom enough for a test to see no tick that it does not ask for.
var newYear = usercode.NewScheduleFunc("new_year", filing, func(ctx context.Context, tick usercode.Tick) ([]usercode.RunRequest, error) {
	usercode.Log(ctx).Info("a year begins", "year", tick.At.Year())
	return []usercode.RunRequest{{RunKey: tick.At.Format("2006"), Partition: "good", Tags: usercode.Tags{"year": tick.At.Format("2006")}}}, nil
}, usercode.Cron("0 0 1 1 *"), usercode.Zone("America/New_York"), usercode.Description("Looks at the good file when a year begins."))
