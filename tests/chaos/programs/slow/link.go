// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"math/rand"
	"net"
	"sync"
	"time"
)

// Directions: from the one who dialled, and back.
const (
	up = iota
	down
	directions
)

const (
	chunkBytes  = 32 << 10
	chunksHeld  = 256 // of a direction of a connection; who sends more waits, as TCP has it
	dialSeconds = 5
)

// weather is what a link is like. A zero one is a good network.
type weather struct {
	latency     time.Duration    // of each direction
	jitter      time.Duration    // up to so much more, drawn for each piece
	bytesPerSec int              // of each direction of each connection; 0: no limit
	lost        [directions]bool // nothing arrives until that is over, and then, as TCP sends again, all of it
}

// link is an address that stands for another.
type link struct {
	target string

	lock    sync.Mutex
	now     weather
	changed chan struct{} // closed when the weather changes
}

func newLink(target string) *link {
	return &link{target: target, changed: make(chan struct{})}
}

func (l *link) set(now weather) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.now = now
	close(l.changed)
	l.changed = make(chan struct{})
}

func (l *link) weather() (weather, chan struct{}) {
	l.lock.Lock()
	defer l.lock.Unlock()
	return l.now, l.changed
}

// await comes back when what was sent at a time, with its share of the jitter, has arrived.
func (l *link) await(direction int, sent time.Time, share float64) weather {
	for {
		now, changed := l.weather()
		if now.lost[direction] {
			<-changed
			continue
		}
		left := time.Until(sent.Add(now.latency + time.Duration(share*float64(now.jitter))))
		if left <= 0 {
			return now
		}
		select {
		case <-time.After(left):
		case <-changed:
		}
	}
}

func (l *link) serve(listener net.Listener) {
	for {
		dialled, err := listener.Accept()
		if err != nil {
			return
		}
		go l.connect(dialled.(*net.TCPConn))
	}
}

func (l *link) connect(dialled *net.TCPConn) {
	l.await(up, time.Now(), 0)
	reached, err := net.DialTimeout("tcp", l.target, dialSeconds*time.Second)
	if err != nil {
		dialled.Close()
		return
	}
	far := reached.(*net.TCPConn)
	var both sync.WaitGroup
	both.Add(2)
	go func() { defer both.Done(); l.carry(up, dialled, far) }()
	go func() { defer both.Done(); l.carry(down, far, dialled) }()
	both.Wait()
	dialled.Close()
	far.Close()
}

type chunk struct {
	bytes []byte
	sent  time.Time
}

// carry moves what comes from one end to the other until there is no more.
func (l *link) carry(direction int, from, to *net.TCPConn) {
	chunks := make(chan chunk, chunksHeld)
	go func() {
		defer close(chunks)
		for {
			bytes := make([]byte, chunkBytes)
			count, err := from.Read(bytes)
			if count > 0 {
				chunks <- chunk{bytes[:count], time.Now()}
			}
			if err != nil {
				if err != io.EOF {
					to.SetLinger(0) // a reset is passed on as one
				}
				return
			}
		}
	}()
	for piece := range chunks {
		now := l.await(direction, piece.sent, rand.Float64())
		if now.bytesPerSec > 0 {
			time.Sleep(time.Duration(float64(len(piece.bytes)) / float64(now.bytesPerSec) *
				float64(time.Second)))
		}
		if _, err := to.Write(piece.bytes); err != nil {
			from.Close()
			for range chunks { // what nobody wants any more
			}
			return
		}
	}
	to.CloseWrite()
}
