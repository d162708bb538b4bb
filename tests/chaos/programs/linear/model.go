// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"sort"

	"github.com/anishathalye/porcupine"
)

// What a seat map does, if calls happen one after the other: who holds which seat of a show, and
// which reservations it has known. It shares nothing with the core but reservation/README.md.

// Answers of a call; what is not among them cannot be told apart from no answer.
const (
	Unknown  = "unknown"  // 202, 5xx, or no answer: it may have happened, then or later, or not
	Held     = "held"     // the reservation `as` holds these seats
	Released = "released" // the reservation is known, and holds nothing any more
	Taken    = "taken"    // refused: `taken` are other people's
	Limit    = "limit"    // refused: the buyer has as many as anybody may
	Missing  = "missing"  // there is no such reservation
)

// Call is a line of a history.
type Call struct {
	Show        string `json:"show"`
	Buyer       int    `json:"buyer"`
	Op          string `json:"op"` // reserve or release
	Reservation string `json:"reservation"`
	Seats       []int  `json:"seats"` // of reserve
	CallNS      int64  `json:"call"`
	ReturnNS    int64  `json:"return"` // what the clock said; means nothing for an unknown one
	Answer      string `json:"answer"`
	As          string `json:"as"`    // of Held and Released: the reservation that was told
	Taken       []int  `json:"taken"` // of Taken
}

// show: what is the same in all states of it.
type show struct {
	limit        int
	seats        int
	reservations []reservation
	index        map[string]int
}

type reservation struct {
	buyer int
	seats []int
}

type input struct {
	show        *show
	release     bool
	buyer       int
	reservation int
	seats       []int
}

type output struct {
	answer string
	as     int // index, or -1: one that no call has asked for
	taken  []int
}

const (
	none byte = iota
	holds
	ended
)

// state is never changed once it is made.
type state struct {
	reservations []byte  // none, holds, ended
	owner        []int16 // of a seat: a reservation, or free
}

const free = -1

func newState(s *show) *state {
	made := &state{make([]byte, len(s.reservations)), make([]int16, s.seats)}
	for seat := range made.owner {
		made.owner[seat] = free
	}
	return made
}

func (s *state) with(reservation int, now byte, seats []int, owner int16) *state {
	made := &state{append([]byte(nil), s.reservations...), append([]int16(nil), s.owner...)}
	made.reservations[reservation] = now
	for _, seat := range seats {
		made.owner[seat] = owner
	}
	return made
}

// twin is the reservation of this buyer that holds exactly these seats, or -1.
func (s *state) twin(in input) int {
	owner := s.owner[in.seats[0]]
	if owner == free || in.show.reservations[owner].buyer != in.buyer ||
		len(in.show.reservations[owner].seats) != len(in.seats) {
		return -1
	}
	for _, seat := range in.seats {
		if s.owner[seat] != owner {
			return -1
		}
	}
	return int(owner)
}

func (s *state) held(in input) int {
	count := 0
	for _, owner := range s.owner {
		if owner != free && in.show.reservations[owner].buyer == in.buyer {
			count++
		}
	}
	return count
}

func (s *state) taken(seats []int) []int {
	var found []int
	for _, seat := range seats {
		if s.owner[seat] != free {
			found = append(found, seat)
		}
	}
	return found
}

func same(one, other []int) bool {
	if len(one) != len(other) {
		return false
	}
	for i := range one {
		if one[i] != other[i] {
			return false
		}
	}
	return true
}

func (s *state) reserve(in input) (output, *state) {
	switch s.reservations[in.reservation] {
	case holds:
		return output{answer: Held, as: in.reservation}, s
	case ended:
		return output{answer: Released, as: in.reservation}, s
	}
	if twin := s.twin(in); twin >= 0 {
		return output{answer: Held, as: twin}, s
	}
	if s.held(in)+len(in.seats) > in.show.limit {
		return output{answer: Limit}, s
	}
	if taken := s.taken(in.seats); taken != nil {
		return output{answer: Taken, taken: taken}, s
	}
	return output{answer: Held, as: in.reservation},
		s.with(in.reservation, holds, in.seats, int16(in.reservation))
}

func (s *state) release(in input) (output, *state) {
	switch s.reservations[in.reservation] {
	case none:
		return output{answer: Missing}, s
	case ended:
		return output{answer: Released, as: in.reservation}, s
	}
	return output{answer: Released, as: in.reservation},
		s.with(in.reservation, ended, in.show.reservations[in.reservation].seats, free)
}

func step(s *state, in input, out output) (bool, *state) {
	must, next := output{}, s
	if in.release {
		must, next = s.release(in)
	} else {
		must, next = s.reserve(in)
	}
	if out.answer == Unknown {
		return true, next
	}
	good := out.answer == must.answer
	if good && (out.answer == Held || out.answer == Released) {
		good = out.as == must.as
	}
	if good && out.answer == Taken {
		good = same(out.taken, must.taken)
	}
	return good, next
}

func equal(one, other *state) bool {
	if one == other {
		return true
	}
	if !bytes.Equal(one.reservations, other.reservations) {
		return false
	}
	for seat, owner := range one.owner {
		if owner != other.owner[seat] {
			return false
		}
	}
	return true
}

func model(s *show) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return newState(s) },
		Step: func(at, in, out interface{}) (bool, interface{}) {
			return step(at.(*state), in.(input), out.(output))
		},
		Equal: func(one, other interface{}) bool { return equal(one.(*state), other.(*state)) },
		Hash: func(at interface{}) uint64 {
			sum := fnv.New64a()
			_, _ = sum.Write(at.(*state).reservations)
			return sum.Sum64()
		},
	}
}

// history makes a show and its operations of calls.
//
// Calls of one kind about one reservation that were not answered are one operation, begun by the
// first: at most one of them changes anything, and none of them tells anything. It ends with the
// first answer that says that it has no effect any more, because the reservation is known, or ended;
// without one, never. Where no answer tells of the reservation at all, it may as well not have
// happened: `all` says whether those are there too. Who finds an order without them has found
// one with them, at the end; who finds none has to look again.
func history(calls []Call, limit int, all bool) (*show, []porcupine.Operation, error) {
	s := showOf(calls, limit)
	over, last := overs(calls)
	var operations []porcupine.Operation
	asked := map[string]int{}
	for _, call := range calls {
		operation, err := operationOf(s, call)
		if err != nil {
			return nil, nil, err
		}
		if call.Answer == Unknown {
			what := call.Op + " " + call.Reservation
			if at, there := asked[what]; there {
				operations[at].Call = minimum(operations[at].Call, call.CallNS)
				continue
			}
			moment, there := over[what]
			_, told := over["reserve "+call.Reservation]
			if !told && !all {
				continue
			}
			if !there {
				moment = last + 1
			}
			operation.Return = maximum(moment, call.CallNS)
			asked[what] = len(operations)
		}
		operations = append(operations, operation)
	}
	return s, operations, nil
}

func showOf(calls []Call, limit int) *show {
	s := &show{limit: limit, index: map[string]int{}}
	for _, call := range calls {
		if call.Op != "reserve" {
			continue
		}
		if _, known := s.index[call.Reservation]; !known {
			s.index[call.Reservation] = len(s.reservations)
			s.reservations = append(s.reservations, reservation{call.Buyer, sorted(call.Seats)})
		}
		for _, seat := range call.Seats {
			if seat >= s.seats {
				s.seats = seat + 1
			}
		}
	}
	return s
}

// overs: when an unanswered call of a kind about a reservation has no effect any more; and the last
// moment of all.
func overs(calls []Call) (map[string]int64, int64) {
	over, last := map[string]int64{}, int64(0)
	put := func(what string, moment int64) {
		if before, there := over[what]; !there || moment < before {
			over[what] = moment
		}
	}
	for _, call := range calls {
		last = maximum(last, maximum(call.CallNS, call.ReturnNS))
		if call.Answer == Held || call.Answer == Released {
			put("reserve "+call.As, call.ReturnNS)
		}
		if call.Answer == Released {
			put("release "+call.As, call.ReturnNS)
		}
	}
	return over, last
}

func operationOf(s *show, call Call) (porcupine.Operation, error) {
	about, known := s.index[call.Reservation]
	if !known {
		return porcupine.Operation{}, fmt.Errorf("%s was never asked for", call.Reservation)
	}
	out := output{answer: call.Answer, as: -1, taken: sorted(call.Taken)}
	if as, told := s.index[call.As]; told {
		out.as = as
	}
	return porcupine.Operation{
		ClientId: call.Buyer,
		Input:    input{s, call.Op == "release", call.Buyer, about, s.reservations[about].seats},
		Call:     call.CallNS,
		Output:   out,
		Return:   call.ReturnNS,
	}, nil
}

func sorted(seats []int) []int {
	made := append([]int(nil), seats...)
	sort.Ints(made)
	return made
}

func minimum(one, other int64) int64 {
	if one < other {
		return one
	}
	return other
}

func maximum(one, other int64) int64 {
	if one > other {
		return one
	}
	return other
}
