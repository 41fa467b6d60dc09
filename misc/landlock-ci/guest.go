// Copyright 2026 The Go Authors. All rights reserved.
// Use of this source code is governed by a BSD-style
// license that can be found in the LICENSE file.

package main

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"sync"
)

// A guest is told what to do by the file jobFile of its initramfs, and reports
// in records on a port of its own, apart from the console.

// guestInit is the path of landlock-ci in the guest. Run under this name as the
// first process, it calls guestMain.
const (
	guestInit = "/init"
	jobFile   = "/job.json"
)

// guestMain is the main function of the guest, set where there can be one.
var guestMain func()

// A job is what a guest does.
type job struct {
	Results string      // device to write the records to
	Steps   []guestStep // in this order
}

// A guestStep is one program that a guest runs.
type guestStep struct {
	Name string   // for the reader
	Args []string // path of the program and its arguments
	Env  []string
	Dir  string
	User bool // run as an ordinary user rather than root
}

// The ordinary user of a guest. Both IDs are this number.
const guestUser = 1000

// A record is what a guest reports.
type record struct {
	Seq    int    // counts up from 0: none is missing
	Kind   string // one of the kinds below
	Step   int    `json:",omitempty"` // index in the job, of recStdout, recStderr and recExit
	Status int    `json:",omitempty"` // of recExit: exit status, or 128 plus the signal
	Data   []byte `json:",omitempty"`
}

const (
	recHello  = "hello"  // the guest runs the kernel release Data
	recStart  = "start"  // a step starts
	recStdout = "stdout" // a step wrote Data to standard output
	recStderr = "stderr" // a step wrote Data to standard error
	recExit   = "exit"   // a step ended; Data is how, if it did not exit by itself
	recLog    = "log"    // the kernel logged Data after recHello
	recDone   = "done"   // all is done and reported
)

// consoleMark is printed on the console when the guest starts its job.
// What the kernel says before is of no interest.
const consoleMark = "landlock-ci: guest: started"

// recordPrefix starts a record's line. A line rather than a binary frame passes
// through any terminal driver and can be read when a guest is run by hand.
const recordPrefix = "landlock-ci "

// A recordWriter writes records, each as one line with a checksum.
type recordWriter struct {
	mu  sync.Mutex
	w   io.Writer
	seq int
}

func (w *recordWriter) write(rec record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	rec.Seq = w.seq
	w.seq++
	data, err := json.Marshal(rec)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w.w, "%s%08x %s\n", recordPrefix, crc32.ChecksumIEEE(data), data)
	return err
}

// A recordReader takes records apart. It ignores what stands between them, as
// firmware, and on some machines the kernel, may print there.
type recordReader struct {
	seq  int
	rest string
}

// next returns the records that data, which follows what was read before,
// completes. The error says that something was lost or damaged on the way.
func (r *recordReader) next(data []byte) (recs []record, err error) {
	r.rest += string(data)
	for {
		line, rest, ok := strings.Cut(r.rest, "\n")
		if !ok {
			return recs, nil
		}
		r.rest = rest
		_, line, ok = strings.Cut(strings.TrimSuffix(line, "\r"), recordPrefix)
		if !ok {
			continue
		}
		sum, text, _ := strings.Cut(line, " ")
		var rec record
		if sum != fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(text))) || json.Unmarshal([]byte(text), &rec) != nil {
			return recs, fmt.Errorf("record %d is damaged: %.80q", r.seq, line)
		}
		if rec.Seq != r.seq {
			return recs, fmt.Errorf("record %d is missing", r.seq)
		}
		r.seq++
		recs = append(recs, rec)
	}
}
