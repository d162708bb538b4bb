/* SPDX-License-Identifier: Apache-2.0
 *
 * One partition of seatlog.events, which fences itself: deciders that claim it, producers that lose,
 * double and delay records, a group that changes its mind, a log that may lose its tail, and the
 * reader's rule. run.py checks it, and refutes each weakening of the rule:
 *
 *   NO_TERM NO_NONCE NO_PREV NO_INDEX NO_LAST FOLD_SHORT SNAPSHOT_AHEAD DEAF
 *
 * What a decision says depends on the state that it was made on and on who makes it, as if every
 * decider had a logic version of its own: a decision on another state than the log's shows.
 */
#ifndef DECIDERS
#define DECIDERS 2
#endif
#ifndef COMMANDS
#define COMMANDS 3
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef SNAPSHOTS
#define SNAPSHOTS 1
#endif
#define LOG_MAX 24
#define QUEUE_MAX 3
#define NOWHERE 31

/* A command leads to one event or, every second one, to two. */
#define EVENTS(command) (1 + ((command) & 1))
#define AFTER(state, by) (((state) << 2) | ((by) + 1))

/* A claim, or an event with what its header says. */
typedef entry {
    bit claim;
    bit last;
    bit index;
    unsigned term : 5;
    unsigned nonce : 3;
    unsigned prev : 2;
    unsigned by : 2;   /* who decided */
    unsigned seen : 6  /* the state it was decided on */
};

typedef reader {
    unsigned at : 5;
    unsigned term : 5;
    unsigned nonce : 3;
    unsigned cursor : 2;
    unsigned held : 2; /* events of the command under way */
    unsigned by : 2;   /* and who decided it */
    unsigned state : 6
};

mtype = { IDLE, READY, DECIDING };
typedef decider {
    mtype phase;
    bit assigned; /* as it has heard */
    bit failed;   /* a delivery, as it will hear */
    bit again;    /* it has had a term of this assignment: asks the group before it claims */
    unsigned queued : 2;
    unsigned term : 5;
    unsigned nonce : 3;
    unsigned landed : 5; /* offset of its last record that it knows of */
    unsigned cursor : 2;
    unsigned state : 6;
    entry queue[QUEUE_MAX]
};

entry log[LOG_MAX];
unsigned log_end : 5;
reader sound;    /* has read everything by the rule: what counts */
reader snapshot; /* what deciders begin with */
decider who[DECIDERS];
unsigned owner : 2;       /* as the group has it */
unsigned claims : 3;      /* nonces drawn */
unsigned faults : 3 = FAULTS;
unsigned snapshots : 2 = SNAPSHOTS;
bit delayed_is;           /* a record that lands some time */
entry delayed;

#if defined(NO_TERM)
#define OF_TERM(r) true
#elif defined(NO_NONCE)
#define OF_TERM(r) (log[r.at].term == r.term)
#else
#define OF_TERM(r) (log[r.at].term == r.term && log[r.at].nonce == r.nonce)
#endif
#ifdef NO_PREV
#define EXTENDS(r) true
#else
#define EXTENDS(r) (log[r.at].prev == r.cursor)
#endif
#ifdef NO_INDEX
#define IS_NEXT(r) true
#else
#define IS_NEXT(r) (log[r.at].index == r.held)
#endif
#ifdef NO_LAST
#define COMPLETES(r) true
#else
#define COMPLETES(r) (log[r.at].last)
#endif

#define MAY_CLAIM(me) (who[me].assigned && (!who[me].again || owner == me))

#define COPY_ENTRY(to, from)                                                                       \
    to.claim = from.claim; to.last = from.last; to.index = from.index; to.term = from.term;        \
    to.nonce = from.nonce; to.prev = from.prev; to.by = from.by; to.seen = from.seen
#define ZERO_ENTRY(e)                                                                              \
    e.claim = 0; e.last = 0; e.index = 0; e.term = 0; e.nonce = 0; e.prev = 0; e.by = 0; e.seen = 0
#define COPY_READER(to, from)                                                                      \
    to.at = from.at; to.term = from.term; to.nonce = from.nonce; to.cursor = from.cursor;          \
    to.held = from.held; to.by = from.by; to.state = from.state
#define RESET_READER(r)                                                                            \
    r.at = 0; r.term = NOWHERE; r.nonce = 0; r.cursor = 0; r.held = 0; r.by = 0; r.state = 0

/* Asserts a fact, and tells before it fails what is wrong. */
#define DEMAND(fact, otherwise)                                                                    \
    if                                                                                             \
    :: fact                                                                                        \
    :: else ->                                                                                     \
        printf(otherwise);                                                                         \
        assert(false)                                                                              \
    fi

/* The rule, for the record at r.at. */
inline read_one(r, told) {
    if
    :: log[r.at].claim ->
        r.term = r.at; r.nonce = log[r.at].nonce; r.held = 0; r.by = 0
    :: else ->
        if
        :: OF_TERM(r) && EXTENDS(r) && IS_NEXT(r) ->
            DEMAND(!told || r.held == 0 || log[r.at].by == r.by,
                   "tell: violated: half a command is of one decider, half of another\n");
            r.held++;
            r.by = log[r.at].by;
            if
            :: COMPLETES(r) ->
                if
                :: told -> printf("tell: command %d is delivered\n", log[r.at].prev)
                :: else
                fi;
                DEMAND(!told || r.held == EVENTS(log[r.at].prev),
                       "tell: violated: a command is not delivered whole, or with an event twice\n");
                DEMAND(!told || log[r.at].prev == r.cursor,
                       "tell: violated: a command is delivered twice, or one is passed over\n");
                DEMAND(!told || log[r.at].seen == r.state,
                       "tell: violated: a command was decided on another state than the log's\n");
                r.state = AFTER(r.state, log[r.at].by);
                r.cursor = log[r.at].prev + 1;
                r.held = 0;
                r.by = 0
            :: else
            fi
        :: else -> /* stale */
            if
            :: told -> printf("tell: readers skip it\n")
            :: else
            fi
        fi
    fi;
    r.at++
}

inline append(e) {
    assert(log_end < LOG_MAX);
    COPY_ENTRY(log[log_end], e);
    log_end++;
    if
    :: e.claim -> printf("tell: offset %d: a claim, nonce %d\n", log_end - 1, e.nonce)
    :: else -> printf("tell: offset %d: event %d of command %d, term %d, by decider %d\n", log_end - 1,
                      e.index, e.prev, e.term, e.by)
    fi;
    read_one(sound, true)
}

inline give_up(me) {
    who[me].phase = IDLE;
    who[me].failed = 0;
    who[me].again = who[me].assigned;
    if
    :: faults > 0 && !delayed_is && who[me].queued > 0 -> /* one request is on its way already */
        faults--;
        delayed_is = 1;
        COPY_ENTRY(delayed, who[me].queue[0]);
        printf("tell: decider %d ends its term, one record is still on its way\n", me)
    :: true ->
        printf("tell: decider %d ends its term\n", me)
    fi;
    who[me].queued = 0;
    ZERO_ENTRY(who[me].queue[0]); ZERO_ENTRY(who[me].queue[1]); ZERO_ENTRY(who[me].queue[2]);
    who[me].term = 0; who[me].nonce = 0; who[me].landed = 0; who[me].cursor = 0; who[me].state = 0
}

/* The snapshot and what the log has after it, up to the offset `to`. */
inline fold(me, to) {
    COPY_READER(mine, snapshot);
    do
    :: mine.at < to -> read_one(mine, false)
    :: else -> break
    od;
    who[me].cursor = mine.cursor;
    who[me].state = mine.state;
    RESET_READER(mine)
}

inline stake_claim(me) {
    assert(claims < 7);
    claims++;
    ZERO_ENTRY(made);
    made.claim = 1; made.nonce = claims;
    if
    :: true ->
        append(made);
        who[me].term = log_end - 1; who[me].nonce = claims; who[me].landed = log_end - 1;
        who[me].phase = DECIDING;
#ifndef FOLD_SHORT
        fold(me, log_end);
#endif
        printf("tell: decider %d has claimed: term %d, goes on with command %d\n", me, who[me].term,
               who[me].cursor)
    :: faults > 0 ->
        faults--;
        append(made);
        printf("tell: decider %d does not hear that its claim has landed\n", me);
        give_up(me)
    :: faults > 0 && !delayed_is ->
        faults--;
        delayed_is = 1;
        COPY_ENTRY(delayed, made);
        printf("tell: decider %d gives up on its claim, which is on its way\n", me);
        give_up(me)
    fi;
    ZERO_ENTRY(made)
}

inline enqueue(me, i) {
    who[me].queue[who[me].queued].claim = 0;
    who[me].queue[who[me].queued].last = (i + 1 == EVENTS(who[me].cursor));
    who[me].queue[who[me].queued].index = i;
    who[me].queue[who[me].queued].term = who[me].term;
    who[me].queue[who[me].queued].nonce = who[me].nonce;
    who[me].queue[who[me].queued].prev = who[me].cursor;
    who[me].queue[who[me].queued].by = me;
    who[me].queue[who[me].queued].seen = who[me].state;
    who[me].queued++
}

inline decide(me) {
    printf("tell: decider %d decides command %d\n", me, who[me].cursor);
    enqueue(me, 0);
    if
    :: EVENTS(who[me].cursor) == 2 -> enqueue(me, 1)
    :: else
    fi;
    who[me].state = AFTER(who[me].state, me);
    who[me].cursor = who[me].cursor + 1
}

proctype Decider(byte me) {
    reader mine;
    entry made;
    RESET_READER(mine);
    ZERO_ENTRY(made);
end:
    do
#ifdef FOLD_SHORT
    :: atomic { who[me].phase == IDLE && MAY_CLAIM(me) ->
        fold(me, log_end);
        who[me].phase = READY;
        printf("tell: decider %d has folded up to offset %d\n", me, log_end) }
    :: atomic { who[me].phase == READY && MAY_CLAIM(me) -> stake_claim(me) }
#else
    :: atomic { who[me].phase == IDLE && MAY_CLAIM(me) -> stake_claim(me) }
#endif
    :: atomic { who[me].phase == DECIDING && who[me].assigned && !who[me].failed &&
                who[me].cursor < COMMANDS &&
                who[me].queued + EVENTS(who[me].cursor) <= QUEUE_MAX -> decide(me) }
    :: atomic { who[me].phase == DECIDING && who[me].failed ->
        printf("tell: decider %d hears that a record was not delivered\n", me);
        give_up(me) }
    :: atomic { who[me].phase == DECIDING && !who[me].assigned ->
        printf("tell: decider %d hears that the partition is no longer its own\n", me);
        give_up(me) }
    od
}

inline dequeue(me) {
    COPY_ENTRY(who[me].queue[0], who[me].queue[1]);
    COPY_ENTRY(who[me].queue[1], who[me].queue[2]);
    ZERO_ENTRY(who[me].queue[2]);
    who[me].queued--
}

/* The delivery report of the record at the log's end. */
inline report(me) {
    i = who[me].landed + 1;
    deposed = (log_end - 1 < i);
    do
    :: i < log_end - 1 ->
        deposed = deposed || log[i].claim;
        i++
    :: else -> break
    od;
    i = 0;
    if
#ifndef DEAF
    :: deposed ->
        printf("tell: decider %d sees that records before its own are not its own\n", me);
        give_up(me)
#endif
    :: else -> who[me].landed = log_end - 1
    fi;
    deposed = 0
}

/* One producer: keeps order, unless something is lost on the way. */
proctype Producer(byte me) {
    byte i;
    bit deposed;
    i = 0;
end:
    do
    :: atomic { who[me].queued > 0 ->
        append(who[me].queue[0]);
        dequeue(me);
        report(me) }
    :: atomic { who[me].queued > 0 && faults > 0 ->
        faults--;
        printf("tell: the next record is written twice\n");
        append(who[me].queue[0]);
        append(who[me].queue[0]);
        dequeue(me);
        report(me) }
    :: atomic { who[me].queued > 0 && faults > 0 ->
        faults--;
        printf("tell: event %d of command %d by decider %d is lost on the way\n",
               who[me].queue[0].index, who[me].queue[0].prev, me);
        dequeue(me);
        who[me].failed = 1 }
    od
}

proctype World() {
    byte i;
    i = 0;
end:
    do
    :: atomic { faults > 0 ->
        faults--;
        owner = (owner + 1) % DECIDERS;
        printf("tell: the group gives the partition to decider %d\n", owner) }
    :: atomic { who[0].assigned != (owner == 0) -> who[0].assigned = (owner == 0) }
    :: atomic { who[1].assigned != (owner == 1) -> who[1].assigned = (owner == 1) }
#if DECIDERS > 2
    :: atomic { who[2].assigned != (owner == 2) -> who[2].assigned = (owner == 2) }
#endif
    :: atomic { delayed_is ->
        printf("tell: the delayed record lands\n");
        append(delayed);
        delayed_is = 0;
        ZERO_ENTRY(delayed) }
#ifdef SNAPSHOT_AHEAD
    :: atomic { snapshots > 0 && who[0].phase == DECIDING ->
        snapshots--;
        snapshot.at = who[0].landed + 1; snapshot.term = who[0].term;
        snapshot.nonce = who[0].nonce; snapshot.cursor = who[0].cursor;
        snapshot.state = who[0].state; snapshot.held = 0; snapshot.by = 0;
        printf("tell: decider 0 takes a snapshot behind command %d\n", snapshot.cursor) }
#else
    :: atomic { snapshots > 0 && sound.held == 0 && sound.at > snapshot.at ->
        snapshots--;
        COPY_READER(snapshot, sound);
        printf("tell: a snapshot is taken behind command %d\n", snapshot.cursor) }
#endif
#ifdef TAIL_LOSS
    :: atomic { faults > 0 && log_end > snapshot.at ->
        faults--;
        log_end--;
        ZERO_ENTRY(log[log_end]);
        if
        :: log_end > snapshot.at -> log_end--; ZERO_ENTRY(log[log_end])
        :: true
        fi;
        printf("tell: the log loses its tail, and ends at offset %d\n", log_end);
        RESET_READER(sound);
        do
        :: sound.at < log_end -> read_one(sound, false)
        :: else -> break
        od }
#endif
#ifndef TAIL_LOSS /* what a log has forgotten, nobody decides again by itself */
    :: timeout -> /* everything is at rest */
        DEMAND(sound.cursor == COMMANDS, "tell: violated: nothing moves any more, and a command is not delivered\n");
        break
#endif
    od
}

init {
    atomic {
        RESET_READER(sound);
        RESET_READER(snapshot);
        who[0].assigned = 1;
        who[0].phase = IDLE; who[1].phase = IDLE;
        run Decider(0); run Producer(0);
        run Decider(1); run Producer(1);
#if DECIDERS > 2
        who[2].phase = IDLE;
        run Decider(2); run Producer(2);
#endif
        run World()
    }
}

#ifdef LIVENESS
ltl all_is_delivered { <> (sound.cursor == COMMANDS) }
#endif
