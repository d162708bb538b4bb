// SPDX-License-Identifier: Apache-2.0

package main

// Forgeries: what a history would say, had something gone wrong. Each is made of a history that is
// good, in a place where no order of its calls can explain it.

// before: the first was answered before the second began.
func before(one, other *Call) bool {
	return one.ReturnNS < other.CallNS
}

func known(call *Call, op, answer string) bool {
	return call.Op == op && call.Answer == answer
}

// ends is the answered release of a reservation, the only one there is about it; else nil.
func ends(calls []Call, reservation string) *Call {
	var found *Call
	for i := range calls {
		if calls[i].Op == "release" && calls[i].Reservation == reservation {
			if found != nil {
				return nil
			}
			found = &calls[i]
		}
	}
	if found != nil && found.Answer == Released {
		return found
	}
	return nil
}

// place is where a show can be forged: a hold, its release, and a refusal that the hold explains:
// somebody else asked for one of its seats after it was answered and before its release began, was
// told so, and never asked again.
type place struct {
	hold, refused, end *Call
	unknown            int // calls without an answer until then: the fewer, the sooner it is judged
}

// placeFind is the one with the fewest unknown calls before it; false where there is none.
func placeFind(calls []Call) (place, bool) {
	asked := map[string]int{}
	for i := range calls {
		asked[calls[i].Reservation]++
	}
	best, found := place{}, false
	for i := range calls {
		hold := &calls[i]
		if !known(hold, "reserve", Held) || hold.As != hold.Reservation || asked[hold.Reservation] != 2 {
			continue
		}
		here := place{hold: hold, end: ends(calls, hold.Reservation)}
		if here.end == nil {
			continue
		}
		for j := range calls {
			if calls[j].Answer == Unknown && calls[j].CallNS < here.end.ReturnNS {
				here.unknown++
			}
			if refuses(&calls[j], here) && asked[calls[j].Reservation] == 1 {
				here.refused = &calls[j]
			}
		}
		if here.refused != nil && (!found || here.unknown < best.unknown) {
			best, found = here, true
		}
	}
	return best, found
}

func refuses(call *Call, at place) bool {
	return known(call, "reserve", Taken) && call.Buyer != at.hold.Buyer && before(at.hold, call) &&
		before(call, at.end) && shares(at.hold.Seats, call.Taken)
}

// until is what was called before a moment; what was answered later is unknown yet.
func until(calls []Call, moment int64) []Call {
	var made []Call
	for _, call := range calls {
		if call.CallNS > moment {
			continue
		}
		if call.ReturnNS > moment {
			call.Answer, call.As, call.Taken = Unknown, "", nil
		}
		made = append(made, call)
	}
	return made
}

func shares(one, other []int) bool {
	for _, seat := range one {
		for _, another := range other {
			if seat == another {
				return true
			}
		}
	}
	return false
}

// seatTwice: who was refused a seat is told that he holds it.
func seatTwice(at place) {
	at.refused.Answer, at.refused.As, at.refused.Taken = Held, at.refused.Reservation, nil
}

// holdLost: a hold that was answered is not there when it is let go.
func holdLost(at place) {
	at.end.Answer, at.end.As = Missing, ""
}

// answersSwapped: of two who want the same seat, each gets the other's answer.
func answersSwapped(at place) {
	at.refused.Answer, at.refused.As, at.refused.Taken = Held, at.refused.Reservation, nil
	at.hold.Answer, at.hold.As, at.hold.Taken = Taken, "", at.hold.Seats
}

// Forgeries in the order in which they are told.
var Forgeries = []struct {
	Name string
	Make func(place)
}{{"a seat twice", seatTwice}, {"a hold lost", holdLost}, {"answers swapped", answersSwapped}}

// forge makes the forgery of a show's history, up to where it shows.
func forge(calls []Call, number int) ([]Call, bool) {
	found, there := placeFind(calls)
	if !there {
		return nil, false
	}
	made := until(calls, found.end.ReturnNS)
	// The fewest unknown ones is the same place again: nothing before it has changed.
	again, there := placeFind(made)
	if there {
		Forgeries[number].Make(again)
	}
	return made, there
}
