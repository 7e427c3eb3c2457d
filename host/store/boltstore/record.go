package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Formats of a record, its fifth byte.
const (
	formatPlain byte = 1
	formatZstd  byte = 2
	// formatFolded is zstd of what foldHex made.
	formatFolded byte = 3
)

const (
	recordHeader = 4 + 1
	// Shorter payloads are stored as they are: zstd gains little there and takes longer than the write. Runs are
	// packed by the writer, while others wait, so only large ones are worth it.
	compressFrom    = 512
	compressRunFrom = 2048
	// A record that unpacks to more than this was not written by a store.
	maxUnpacked = 64 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder and decoder are for whole records, which neither keeps goroutines for.
var (
	encoder = sync.OnceValue(func() *zstd.Encoder {
		e, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
		return must(e, err)
	})
	decoder = sync.OnceValue(func() *zstd.Decoder {
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxUnpacked))
		return must(d, err)
	})
)

// must is for constant options, which are wrong always or never.
func must[T any](v T, err error) T {
	if err != nil {
		panic(fmt.Sprintf("boltstore: zstd options: %v", err))
	}
	return v
}

// pack makes the value that is stored under key: CRC32C over the key and the rest, format, payload. The key counts
// because bbolt itself would not notice that it changed.
func pack(key, payload []byte) []byte { return packFrom(compressFrom, key, payload) }

// packFrom is pack with a limit of its own.
func packFrom(compressFrom int, key, payload []byte) []byte {
	return packAs(formatZstd, compressFrom, key, payload)
}

// packFolded is pack for events.
func packFolded(key, payload []byte) []byte { return packAs(formatFolded, compressFrom, key, payload) }

// packAs is pack with a limit and a format of its own, which is that of the payload if it is compressed.
func packAs(format byte, compressFrom int, key, payload []byte) []byte {
	v := make([]byte, recordHeader, recordHeader+len(payload))
	v[4] = formatPlain
	if len(payload) >= compressFrom {
		v[4] = format
		folded := payload
		if format == formatFolded {
			folded = foldHex(payload)
		}
		v = encoder().EncodeAll(folded, v)
	}
	if v[4] == formatPlain || len(v)-recordHeader > len(payload)-len(payload)/8 {
		v = append(v[:recordHeader], payload...)
		v[4] = formatPlain
	}
	binary.BigEndian.PutUint32(v, checksum(key, v[4:]))
	return v
}

// unpack checks a value and returns its payload, which may lie in value itself: decode it before the transaction ends.
func unpack(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < recordHeader {
		return nil, damaged(bucket, key, fmt.Errorf("%d bytes are too few", len(value)))
	}
	if !intact(key, value) {
		return nil, damaged(bucket, key, errors.New("its checksum does not fit"))
	}
	switch value[4] {
	case formatPlain:
		return value[recordHeader:], nil
	case formatZstd, formatFolded:
		payload, err := decoder().DecodeAll(value[recordHeader:], nil)
		if err == nil && value[4] == formatFolded {
			payload, err = unfoldHex(payload)
		}
		if err != nil {
			return nil, damaged(bucket, key, err)
		}
		return payload, nil
	default:
		return nil, damaged(bucket, key, fmt.Errorf("format %d is not known", value[4]))
	}
}

// intact says whether a value is that which was stored under key.
func intact(key, value []byte) bool {
	return len(value) >= recordHeader && binary.BigEndian.Uint32(value) == checksum(key, value[4:])
}

func checksum(key, rest []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, rest)
}
